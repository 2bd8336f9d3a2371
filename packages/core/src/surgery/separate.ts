import type { Layout, Propagation } from '@snp/graph';
import type { Model } from '@snp/onnx';
import { mergeTransposes } from './mergeTransposes.js';
import { Restriction } from './restriction.js';
import { selectionsOf, withSqueeze } from './selections.js';

/**
 * Takes fused projections apart where a plan leaves them no rectangular form: one layer whose outputs are queries, keys
 * and values becomes one layer for each part that is picked later, when the parts are to have different widths.
 * The selections (Gather, Split, Slice) move up through all that has no rectangular form, to the weights.
 */
export function separateProjections(model: Model, walk: Propagation, isRagged: (layout: Layout) => boolean): void {
  for (const node of [...model.graph.nodes]) {
    const source = node.inputs[0];
    const layout = source && walk.layouts.get(source);
    if (!layout || !isRagged(layout)) continue;
    for (const selection of selectionsOf(node, walk).flatMap((own) => withSqueeze(own, walk))) {
      const part = new Restriction(model, walk, isRagged, node).restrict(source, selection);
      selection.output.replaceAllUsesWith(part);
      if (part.producer) mergeTransposes(part.producer);
    }
  }
  model.graph.removeDead();
}
