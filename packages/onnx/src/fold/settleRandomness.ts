import type { Graph } from '../ir/graph.js';
import type { Model } from '../ir/model.js';
import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import { constantBehind } from '../shape/constantBehind.js';
import { inferShapes, type ShapeInfo } from '../shape/inferShapes.js';
import { type DataType, dataTypeCode, dataTypeOf } from '../tensor/dataType.js';
import { Tensor } from '../tensor/tensor.js';

/** Makes a node give the same numbers every time. */
type Settle = (node: Node, graph: Graph, shapes: ShapeInfo) => void;

/** Operators that draw numbers. */
const DRAWN: Readonly<Record<string, Settle>> = {
  Dropout: (node) => node.truncateInputs(2),
  RandomUniform: toMiddle,
  RandomUniformLike: toMiddle,
  RandomNormal: toMean,
  RandomNormalLike: toMean,
  Bernoulli: toLikelier,
  Multinomial: toLikeliest,
};

/**
 * Takes chance out of a model, in place, so that two runs give the same answers and two models can be compared: Dropout in training mode drops nothing, random
 * operators give the middle of what they draw, Bernoulli and Multinomial what is likeliest. Models come to draw numbers where they were exported in training mode.
 *
 * @returns the nodes that drew numbers, those of branches and bodies included; empty for a model that answers the same every time
 * @example
 * const [first] = settleRandomness(cloneModel(model)); // Node `Dropout -> embedded`, or undefined
 */
export function settleRandomness(model: Model): Node[] {
  const drawing = drawingNodes(model.graph);
  if (drawing.length === 0) return [];
  const shapes = inferShapes(model);
  for (const node of drawing) DRAWN[node.op](node, node.graph!, shapes);
  return drawing;
}

function drawingNodes(graph: Graph): Node[] {
  return graph.nodes.flatMap((node) => [...(draws(node) ? [node] : []), ...node.subgraphs.flatMap(drawingNodes)]);
}

function draws(node: Node): boolean {
  if (node.op !== 'Dropout') return node.op in DRAWN;
  const training = node.inputs[2];
  if (!training) return false;
  const constant = constantBehind(training);
  return constant?.bytes()[0] !== 0;
}

function toMiddle(node: Node): void {
  const value = (node.float('low', 0) + node.float('high', 1)) / 2;
  node.set('low', { float: value }).set('high', { float: value });
}

/** A spread of 0, which runtimes do not take. */
function toMean(node: Node, graph: Graph, shapes: ShapeInfo): void {
  const type = drawnType(node, shapes) ?? 'FLOAT';
  const mean = Tensor.fromNumbers(type, [1], [node.float('mean', 0)]);
  const output = node.outputs[0]!;
  const [like] = node.inputs;
  const sizes: Value = like
    ? graph.addNode({ op: 'Shape', inputs: [like], outputs: [`${output.name}_sizes`], before: node }).outputs[0]!
    : graph.addInitializer(`${output.name}_sizes`, Tensor.int64([node.ints('shape')!.length], node.ints('shape')!));
  become(node, 'ConstantOfShape', sizes).set('value', mean);
}

/** 0 and 1 by whether the probability is above a half. */
function toLikelier(node: Node, graph: Graph, shapes: ShapeInfo): void {
  const [x] = node.inputs;
  const name = node.outputs[0]!.name;
  const type = drawnType(node, shapes) ?? 'FLOAT';
  const [rounded] = graph.addNode({ op: 'Round', inputs: [x], outputs: [`${name}_rounded`], before: node }).outputs;
  become(node, 'Cast', rounded!).set('to', dataTypeCode(type));
}

/** The likeliest class, as often as it was to be drawn. */
function toLikeliest(node: Node, graph: Graph): void {
  const [scores] = node.inputs;
  const name = node.outputs[0]!.name;
  const draws = node.int('sample_size', 1);
  const to = node.int('dtype', dataTypeCode('INT32'));
  const apply = (op: string, input: Value | undefined, attributes: Record<string, number>) =>
    graph.addNode({ op, inputs: [input], outputs: [`${name}_${op}`], attributes, before: node }).outputs[0]!;
  const best = apply('Cast', apply('ArgMax', scores, { axis: 1, keepdims: 1 }), { to });
  become(node, 'Expand', best).setInput(1, graph.addInitializer(`${name}_sizes`, Tensor.int64([2], [1, draws])));
}

function drawnType(node: Node, shapes: ShapeInfo): DataType | undefined {
  const [like] = node.inputs;
  const stated = node.int('dtype');
  return stated === undefined ? like && shapes.elementType(like) : dataTypeOf(stated);
}

function become(node: Node, op: string, input: Value): Node {
  node.opType = op;
  node.attributes.clear();
  node.setInput(0, input);
  return node;
}
