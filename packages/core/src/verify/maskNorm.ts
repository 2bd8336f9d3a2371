import { dataTypeCode, type Model, type Node, type ShapeInfo, Tensor, type Value } from '@snp/onnx';
import type { RemovedPositions } from './removedPositions.js';

/** A norm over the last axis: which inputs are added up first, and which scale and shift the result. */
export interface NormInputs {
  summands: readonly number[];
  scale: number;
  shift?: number;
  /** The mean is taken away. */
  centring: boolean;
  /** Where an attribute does not say it. */
  epsilon: number;
}

/** Operators that are norms over the last axis. */
export const NORMS: Readonly<Record<string, NormInputs>> = {
  LayerNormalization: { summands: [0], scale: 1, shift: 2, centring: true, epsilon: 1e-5 },
  RMSNormalization: { summands: [0], scale: 1, centring: false, epsilon: 1e-5 },
  SimplifiedLayerNormalization: { summands: [0], scale: 1, centring: false, epsilon: 1e-5 },
  'com.microsoft.SkipLayerNormalization': { summands: [0, 1, 4], scale: 2, shift: 3, centring: true, epsilon: 1e-12 },
  'com.microsoft.SkipSimplifiedLayerNormalization': { summands: [0, 1, 3], scale: 2, centring: false, epsilon: 1e-12 },
  // Its sum is an output of its own.
  'com.microsoft.EmbedLayerNormalization': { summands: [], scale: 5, shift: 6, centring: true, epsilon: 1e-12 },
};

/** Writes a norm out, over what stays. */
export function maskNorm(
  model: Model,
  shapes: ShapeInfo,
  node: Node,
  norm: NormInputs,
  positions: RemovedPositions,
): void {
  const scale = node.inputs[norm.scale]!;
  const masked = maskFor(scale, positions);
  const axis = node.int('axis', -1);
  const isLast = axis === -1 || axis + 1 === shapes.shape(node.outputs[0]!)?.length;
  if (!masked || !isLast) return;
  const { graph } = model;
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
  const single = (value: Value) =>
    shapes.elementType(value) === 'FLOAT' ? value : insert('Cast', [value], { to: dataTypeCode('FLOAT') });
  const sum = (value: Value) => lastAxisSum(model, value, after);
  const summands = norm.summands.flatMap((index) => node.inputs[index] ?? []);
  const x =
    summands.length > 0
      ? summands.map(single).reduce((total, value) => add('Add', total, value))
      : insert('Cast', [embeddingSum(model, node)], { to: dataTypeCode('FLOAT') });
  const mask = graph.addInitializer('mask', masked.mask);
  const count = constant('count', masked.count);
  const own = add('Mul', x, mask);
  const centred = norm.centring ? add('Mul', add('Sub', x, add('Div', sum(own), count)), mask) : own;
  const variance = add('Div', sum(add('Mul', centred, centred)), count);
  const deviation = add('Sqrt', add('Add', variance, constant('epsilon', node.float('epsilon', norm.epsilon))));
  let result = add('Mul', add('Div', centred, deviation), single(scale));
  const shift = norm.shift === undefined ? undefined : node.inputs[norm.shift];
  if (shift) result = add('Add', result, single(shift));
  const dataType = shapes.elementType(node.outputs[0]!) ?? 'FLOAT';
  if (dataType !== 'FLOAT') result = insert('Cast', [result], { to: dataTypeCode(dataType) });
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

/** A vector of ones with zeros where channels were removed, and the number of ones. */
function maskFor(scale: Value, positions: RemovedPositions): { mask: Tensor; count: number } | undefined {
  // Where a branch leaves, nothing stays: its result is zero whatever its norm does.
  const removed = positions.ofVector(scale);
  if (!removed) return undefined;
  const { size, indices } = removed;
  const mask = Float32Array.from({ length: size }, (_, i) => (indices.has(i) ? 0 : 1));
  return { mask: Tensor.float32([size], mask), count: size - indices.size };
}
