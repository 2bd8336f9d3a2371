import { dataTypeCode, type Model, type Node, type ShapeInfo, Tensor, type Value } from '@snp/onnx';
import { countsAlong, type Kept } from './gone/kept.js';
import type { NormInputs } from './normInputs.js';

/** Writes a norm out, over what stays. */
export function maskNorm(model: Model, shapes: ShapeInfo, node: Node, norm: NormInputs, stays: Kept): void {
  const scale = node.inputs[norm.scale]!;
  const rank = shapes.shape(node.outputs[0]!)?.length;
  const axis = node.int('axis', -1);
  const isLast = axis === -1 || axis + 1 === rank;
  // Where whole rows are gone, what is left of a row is all of it.
  if (!isLast || stays.dims.at(-1) === 1) return;
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
    node.op !== 'com.microsoft.EmbedLayerNormalization'
      ? summands.map(single).reduce((total, value) => add('Add', total, value))
      : insert('Cast', [embeddingSum(model, node)], { to: dataTypeCode('FLOAT') });
  const mask = graph.addInitializer('mask', Tensor.float32(stays.dims, stays.kept));
  const counts = countsAlong(stays, [-1]);
  const count = graph.addInitializer('count', Tensor.float32(counts.dims, counts.numbers));
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
