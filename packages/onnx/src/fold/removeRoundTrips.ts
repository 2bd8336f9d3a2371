import type { Graph } from '../ir/graph.js';
import type { Model } from '../ir/model.js';
import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import { constantBehind } from '../shape/constantBehind.js';
import { dimsEqual } from '../shape/dim.js';
import { inferShapes, type ShapeInfo } from '../shape/inferShapes.js';
import { isFloatType } from '../tensor/dataType.js';
import { gatheredInOrder } from './gatheredInOrder.js';

/**
 * Takes out, in place, nodes after which a value is what it was before: Identity, chains of Reshape, Squeeze, Unsqueeze and Flatten that come back to a shape they
 * had, Transposes that undo each other; turns sums of constants and zeros made only for their shape into Expand, and a Gather of all positions in order (a view with
 * strides) into Reshape. Results do not change. Models with branches or loops stay as they are.
 */
export function removeRoundTrips(model: Model, shapes: ShapeInfo = inferShapes(model)): void {
  const { graph } = model;
  if (graph.nodes.some((node) => node.subgraphs.length > 0)) return;
  for (const node of [...graph.nodes]) if (node.op === 'Gather') gatheredInOrder(graph, node, shapes);
  for (const node of [...graph.nodes]) {
    const [output] = node.outputs;
    const before = output && !graph.outputs.includes(output) ? valueBefore(node, shapes) : undefined;
    if (before) output!.replaceAllUsesWith(before);
    else if (node.op === 'Add') addedZeros(graph, node, shapes);
  }
  graph.removeDead();
}

/** These keep the order of elements. */
const RESHAPES = new Set(['Reshape', 'Squeeze', 'Unsqueeze', 'Flatten']);

/** The value that a node's output equals, if its own inputs lead back to it. */
function valueBefore(node: Node, shapes: ShapeInfo): Value | undefined {
  if (node.op === 'Identity') return node.inputs[0];
  if (node.op === 'Transpose') return beforeTransposes(node);
  if (!RESHAPES.has(node.op)) return undefined;
  const shape = shapes.shape(node.outputs[0]!);
  let found: Value | undefined;
  for (let at: Node | undefined = node; shape && at && RESHAPES.has(at.op); at = at.inputs[0]?.producer) {
    const own = at.inputs[0] && shapes.shape(at.inputs[0]);
    if (own?.length === shape.length && own.every((dim, axis) => dimsEqual(dim, shape[axis]))) found = at.inputs[0];
  }
  return found;
}

function beforeTransposes(last: Node): Value | undefined {
  let order = last.ints('perm');
  for (let at = last.inputs[0]?.producer; order && at?.op === 'Transpose'; at = at.inputs[0]?.producer) {
    const perm = at.ints('perm');
    order = perm && order.map((axis) => perm[axis]);
    if (order?.every((axis, i) => axis === i)) return at.inputs[0];
  }
  return undefined;
}

/** `x + ConstantOfShape(shape)` of zeros is `x` spread out over that shape, unless `x` holds -0, which such a sum turns into 0. */
function addedZeros(graph: Graph, node: Node, shapes: ShapeInfo): void {
  const at = node.inputs.findIndex((value) => value?.producer?.op === 'ConstantOfShape' && isZero(value.producer));
  if (at < 0) return;
  const [x, shape] = [node.inputs[1 - at], node.inputs[at]!.producer!.inputs[0]];
  const [target, output] = [shapes.shape(node.inputs[at]!), shapes.shape(node.outputs[0]!)];
  const same = target && output?.length === target.length && output.every((dim, axis) => dimsEqual(dim, target[axis]));
  if (!x || !shape || !same || mayHoldNegativeZero(x, shapes)) return;
  const inputs = [x, shape];
  const name = node.outputs[0]!.name;
  const [expanded] = graph.addNode({ op: 'Expand', inputs, outputs: [`${name}_expanded`], before: node }).outputs;
  if (!graph.outputs.includes(node.outputs[0]!)) node.outputs[0]!.replaceAllUsesWith(expanded!);
}

/** These hand on elements of their first input and make no others. */
const MOVES = new Set([...RESHAPES, 'Identity', 'Transpose', 'Expand', 'Gather', 'Slice', 'Tile']);

function mayHoldNegativeZero(value: Value, shapes: ShapeInfo): boolean {
  if (!isFloatType(shapes.elementType(value))) return false;
  let source: Value | undefined = value;
  while (source?.producer && MOVES.has(source.producer.op)) source = source.producer.inputs[0];
  const tensor = source && constantBehind(source);
  return !tensor || tensor.numbers().some((item) => Object.is(item, -0));
}

function isZero(node: Node): boolean {
  const value = node.tensor('value');
  return value === undefined || (value.size === 1 && Number(value.numbers()[0]) === 0);
}
