import type { Model } from '../ir/model.js';
import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import { broadcastShapes } from '../shape/broadcast.js';
import { dimsEqual } from '../shape/dim.js';
import { inferShapes, type ShapeInfo } from '../shape/inferShapes.js';

/**
 * Takes out, in place, Expand nodes that spread a value over a width only for an operator that broadcasts by itself, as the division by a norm that
 * exporters write for `F.normalize`. Results do not change.
 */
export function removeExpands(model: Model, shapes: ShapeInfo = inferShapes(model)): void {
  for (const node of model.graph.nodes) {
    const [source] = node.inputs;
    const [output] = node.outputs;
    if (node.op !== 'Expand' || !source || !output || !spreadsOverWidth(source, output, shapes)) continue;
    for (const { node: reader, index } of [...output.uses]) {
      if (broadcastsAnyway(reader, index, source, shapes)) reader.setInput(index, source);
    }
  }
  model.graph.removeDead();
}

/** An axis of size one becomes one of a size that the model fixes. */
function spreadsOverWidth(source: Value, output: Value, shapes: ShapeInfo): boolean {
  const [before, after] = [shapes.shape(source), shapes.shape(output)];
  if (!before || !after) return false;
  const offset = after.length - before.length;
  return before.some(
    (dim, axis) => dim === 1 && typeof after[axis + offset] === 'number' && after[axis + offset] !== 1,
  );
}

const BROADCASTING = new Set(['Add', 'Sub', 'Mul', 'Div', 'Pow', 'Max', 'Min', 'Where']);

/** The reader's result has the same shape if it gets what was spread instead. */
function broadcastsAnyway(reader: Node, index: number, source: Value, shapes: ShapeInfo): boolean {
  if (!BROADCASTING.has(reader.op)) return false;
  const operands = reader.inputs.map((value, at) => (at === index ? source : value));
  const result = broadcastShapes(operands.map((value) => value && shapes.shape(value)));
  const wanted = reader.outputs[0] && shapes.shape(reader.outputs[0]);
  return result?.length === wanted?.length && (result?.every((dim, axis) => dimsEqual(dim, wanted![axis])) ?? false);
}
