import type { Node } from '@snp/onnx';
import { Mark } from '../labels/labelStore.js';
import { type Field, fieldsOn, type Layout } from '../layout/layout.js';
import type { Propagation } from '../walk/propagation.js';

/**
 * A matrix product written as Mul and ReduceSum: what two activations have in common along the summed axes is contracted, and what one of them alone has
 * besides is carried through by the other, as values are by the attention map.
 */
export function noteProductSum(sum: Node, walk: Propagation, axes: readonly number[]): void {
  const mul = sum.inputs[0]?.producer;
  const rank = walk.shape(sum.inputs[0])?.length;
  if (mul?.op !== 'Mul' || mul.inputs[0] === mul.inputs[1] || rank === undefined) return;
  const layouts = [0, 1].map((index) =>
    walk.isActivation(mul, index) ? walk.layouts.get(mul.inputs[index]!) : undefined,
  );
  const [a, b] = layouts;
  if (!a || !b) return;
  const along = (layout: Layout, axis: number) => layout.axes[axis - rank + layout.axes.length] ?? [];
  const summed = [a, b].map((layout) => axes.flatMap((axis) => along(layout, axis)));
  if (summed.some((factors) => factors.length === 0)) return;
  const ending = [a, b].map((layout, operand) => fieldsOn(layout, summed[operand]));
  if (ending.every((fields) => fields.length > 0)) {
    for (const [index, layout] of [a, b].entries())
      for (const field of ending[index]) {
        walk.mark(field, Mark.contracted);
        walk.contractions.push({ node: mul, index, field, layout, betweenActivations: true });
      }
  }
  const carried = [a, b].flatMap((layout, operand) =>
    layout.fields.filter((field) => !ending[operand].includes(field) && isAlone(field, layout, [b, a][operand], walk)),
  );
  for (const field of carried) walk.mark(field, Mark.mixed);
  if (carried.some(({ labels }) => walk.labels.has(labels[0], Mark.written))) walk.mixers.push(mul);
}

/** Neurons along an axis over which the other operand is spread out. */
function isAlone(field: Field, layout: Layout, other: Layout, walk: Propagation): boolean {
  const innermost = field.factors[field.factors.length - 1];
  const axis = layout.axes.findIndex((factors) => factors.includes(innermost)) - layout.axes.length + other.axes.length;
  return !walk.isHeadField(field) && (other.axes[axis] ?? []).length === 0;
}
