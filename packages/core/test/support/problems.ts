import { normals, random } from '@snp/testing';
import fc from 'fast-check';
import type { SecondMoments } from './core.js';

/** A random problem of recovery: rows of correlated activations. */
export interface Problem {
  /** Units. */
  n: number;
  /** Independent sources behind them. */
  rank: number;
  /** Rows. */
  count: number;
  seed: number;
  scale: number;
}

export const problems: fc.Arbitrary<Problem> = fc.record({
  n: fc.integer({ min: 2, max: 10 }),
  rank: fc.integer({ min: 1, max: 10 }),
  count: fc.integer({ min: 1, max: 60 }),
  seed: fc.nat(10_000),
  scale: fc.constantFrom(1e-12, 1, 1e9),
});

/** Rows of correlated numbers: `rank` sources mixed into `n` columns, with offsets. */
export function rowsOf({ n, rank, count, seed, scale }: Problem): number[][] {
  const draw = random(seed);
  const mixing = normals(draw, rank * n);
  const offsets = normals(draw, n);
  return Array.from({ length: count }, () => {
    const sources = normals(draw, rank);
    return Array.from(
      { length: n },
      (_, j) => scale * (offsets[j] + sources.reduce((sum, source, k) => sum + source * mixing[k * n + j], 0)),
    );
  });
}

export function momentsOf(rows: readonly (readonly number[])[]): SecondMoments {
  const n = rows[0].length;
  const sums = new Float64Array(n);
  for (const row of rows) for (const [i, element] of row.entries()) sums[i] += element;
  const means = meanProducts(rows);
  const products = Array.from({ length: n }, (_, i) => [...means.subarray(i * n, i * n + i + 1)]).flat();
  return { count: rows.length, sums, products: Float64Array.from(products, (mean) => mean * rows.length) };
}

/** [n, n] */
export function meanProducts(rows: readonly (readonly number[])[]): Float64Array {
  const n = rows[0].length;
  const products = new Float64Array(n * n);
  for (const row of rows) {
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) products[i * n + j] += (row[i] * row[j]) / rows.length;
  }
  return products;
}

/** Mean square, per row, of the change of a layer's output when `inputs` with `refit` take the place of `rows` with `weights`. */
export function outputError(
  rows: readonly (readonly number[])[],
  weights: Float64Array,
  inputs: readonly (readonly number[])[],
  refit: { weights: Float64Array; offset: Float64Array },
): number {
  const outputs = refit.offset.length;
  const apply = (row: readonly number[], matrix: Float64Array, o: number) =>
    row.reduce((sum, element, i) => sum + element * matrix[i * outputs + o], 0);
  let sum = 0;
  rows.forEach((row, at) => {
    for (let o = 0; o < outputs; o++) {
      sum += (apply(row, weights, o) - apply(inputs[at], refit.weights, o) - refit.offset[o]) ** 2;
    }
  });
  return sum / rows.length;
}

/** All ways to choose `count` of `n`. */
export function choices(n: number, count: number): number[][] {
  if (count === 0) return [[]];
  if (count > n) return [];
  return [...choices(n - 1, count), ...choices(n - 1, count - 1).map((list) => [...list, n - 1])];
}

/** [rows, columns] of normally distributed numbers. */
export function matrixOf(rows: number, columns: number, seed: number): Float64Array {
  return Float64Array.from(normals(random(seed), rows * columns));
}
