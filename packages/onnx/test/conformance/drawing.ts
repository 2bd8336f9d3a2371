import { type Draw, type Instance, listed } from './draw.js';

/** Draws one model of an operator. */
export type DrawInstance = (r: Draw) => Instance;

/** Operators and how to draw them. */
export type Draws = readonly (readonly [string, DrawInstance])[];

export const product = (dims: readonly number[]) => dims.reduce((all, dim) => all * dim, 1);

export const at = (axis: number, rank: number) => (axis < 0 ? axis + rank : axis);

/** Axes stated as attribute up to operator set `last`, as an input from then on. */
export function axesOf(opset: number, last: number, axes: number[] | undefined) {
  if (!axes) return { inputs: [], attributes: {} };
  return opset <= last ? { inputs: [], attributes: { axes } } : { inputs: [listed(axes)], attributes: {} };
}
