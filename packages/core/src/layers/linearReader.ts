import type { Member, NeuronGroup, Site } from '@snp/graph';
import type { Node, Value } from '@snp/onnx';
import { shiftBias } from './outputBias.js';
import { isOwnWeight, ownWeights, storedWeight, type Weights } from './weights.js';

/** The one linear layer that reads a group's units, as it can be rewritten. */
export interface LinearReader {
  site: Site;
  member: Member;
  /** Added to every row of the layer's output, one number per output; undefined if the layer has none. */
  bias: Value | undefined;
}

/** The layer that reads a group's units, or why there is none that could make up for them. */
export function linearReader(group: NeuronGroup): LinearReader | string {
  const members = group.members.filter(
    ({ role, initializer }) => role === 'input' && initializer.tensor!.dims.length > 1,
  );
  const sites = group.sites.filter(({ role }) => role === 'input');
  if (members.length !== 1 || sites.length !== 1)
    return `is read by ${members.length} weights at ${sites.length} places`;
  const [member] = members;
  const [site] = sites;
  if (member.initializer.tensor!.dims.length !== 2) return 'is read by a convolution';
  if (member.initializer.uses.size !== 1) return 'is read by a weight that other layers share';
  const { dataType } = member.initializer.tensor!;
  if (!isOwnWeight(member.initializer)) return `is read by a weight of type ${dataType}`;
  if (!site.node.inputs.some((input) => storedWeight(input) === member.initializer))
    return 'is read by a weight that is computed';
  const once = (units: Int32Array) => units.length === group.units && new Set(units).size === group.units;
  if (!once(member.unitOf) || !once(site.unitAt)) return 'shares its axis with other groups';
  return { site, member, bias: biasOf(site.node, member) };
}

/** The bias of a MatMul or Gemm, if nothing else reads it and the product goes nowhere else. */
export function biasOf(node: Node, { initializer, axis }: Member): Value | undefined {
  const outputs = initializer.tensor!.dims[1 - axis];
  const own = (value: Value | undefined) => {
    const bias = storedWeight(value);
    const fits = isOwnWeight(bias) && bias.tensor!.size === outputs && bias.tensor!.dims.at(-1) === outputs;
    return fits ? bias : undefined;
  };
  if (node.opType === 'Gemm') {
    const plain = node.float('alpha', 1) === 1 && node.float('beta', 1) === 1;
    return plain ? own(node.inputs[2]) : undefined;
  }
  const readers = node.outputs[0]!.consumers;
  if (readers.length !== 1 || readers[0].opType !== 'Add') return undefined;
  return readers[0].inputs.map(own).find((bias) => bias);
}

/** Outputs of the reader. */
export function outputsOf({ member }: LinearReader): number {
  return member.initializer.tensor!.dims[1 - member.axis];
}

/** The reader's weights as rows, [units, outputs]. */
export function readerRows(reader: LinearReader, weights: Weights = ownWeights): Float64Array {
  return new Float64Array(singleRows(reader, weights));
}

/** The same in single precision. */
export function singleRows(reader: LinearReader, weights: Weights = ownWeights): Float32Array {
  const { member } = reader;
  const tensor = member.initializer.tensor!;
  const data = weights.numbers(member.initializer) as Float32Array;
  const outputs = outputsOf(reader);
  const [along, across] = member.axis === 0 ? [outputs, 1] : [1, tensor.dims[1]];
  const rows = new Float32Array(data.length);
  member.unitOf.forEach((unit, position) => {
    if (across === 1) rows.set(data.subarray(position * along, (position + 1) * along), unit * outputs);
    else for (let o = 0; o < outputs; o++) rows[unit * outputs + o] = data[position * along + o * across];
  });
  return rows;
}

/** Gives the reader new weights: rows for the units that stay, zeros for the others; and adds `offset` to its bias. */
export function writeReader(
  { member, bias }: LinearReader,
  kept: readonly number[],
  { weights: rows, offset }: { weights: Float64Array; offset: Float64Array },
  weights: Weights,
): void {
  const { dims } = member.initializer.tensor!;
  const outputs = dims[1 - member.axis];
  const [along, across] = member.axis === 0 ? [outputs, 1] : [1, dims[1]];
  const data = new Float32Array(dims[0] * dims[1]);
  const positionOf = new Int32Array(member.unitOf.length);
  member.unitOf.forEach((unit, position) => {
    positionOf[unit] = position;
  });
  kept.forEach((unit, row) => {
    for (let o = 0; o < outputs; o++) data[positionOf[unit] * along + o * across] = rows[row * outputs + o];
  });
  weights.write(member.initializer, data);
  if (bias) shiftBias(bias, offset, weights);
}
