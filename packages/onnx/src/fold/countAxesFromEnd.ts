import type { Model } from '../ir/model.js';
import { inferShapes, type ShapeInfo } from '../shape/inferShapes.js';
import { Tensor } from '../tensor/tensor.js';

/**
 * States, in place, the axis of every mean over the last axis as -1, as most exporters do: what looks for norms then need
 * not know ranks. Results do not change.
 */
export function countAxesFromEnd(model: Model, shapes: ShapeInfo = inferShapes(model)): void {
  for (const node of model.graph.nodes) {
    if (node.op !== 'ReduceMean') continue;
    const [x, axes] = node.inputs;
    const rank = x && shapes.shape(x)?.length;
    const stated = node.ints('axes') ?? (axes?.tensor && [...axes.tensor.numbers()].map(Number));
    if (!rank || stated?.length !== 1 || stated[0] !== rank - 1) continue;
    if (axes) node.setInput(1, model.graph.addInitializer(`${axes.name}_last`, Tensor.int64([1], [-1])));
    else node.set('axes', [-1]);
  }
}
