import { cloneModel, type Model, type Node, Tensor, type Value } from '@snp/onnx';
import type { RemovedSlice } from '../report/report.js';

/**
 * The original model with the removed slices set to zero and every norm over removed channels taken over what stays: what a
 * rightly pruned model must equal. Knows nothing of groups, plans or surgery; it reads off the list of slices alone.
 */
export function maskedModel(original: Model, removed: readonly RemovedSlice[]): Model {
  const model = cloneModel(original);
  const zeroed = zeroSlices(model, removed);
  for (const node of [...model.graph.nodes]) {
    if (NORMS.has(node.opType)) maskNorm(model, node, zeroed);
    else if (node.opType === 'ReduceMean') maskMean(model, node, zeroed);
  }
  return model;
}

/** Norms over the last axis with a scale as second input; all but the first leave the mean alone. */
const NORMS = new Set(['LayerNormalization', 'RMSNormalization', 'SimplifiedLayerNormalization']);

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
    value.tensor = withZeros(value.tensor!, axis, indices);
    if (value.tensor.dims.filter((dim) => dim > 1).length === 1) {
      zeroed.set(value, new Set([...(zeroed.get(value) ?? []), ...indices]));
    }
  }
  return zeroed;
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
  const mask = Float32Array.from({ length: size }, (_, i) => (indices.has(i) ? 0 : 1));
  return { mask: Tensor.float32([size], mask), count: size - indices.size };
}

function maskNorm(model: Model, node: Node, zeroed: ReadonlyMap<Value, Set<number>>): void {
  const [x, scale, bias] = node.inputs;
  const masked = maskFor(scale!, zeroed);
  if (!masked) return;
  const { graph } = model;
  const constant = (name: string, number: number) => graph.addInitializer(name, Tensor.float32([], [number]));
  const add = (op: string, ...inputs: (Value | undefined)[]) =>
    graph.addNode({ op, inputs, outputs: [`${node.outputs[0]!.name}_${op}`], before: node }).outputs[0]!;
  const sum = (value: Value) => lastAxisSum(model, value, node);
  const mask = graph.addInitializer('mask', masked.mask);
  const count = constant('count', masked.count);
  const own = add('Mul', x, mask);
  const centring = node.opType === 'LayerNormalization';
  const centred = centring ? add('Mul', add('Sub', x, add('Div', sum(own), count)), mask) : own;
  const variance = add('Div', sum(add('Mul', centred, centred)), count);
  const deviation = add('Sqrt', add('Add', variance, constant('epsilon', node.float('epsilon', 1e-5))));
  let result = add('Mul', add('Div', centred, deviation), scale);
  if (bias) result = add('Add', result, bias);
  node.outputs[0]!.replaceAllUsesWith(result);
  const at = graph.outputs.indexOf(node.outputs[0]!);
  if (at >= 0) graph.outputs[at] = result;
}

function lastAxisSum(model: Model, value: Value, before: Node): Value {
  const modern = model.opset >= 13;
  const axes = modern ? [model.graph.addInitializer('axes', Tensor.int64([1], [-1]))] : [];
  return model.graph.addNode({
    op: 'ReduceSum',
    inputs: [value, ...axes],
    outputs: [`${value.name}_sum`],
    attributes: { keepdims: 1, ...(modern ? {} : { axes: [-1] }) },
    before,
  }).outputs[0]!;
}

/** A mean over the last axis that belongs to a norm the exporter took apart. */
function maskMean(model: Model, node: Node, zeroed: ReadonlyMap<Value, Set<number>>): void {
  const axes = node.ints('axes') ?? (node.inputs[1]?.tensor ? [...node.inputs[1].tensor.numbers()] : undefined);
  const scale = axes?.join() === '-1' ? scaleBehind(node.outputs[0]!, 0) : undefined;
  const masked = scale && maskFor(scale, zeroed);
  if (!masked) return;
  const { graph } = model;
  const count = graph.addInitializer('count', Tensor.float32([], [masked.count]));
  const total = lastAxisSum(model, node.inputs[0]!, node);
  const [mean] = graph.addNode({ op: 'Div', inputs: [total, count], before: node }).outputs;
  const readers = node.outputs[0]!.consumers;
  node.outputs[0]!.replaceAllUsesWith(mean!);
  for (const reader of readers.filter((candidate) => candidate.opType === 'Sub')) {
    const mask = graph.addInitializer('mask', masked.mask);
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
