import type { Node } from '@snp/onnx';
import type { Factor } from '../../layout/factor.js';
import { type Field, fieldsOn, flattenAxis, type Layout, strideOf } from '../../layout/layout.js';
import type { Propagation } from '../../walk/propagation.js';
import { combine } from '../combine.js';

/** Axis of the neurons in [batch, heads, tokens, neurons]. */
const NEURONS = 3;

/** Keeps the neurons of every head, with a reason; whole heads may leave. */
export function keepNeurons(node: Node, walk: Propagation, layout: Layout | undefined, reason: string): void {
  if (!layout) return;
  for (const factor of layout.axes[NEURONS])
    for (const field of fieldsOn(layout, [factor])) walk.keepWhole(field, factor, node, reason);
}

/** Makes `size` consecutive neurons of a head leave together, where an operator takes multiples of that alone. */
export function joinNeurons(node: Node, walk: Propagation, layout: Layout | undefined, size: number): void {
  const flat = layout && flattenAxis(layout, NEURONS);
  const [factor] = flat?.axes[NEURONS] ?? [];
  if (!flat || !factor || (factor.size as number) % size !== 0)
    return keepNeurons(node, walk, layout, `takes heads of multiples of ${size} neurons`);
  for (const field of fieldsOn(flat, [factor])) joinAlong(walk, field, factor, size);
}

/** Joins the classes of every `size` positions that follow one another along a factor of a field. */
export function joinAlong(walk: Propagation, field: Field, factor: Factor, size: number): void {
  const stride = strideOf(field.factors, factor);
  field.labels.forEach((label, at) => {
    const position = Math.floor(at / stride) % (factor.size as number);
    walk.labels.union(field.labels[at - (position % size) * stride], label, false);
  });
}

/** Makes keys and values leave neuron by neuron together, where an operator has one width for both. */
export function coupleNeurons(node: Node, walk: Propagation, layouts: readonly (Layout | undefined)[]): void {
  const operands = layouts.flatMap((layout) => {
    if (!layout) return [];
    const axes = layout.axes.map((axis, at) => (at % 2 === 1 ? axis : []));
    const fields = layout.fields.filter(({ factors }) => factors.every((factor) => axes.flat().includes(factor)));
    return [{ layout: { axes, fields }, activation: true }];
  });
  if (operands.length > 1) combine(node, walk, operands, 'all');
}
