import type { Analysis, NeuronGroup } from '@snp/graph';
import type { Node, Value } from '@snp/onnx';
import { product } from '../algebra/product.js';
import { isOwnWeight, storedWeight, type Weights } from './weights.js';

/** The linear layer that writes the neurons of a group, as it can be rewritten. */
export interface LinearWriter {
  weight: Value;
  /** Axis of the weight that runs along its outputs. */
  axis: number;
  bias: Value | undefined;
  /** Position of every unit's neuron along the outputs: one list, or one for each query head of several that share a key head. */
  positions: readonly Int32Array[];
}

/**
 * The layer that writes what `value` carries of a group's units, or why it cannot take a mixture of them: between the two lies
 * nothing that acts on single neurons.
 */
export function linearWriter(group: NeuronGroup, value: Value, { walk }: Analysis): LinearWriter | string {
  const projection = producerOf(value);
  if (typeof projection === 'string') return projection;
  const { weight, bias, written: own } = projection;
  if (!isOwnWeight(weight)) return 'is written by a weight that other layers share';
  const written = group.members.filter(({ initializer, role }) => initializer === weight && role === 'output');
  if (written.length !== 1) return 'is written by a weight that is no matrix';
  const [{ axis }] = written;
  if (bias && !(isOwnWeight(bias) && isAlongside(bias, weight, axis, walk)))
    return 'is written with a bias that other layers share';
  const positions = positionsOf(group, own, new Set([weight, bias]), walk);
  return positions ? { weight, axis, bias, positions } : 'cannot be traced to the weight that writes it';
}

/**
 * Mixes neurons where they are written: unit `to[s]` becomes the sum of units `from[i]` times `mixture[i, s]` (`from.length` x
 * `to.length`, row-major), in weight and bias; other units of `from` become zero. Where units have several neurons, each query head is mixed alike.
 */
export function mixWritten(
  { weight, axis, bias, positions }: LinearWriter,
  from: readonly number[],
  to: readonly number[],
  mixture: Float64Array,
  weights: Weights,
): void {
  const mix = (value: Value, dims: readonly number[], along: number) => {
    const data = Float32Array.from(weights.numbers(value));
    for (const positionOf of positions) {
      const [sources, targets] = [from, to].map((units) => units.map((unit) => positionOf[unit]));
      mixAlong(data, dims, along, sources, targets, mixture);
    }
    weights.write(value, data);
  };
  mix(weight, weight.tensor!.dims, axis);
  if (bias) mix(bias, [bias.tensor!.size], 0);
}

/** Mixes positions along an axis of an array. */
function mixAlong(
  data: Float32Array,
  dims: readonly number[],
  axis: number,
  sources: readonly number[],
  targets: readonly number[],
  mixture: Float64Array,
): void {
  const inner = dims.slice(axis + 1).reduce((product, size) => product * size, 1);
  const rows = data.length / dims[axis];
  const place = (row: number, position: number) =>
    (Math.floor(row / inner) * dims[axis] + position) * inner + (row % inner);
  const old = new Float64Array(rows * sources.length);
  for (let row = 0, at = 0; row < rows; row++) {
    for (const source of sources) {
      old[at++] = data[place(row, source)];
      data[place(row, source)] = 0;
    }
  }
  const mixed = product(old, mixture, rows, sources.length, targets.length);
  for (let row = 0, at = 0; row < rows; row++) for (const target of targets) data[place(row, target)] = mixed[at++];
}

/** A bias has one number for each output of the weight, in the same order. */
function isAlongside(bias: Value, weight: Value, axis: number, { labels }: Analysis['walk']): boolean {
  const [own] = labels.slotsIn(bias).filter(({ size }) => size === bias.tensor!.size);
  const written = labels.slotsIn(weight).find((slot) => slot.axis === axis);
  if (!own || !written || own.size !== written.size) return false;
  return Array.from({ length: own.size }, (_, at) => at).every(
    (at) => labels.find(own.first + at) === labels.find(written.first + at),
  );
}

/** Operators that move positions about, repeat them or change their type, but compute nothing. */
export const MOVES = new Set([
  'Reshape',
  'Transpose',
  'Split',
  'Slice',
  'Gather',
  'Squeeze',
  'Unsqueeze',
  'Identity',
  'Flatten',
  'Expand',
  'Tile',
  'Cast',
]);

/** A product with a weight, and what it writes. */
interface Projection {
  weight: Value;
  bias: Value | undefined;
  /** The value that was asked about; where tokens of the past are put in front, what they are put in front of. */
  written: Value;
}

/** The product that a value comes from by nothing but moves, one bias and scalars: whatever is linear in all neurons alike. */
function producerOf(value: Value): Projection | string {
  let bias: Value | undefined;
  let written = value;
  for (let node = value.producer; node; ) {
    const weight = isProduct(node)
      ? node.inputs
          .slice(0, 2)
          .map(storedWeight)
          .find((own) => own)
      : undefined;
    if (weight && node.inputs[2] && (bias || !storedWeight(node.inputs[2])))
      return `goes through ${node.label}, whose bias is not the only one, or no weight`;
    if (weight) return { weight, bias: bias ?? storedWeight(node.inputs[2]), written };
    const constant = node.inputs.map(storedWeight).find((weight) => weight);
    const present = behindPast(node);
    const data = present ?? node.inputs.find((input) => !storedWeight(input));
    if (present) written = present;
    else if (node.opType === 'Add' && constant && !bias) bias = constant;
    else {
      if (!isScaling(node) && !MOVES.has(node.opType) && !isRepetition(node))
        return `goes through ${node.label}, which acts on single neurons`;
    }
    node = data?.producer;
  }
  return 'does not come from a product with a weight';
}

/** A product that is linear in a weight, with a bias of which a mixture is the mixture of biases. */
function isProduct(node: Node): boolean {
  switch (node.op) {
    case 'MatMul':
    case 'com.microsoft.FusedMatMul':
    case 'Einsum':
      return true;
    case 'Conv':
      return node.int('group', 1) === 1;
    case 'com.microsoft.FusedGemm':
    case 'Gemm':
      return node.string('activation') === undefined;
    default:
      return false;
  }
}

/** Multiplies all neurons alike by a constant. */
export function isScaling(node: Node): boolean {
  if (node.opType === 'Neg') return true;
  if (node.opType === 'Mul') return node.inputs.some((input) => isScalar(input));
  return node.opType === 'Div' && isScalar(node.inputs[1]);
}

/** What a past that comes through an input is put in front of: in a cache are mixtures, too. */
function behindPast({ opType, inputs }: Node): Value | undefined {
  const [past, present] = inputs;
  return opType === 'Concat' && inputs.length === 2 && present?.producer && isGiven(past) ? present : undefined;
}

/** True of an input of the model, moved about at most. */
function isGiven(value: Value | undefined): boolean {
  if (!value?.producer) return value !== undefined && !value.tensor;
  return MOVES.has(value.producer.opType) && isGiven(value.producer.inputs[0]);
}

/** The same value several times, as keys and values for the queries that share them. */
export function isRepetition({ opType, inputs }: Node): boolean {
  return opType === 'Concat' && inputs.every((input) => input === inputs[0]);
}

/** One number, perhaps computed from others, as the root of a width is by exporters. */
function isScalar(value: Value | undefined, depth = 0): boolean {
  if (value?.tensor) return value.tensor.size === 1;
  const node = value?.producer;
  if (!node || !ARITHMETIC.has(node.opType) || depth > 8) return false;
  return node.inputs.every((input) => isScalar(input, depth + 1));
}

const ARITHMETIC = new Set(['Add', 'Cast', 'Div', 'Identity', 'Mul', 'Pow', 'Reciprocal', 'Sqrt', 'Sub']);

/** Where each unit's neurons stand along the outputs of the projection: the labels they bear came from there. */
function positionsOf(
  group: NeuronGroup,
  value: Value,
  sources: ReadonlySet<Value | undefined>,
  walk: Analysis['walk'],
): Int32Array[] | undefined {
  const slots = walk.labels.slots.filter((slot) => sources.has(slot.initializer));
  const unitOfRoot = new Map([...group.labels].map((label, unit) => [walk.labels.find(label), unit]));
  const found = Array.from({ length: group.units }, () => new Set<number>());
  for (const { labels } of walk.layouts.get(value)?.fields ?? []) {
    for (const label of labels) {
      const unit = unitOfRoot.get(walk.labels.find(label));
      const slot = slots.find(({ first, size }) => label >= first && label < first + size);
      if (unit !== undefined && slot) found[unit].add(label - slot.first);
    }
  }
  const inOrder = found.map((positions) => [...positions].sort((a, b) => a - b));
  const copies = inOrder[0].length;
  if (copies === 0 || inOrder.some(({ length }) => length !== copies)) return undefined;
  return Array.from({ length: copies }, (_, copy) => Int32Array.from(inOrder, (positions) => positions[copy]));
}
