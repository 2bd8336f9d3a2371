import type { Member, NeuronGroup, Site } from '@snp/graph';
import type { Node, Value } from '@snp/onnx';
import { shiftBias } from './outputBias.js';
import { isOwnWeight, ownWeights, storedWeight, type Weights } from './weights.js';

/** How the inputs of a layer are units of a group. */
export interface UnitInputs {
  /** How often each unit is read: once, or once for each query that shares values. */
  repeats: number;
  /**
   * The input of the layer at each position along the weight's axis. Inputs are counted in the order of units: those of unit u from `u * repeats` on. Statistics and rows of
   * weights are in this order.
   */
  inputAt: Int32Array;
  /** The same at each position of the site. */
  inputAtSite: Int32Array;
}

/** The one linear layer that reads a group's units, as it can be rewritten. */
export interface LinearReader extends UnitInputs {
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
  const inputs = unitInputs(group, member, site);
  if (!inputs) return 'shares its axis with other groups';
  if (inputs.repeats > 1 && inputs.inputAt.length > MOST_REPEATED)
    return `is read at ${inputs.repeats} places for each neuron, ${inputs.inputAt.length} in all`;
  return { site, member, ...inputs, bias: biasOf(site.node, member) };
}

/** Inputs up to which products of every two are gathered where units are read several times: those of 64 heads of 128 that share values. Where tokens lie side by side, there may be far more. */
const MOST_REPEATED = 8192;

/** How a layer's inputs are units, whose weight is given, and what it multiplies; undefined where some are not. */
export function unitInputs({ units }: NeuronGroup, { unitOf }: Member, { unitAt }: Site): UnitInputs | undefined {
  const [inputAt, inputAtSite] = [inputsIn(unitOf, units), inputsIn(unitAt, units)];
  if (!inputAt || inputAt.length !== inputAtSite?.length) return undefined;
  const repeats = inputAt.length / units;
  const inOrder = repeats === 1 || inputAt.every((input, at) => input === inputAtSite[at]);
  return inOrder ? { repeats, inputAt, inputAtSite } : undefined;
}

/** Numbers positions by units, those of one unit in their order; undefined unless each unit has equally many and nothing else has any. */
function inputsIn(unitAt: Int32Array, units: number): Int32Array | undefined {
  const repeats = unitAt.length / units;
  const seen = new Int32Array(units);
  const inputs = unitAt.map((unit) => (unit < 0 ? -1 : unit * repeats + seen[unit]++));
  return seen.every((count) => count === repeats) ? inputs : undefined;
}

/** The inputs of some units, in their order. */
export function inputsOf({ repeats }: LinearReader, units: readonly number[]): number[] {
  return repeats === 1
    ? [...units]
    : units.flatMap((unit) => Array.from({ length: repeats }, (_, at) => unit * repeats + at));
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

/** The reader's weights as rows, [inputs, outputs]. */
export function readerRows(reader: LinearReader, weights: Weights = ownWeights): Float64Array {
  return new Float64Array(singleRows(reader, weights));
}

/** The same in single precision. */
export function singleRows(reader: LinearReader, weights: Weights = ownWeights): Float32Array {
  const { member, inputAt } = reader;
  const tensor = member.initializer.tensor!;
  const data = weights.numbers(member.initializer) as Float32Array;
  const outputs = outputsOf(reader);
  const [along, across] = member.axis === 0 ? [outputs, 1] : [1, tensor.dims[1]];
  const rows = new Float32Array(data.length);
  inputAt.forEach((input, position) => {
    if (across === 1) rows.set(data.subarray(position * along, (position + 1) * along), input * outputs);
    else for (let o = 0; o < outputs; o++) rows[input * outputs + o] = data[position * along + o * across];
  });
  return rows;
}

/** Gives the reader new weights: rows for the inputs of the units that stay, in their order, zeros for the others; and adds `offset` to its bias. */
export function writeReader(
  reader: LinearReader,
  kept: readonly number[],
  { weights: rows, offset }: { weights: Float64Array; offset: Float64Array },
  weights: Weights,
): void {
  const { member, bias, inputAt } = reader;
  const { dims } = member.initializer.tensor!;
  const outputs = dims[1 - member.axis];
  const [along, across] = member.axis === 0 ? [outputs, 1] : [1, dims[1]];
  const data = new Float32Array(dims[0] * dims[1]);
  const positionOf = new Int32Array(inputAt.length);
  inputAt.forEach((input, position) => {
    positionOf[input] = position;
  });
  inputsOf(reader, kept).forEach((input, row) => {
    for (let o = 0; o < outputs; o++) data[positionOf[input] * along + o * across] = rows[row * outputs + o];
  });
  weights.write(member.initializer, data);
  if (bias) shiftBias(bias, offset, weights);
}
