import type { Node } from '@snp/onnx';
import { Factor } from '../layout/factor.js';
import { type Field, fieldsOn, flattenAxis, type Layout, plainLayout, sizesOf } from '../layout/layout.js';
import type { Propagation } from '../walk/propagation.js';

/** Positions `kept` of a labelled axis, as a layout. A single position may drop the axis (`Gather` with a scalar). */
export function selectPositions(
  layout: Layout,
  axis: number,
  kept: readonly number[],
  dropAxis = false,
): Layout | undefined {
  const flat = flattenAxis(layout, axis);
  if (!flat) return undefined;
  const [old] = flat.axes[axis];
  const chosen = dropAxis || kept.length === 1 ? undefined : new Factor(kept.length);
  const fields = flat.fields.map((field) =>
    field.factors.includes(old) ? selectInField(field, old, kept, chosen) : field,
  );
  const axes = dropAxis ? flat.axes.toSpliced(axis, 1) : flat.axes.with(axis, chosen ? [chosen] : []);
  return { axes, fields };
}

function selectInField(field: Field, old: Factor, kept: readonly number[], chosen: Factor | undefined): Field {
  const at = field.factors.indexOf(old);
  const sizes = sizesOf(field.factors);
  const inner = sizes.slice(at + 1).reduce((product, size) => product * size, 1);
  const outer = sizes.slice(0, at).reduce((product, size) => product * size, 1);
  const labels = new Int32Array(outer * kept.length * inner);
  let to = 0;
  for (let block = 0; block < outer; block++) {
    for (const position of kept) {
      const from = (block * sizes[at] + position) * inner;
      labels.set(field.labels.subarray(from, from + inner), to);
      to += inner;
    }
  }
  return { ...field, factors: field.factors.toSpliced(at, 1, ...(chosen ? [chosen] : [])), labels };
}

/** Sets an output to some positions of the first input's axis; labels along an axis that cannot be told apart so are frozen. */
export function select(
  node: Node,
  walk: Propagation,
  output: number,
  axis: number,
  kept: readonly number[],
  dropAxis = false,
): void {
  const x = walk.input(node, 0)!;
  const labelled = fieldsOn(x, x.axes[axis]);
  const result = labelled.length > 0 ? selectPositions(x, axis, kept, dropAxis) : undefined;
  if (!result) walk.freezeAll(labelled, node, MERGED);
  walk.setOutput(node, output, result ?? replaceAxis(x, axis, plainLayout(dropAxis ? [] : [kept.length]).axes));
}

/** Why positions of an axis cannot be picked. */
export const MERGED = 'selects positions along axes that were merged in another order';

/** The layout with one axis exchanged for others that bear no labels. */
export function replaceAxis(layout: Layout, axis: number, axes: Layout['axes']): Layout {
  const gone = layout.axes[axis];
  return {
    axes: layout.axes.toSpliced(axis, 1, ...axes),
    fields: layout.fields.filter((field) => !field.factors.some((factor) => gone.includes(factor))),
  };
}

/** An axis counted from the front. */
export function axisFromFront(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}
