import type { Dim } from '@snp/onnx';
import { Factor } from '../layout/factor.js';
import type { Layout } from '../layout/layout.js';

/** How often an axis is repeated as a whole, and each of its positions by itself. */
export interface Repeats {
  whole: Dim;
  each: Dim;
}

/** The layout with an axis repeated: copies leave together with what they are copies of. */
export function repeatAxis(layout: Layout, axis: number, { whole, each }: Repeats): Layout {
  const factor = (times: Dim) => (times === 1 ? [] : [new Factor(times)]);
  return {
    axes: layout.axes.with(axis, [...factor(whole), ...layout.axes[axis], ...factor(each)]),
    fields: layout.fields,
  };
}

/** The repeats by which an axis of `size` becomes these positions (0 1 0 1, or 0 0 1 1); undefined if they are anything else. */
export function repeatsOf(positions: readonly number[], size: number): Repeats | undefined {
  if (positions.length <= size || positions.length % size !== 0) return undefined;
  const first = positions.findIndex((position) => position !== 0);
  const each = first < 0 ? positions.length : first;
  const whole = positions.length / (size * each);
  const fits = Number.isInteger(whole) && positions.every((position, at) => position === Math.floor(at / each) % size);
  return fits ? { whole, each } : undefined;
}
