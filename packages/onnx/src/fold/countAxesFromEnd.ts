import type { Model } from '../ir/model.js';
import { inferShapes, type ShapeInfo } from '../shape/inferShapes.js';
import { Tensor } from '../tensor/tensor.js';

/**
 * States, in place, the axis of every mean over the last axis as -1, as most exporters do: what looks for norms then need
 * not know ranks. Results do not change.
 */
export function countAxesFromEnd(model: Model): void {
  let shapes: ShapeInfo | undefined;
  for (const node of model.graph.nodes) {
    if (node.op !== 'ReduceMean') continue;
    const [x, axes] = node.inputs;
    const stated = node.ints('axes') ?? (axes?.tensor && [...axes.tensor.numbers()].map(Number));
    if (!x || stated?.length !== 1 || stated[0] < 0) continue;
    // Shapes only where an axis needs one: most models state -1 already.
    shapes ??= inferShapes(model);
    if (stated[0] + 1 !== shapes.shape(x)?.length) continue;
    if (axes) node.setInput(1, model.graph.addInitializer(`${axes.name}_last`, Tensor.int64([1], [-1])));
    else node.set('axes', [-1]);
  }
}
