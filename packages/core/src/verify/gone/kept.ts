import { type Gone, padded, spread } from './part.js';

/** Ones where a value stays, zeros where it is gone, over axes that broadcast to it. */
export interface Kept {
  readonly dims: readonly number[];
  readonly kept: Float32Array;
}

/** A mask of what is gone; undefined where nothing is. */
export function keptPart(gone: Gone): Kept | undefined {
  const rank = Math.max(0, ...gone.map(({ dims }) => dims.length));
  if (gone.length === 0) return undefined;
  const parts = gone.map((part) => padded(part, rank));
  const dims = Array.from({ length: rank }, (_, axis) => Math.max(...parts.map((part) => part.dims[axis])));
  const whole = parts.map((part) => spread(part, dims));
  return { dims, kept: Float32Array.from(whole[0], (_, at) => (whole.some((own) => own[at] === 1) ? 0 : 1)) };
}

/** How many positions stay along axes counted from the last, which become 1. Where nothing does all are counted, so that nothing is divided by zero: what is all zero stays so. */
export function countsAlong({ dims, kept }: Kept, axes: readonly number[]): { dims: number[]; numbers: Float32Array } {
  const summed = dims.map((dim, axis) => (axes.includes(axis - dims.length) ? 1 : dim));
  const numbers = new Float32Array(summed.reduce((product, dim) => product * dim, 1));
  const strides = summed.map((dim, axis) => (dim === 1 ? 0 : summed.slice(axis + 1).reduce((n, own) => n * own, 1)));
  kept.forEach((own, at) => {
    let [rest, to] = [at, 0];
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      to += (rest % dims[axis]) * strides[axis];
      rest = Math.floor(rest / dims[axis]);
    }
    numbers[to] += own;
  });
  const whole = dims.reduce((product, dim, axis) => product * (axes.includes(axis - dims.length) ? dim : 1), 1);
  return { dims: summed, numbers: numbers.map((number) => number || whole) };
}
