import { cloneModel, countAxesFromEnd, inlineFunctions, type Model, type Node, Tensor, type Value } from '@snp/onnx';
import type { RemovedSlice } from '../report/report.js';

/**
 * The original model with the removed slices set to zero and every norm over removed channels taken over what stays: what a
 * rightly pruned model must equal. Knows nothing of groups, plans or surgery; it reads off the list of slices alone.
 */
export function maskedModel(original: Model, removed: readonly RemovedSlice[]): Model {
  const model = cloneModel(original);
  // Norms that are functions of the model are seen only so.
  inlineFunctions(model);
  countAxesFromEnd(model);
  const zeroed = zeroSlices(model, removed);
  for (const node of [...model.graph.nodes]) {
    if (node.op in NORMS) maskNorm(model, node, NORMS[node.op], zeroed);
    else if (node.opType === 'ReduceMean') maskMean(model, node, zeroed);
  }
  return model;
}

/** A norm over the last axis: which inputs are added up first, and which scale and shift the result. */
interface NormInputs {
  summands: readonly number[];
  scale: number;
  shift?: number;
  /** The mean is taken away. */
  centring: boolean;
  /** Where an attribute does not say it. */
  epsilon: number;
}

const NORMS: Readonly<Record<string, NormInputs>> = {
  LayerNormalization: { summands: [0], scale: 1, shift: 2, centring: true, epsilon: 1e-5 },
  RMSNormalization: { summands: [0], scale: 1, centring: false, epsilon: 1e-5 },
  SimplifiedLayerNormalization: { summands: [0], scale: 1, centring: false, epsilon: 1e-5 },
  'com.microsoft.SkipLayerNormalization': { summands: [0, 1, 4], scale: 2, shift: 3, centring: true, epsilon: 1e-12 },
  'com.microsoft.SkipSimplifiedLayerNormalization': { summands: [0, 1, 3], scale: 2, centring: false, epsilon: 1e-12 },
  // Its sum is an output of its own.
  'com.microsoft.EmbedLayerNormalization': { summands: [], scale: 5, shift: 6, centring: true, epsilon: 1e-12 },
};

/** Sets slices to zero; returns the zeroed indices of each vector that a norm may scale with. */
function zeroSlices(model: Model, removed: readonly RemovedSlice[]): Map<Value, Set<number>> {
  const zeroed = new Map<Value, Set<number>>();
  for (const { initializer, axis, indices, readers } of removed) {
    if (indices.length === 0) continue;
    let value = model.graph.value(initializer);
    if (readers) {
      const uses = [...value.uses].filter((use) => readers.includes(use.node.label));
      const copy = model.graph.addInitializer(initializer, value.tensor!);
      for (const { node, index } of uses) node.setInput(index, copy);
      value = copy;
    }
    separateDivisors(model, value);
    value.tensor = withZeros(value.tensor!, axis, indices);
    if (value.tensor.dims.filter((dim) => dim > 1).length === 1) {
      zeroed.set(value, new Set([...(zeroed.get(value) ?? []), ...indices]));
    }
  }
  return zeroed;
}

/** Nothing is divided by zero: what a weight divides keeps its own copy, of the full weight. */
function separateDivisors(model: Model, value: Value): void {
  const divisions = [...value.uses].filter(({ node, index }) => node.opType === 'Div' && index === 1);
  if (divisions.length === 0) return;
  const copy = model.graph.addInitializer(`${value.name}_divisor`, value.tensor!);
  for (const { node, index } of divisions) node.setInput(index, copy);
}

function withZeros(tensor: Tensor, axis: number, indices: readonly number[]): Tensor {
  const bytes = Uint8Array.from(tensor.bytes());
  const inner = (bytes.length / tensor.size) * tensor.dims.slice(axis + 1).reduce((product, dim) => product * dim, 1);
  const stride = inner * tensor.dims[axis];
  for (let block = 0; block < bytes.length; block += stride) {
    for (const index of indices) bytes.fill(0, block + index * inner, block + (index + 1) * inner);
  }
  return new Tensor(tensor.dataType, tensor.dims, bytes);
}

/** A vector of ones with zeros where slices were removed, and the number of ones. */
function maskFor(scale: Value, zeroed: ReadonlyMap<Value, Set<number>>): { mask: Tensor; count: number } | undefined {
  const indices = zeroed.get(scale);
  if (!indices) return undefined;
  const size = scale.tensor!.size;
  // Nothing stays where a branch leaves: its result is zero whatever its norm does.
  if (indices.size === size) return undefined;
  const mask = Float32Array.from({ length: size }, (_, i) => (indices.has(i) ? 0 : 1));
  return { mask: Tensor.float32([size], mask), count: size - indices.size };
}

function maskNorm(model: Model, node: Node, norm: NormInputs, zeroed: ReadonlyMap<Value, Set<number>>): void {
  const scale = node.inputs[norm.scale]!;
  const masked = maskFor(scale, zeroed);
  if (!masked) return;
  const { graph } = model;
  const { dataType } = scale.tensor!;
  const after = graph.nodes[graph.nodes.indexOf(node) + 1];
  const constant = (name: string, number: number) => graph.addInitializer(name, Tensor.float32([], [number]));
  const insert = (op: string, inputs: Value[], attributes = {}) =>
    graph.addNode({
      op,
      inputs,
      outputs: [`${node.outputs[0]!.name}_${op}`],
      attributes,
      ...(after && { before: after }),
    }).outputs[0]!;
  const add = (op: string, ...inputs: Value[]) => insert(op, inputs);
  // In single precision, as runtimes do it themselves.
  const single = (value: Value) => (dataType === 'FLOAT' ? value : insert('Cast', [value], { to: 1 }));
  const sum = (value: Value) => lastAxisSum(model, value, after);
  const summands = norm.summands.flatMap((index) => node.inputs[index] ?? []);
  const x =
    summands.length > 0
      ? summands.map(single).reduce((total, value) => add('Add', total, value))
      : single(embeddingSum(model, node));
  const mask = graph.addInitializer('mask', masked.mask);
  const count = constant('count', masked.count);
  const own = add('Mul', x, mask);
  const centred = norm.centring ? add('Mul', add('Sub', x, add('Div', sum(own), count)), mask) : own;
  const variance = add('Div', sum(add('Mul', centred, centred)), count);
  const deviation = add('Sqrt', add('Add', variance, constant('epsilon', node.float('epsilon', norm.epsilon))));
  let result = add('Mul', add('Div', centred, deviation), single(scale));
  const shift = norm.shift === undefined ? undefined : node.inputs[norm.shift];
  if (shift) result = add('Add', result, single(shift));
  if (dataType !== 'FLOAT') result = insert('Cast', [result], { to: dataType === 'FLOAT16' ? 10 : 16 });
  node.outputs[0]!.replaceAllUsesWith(result);
  const at = graph.outputs.indexOf(node.outputs[0]!);
  if (at >= 0) graph.outputs[at] = result;
}

/** The sum of embeddings, which the operator gives on request. */
function embeddingSum({ graph }: Model, node: Node): Value {
  if (node.outputs[2]) return node.outputs[2];
  const value = graph.addValue('embedding_sum');
  value.producer = node;
  for (let index = node.outputs.length; index < 2; index++) node.outputs[index] = undefined;
  node.outputs[2] = value;
  return value;
}

function lastAxisSum(model: Model, value: Value, before: Node | undefined): Value {
  const modern = model.opset >= 13;
  const axes = modern ? [model.graph.addInitializer('axes', Tensor.int64([1], [-1]))] : [];
  return model.graph.addNode({
    op: 'ReduceSum',
    inputs: [value, ...axes],
    outputs: [`${value.name}_sum`],
    attributes: { keepdims: 1, ...(modern ? {} : { axes: [-1] }) },
    ...(before && { before }),
  }).outputs[0]!;
}

/** A mean over the last axis that belongs to a norm the exporter took apart. */
function maskMean(model: Model, node: Node, zeroed: ReadonlyMap<Value, Set<number>>): void {
  const axes = node.ints('axes') ?? (node.inputs[1]?.tensor ? [...node.inputs[1].tensor.numbers()] : undefined);
  const scale = axes?.join() === '-1' ? scaleBehind(node.outputs[0]!, 0) : undefined;
  const masked = scale && maskFor(scale, zeroed);
  if (!masked) return;
  const { graph } = model;
  const { dataType } = scale.tensor!;
  const count = graph.addInitializer('count', Tensor.fromNumbers(dataType, [], [masked.count]));
  const total = lastAxisSum(model, node.inputs[0]!, node);
  const [mean] = graph.addNode({ op: 'Div', inputs: [total, count], before: node }).outputs;
  const readers = node.outputs[0]!.consumers;
  node.outputs[0]!.replaceAllUsesWith(mean!);
  for (const reader of readers.filter((candidate) => candidate.opType === 'Sub')) {
    const mask = graph.addInitializer('mask', Tensor.fromNumbers(dataType, masked.mask.dims, masked.mask.numbers()));
    const [difference] = reader.outputs;
    const uses = [...difference!.uses];
    const after = graph.nodes[graph.nodes.indexOf(reader) + 1];
    const [product] = graph.addNode({ op: 'Mul', inputs: [difference, mask], before: after! }).outputs;
    for (const use of uses) use.node.setInput(use.index, product);
  }
}

/** The vector that scales a norm, looked for forwards from one of its statistics. */
function scaleBehind(value: Value, depth: number): Value | undefined {
  if (depth > 10) return undefined;
  for (const { node, index } of value.uses) {
    const other = node.inputs[1 - index];
    if (node.opType === 'Mul' && other?.tensor && other.tensor.size > 1) return other;
    if (!['Sub', 'Pow', 'Mul', 'ReduceMean', 'Add', 'Sqrt', 'Div', 'Reciprocal', 'Cast'].includes(node.opType))
      continue;
    const found = node.outputs[0] && scaleBehind(node.outputs[0], depth + 1);
    if (found) return found;
  }
  return undefined;
}
