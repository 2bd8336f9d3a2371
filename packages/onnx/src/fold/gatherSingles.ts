import type { Model } from '../ir/model.js';
import { Tensor } from '../tensor/tensor.js';

/**
 * States, in place, every GatherND with one constant index per row as the Gather along the first axis that it is: exporters write `x[..., [-2], :]` so. What follows
 * picked positions then need not know both. Results do not change.
 */
export function gatherSingles(model: Model): void {
  for (const node of model.graph.nodes) {
    const indices = node.inputs[1]?.tensor;
    if (node.op !== 'GatherND' || node.int('batch_dims', 0) !== 0 || indices?.dims.at(-1) !== 1) continue;
    const positions = Tensor.int64(indices.dims.slice(0, -1), [...indices.numbers()].map(Number));
    node.setInput(1, model.graph.addInitializer(`${node.inputs[1]!.name}_singles`, positions));
    node.opType = 'Gather';
    node.attributes.clear();
    node.set('axis', 0);
  }
}
