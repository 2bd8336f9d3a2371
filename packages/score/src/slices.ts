import type { Group, Member } from '@snp/graph';

/** Members that are matrices (or kernels) in which the units write or read: the weights proper, without biases and norms. */
export function projections(group: Group, role: 'output' | 'input'): Member[] {
  return group.members.filter((member) => member.role === role && member.initializer.tensor!.dims.length > 1);
}

/**
 * Adds `measure` of every element of the units' slices of one member to `into`, unit by unit. Works on a weight of any
 * rank and any axis, in one pass over its elements.
 */
export function addOverSlices(member: Member, into: Float64Array, measure: (element: number) => number): void {
  const tensor = member.initializer.tensor!;
  const data = tensor.numbers();
  const inner = tensor.dims.slice(member.axis + 1).reduce((product, dim) => product * dim, 1);
  const length = tensor.dims[member.axis];
  // Sums by position first: what follows the axis is summed in a row, and units are looked up once per position.
  const sums = new Float64Array(length);
  for (let at = 0; at < data.length; ) {
    for (let position = 0; position < length; position++) {
      let sum = 0;
      for (const end = at + inner; at < end; at++) sum += measure(data[at]);
      sums[position] += sum;
    }
  }
  for (let position = 0; position < length; position++) {
    if (member.unitOf[position] >= 0) into[member.unitOf[position]] += sums[position];
  }
}

/** The units' slices of some members as rows: everything a unit owns there, one member after another. */
export function unitRows(group: Group, members: readonly Member[]): { rows: Float64Array; width: number } {
  const widths = members.map((member) => sliceSize(member) * indicesPerUnit(member, group));
  const width = widths.reduce((sum, size) => sum + size, 0);
  const rows = new Float64Array(group.units * width);
  let offset = 0;
  members.forEach((member, at) => {
    const tensor = member.initializer.tensor!;
    const data = tensor.numbers();
    const inner = tensor.dims.slice(member.axis + 1).reduce((product, dim) => product * dim, 1);
    const length = tensor.dims[member.axis];
    const filled = new Int32Array(group.units);
    for (let start = 0, position = 0; start < data.length; start += inner, position = (position + 1) % length) {
      const unit = member.unitOf[position];
      if (unit < 0) continue;
      const to = unit * width + offset + filled[unit];
      for (let i = 0; i < inner; i++) rows[to + i] = data[start + i];
      filled[unit] += inner;
    }
    offset += widths[at];
  });
  return { rows, width };
}

function sliceSize(member: Member): number {
  const { dims } = member.initializer.tensor!;
  return dims.reduce((product, dim) => product * dim, 1) / dims[member.axis];
}

function indicesPerUnit(member: Member, group: Group): number {
  return member.unitOf.reduce((count, unit) => count + (unit >= 0 ? 1 : 0), 0) / group.units;
}
