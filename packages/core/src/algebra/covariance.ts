import { triangleAt } from '@snp/runtime';
import type { SecondMoments } from '../statistics/moments.js';

/** Second moments of units, about their means or about zero. */
export interface Covariance {
  /** Number of units. */
  size: number;
  /** [size, size] */
  matrix: Float64Array;
  /** What the matrix is taken about: the units' means, or zeros. */
  centre: Float64Array;
}

/**
 * The covariance of units, or, where the layer that reads them has no bias to take a mean, their products about zero.
 *
 * @param units Which units, in this order; default all.
 */
export function covarianceOf(
  { count, sums, products }: SecondMoments,
  { centred, units }: { centred: boolean; units?: readonly number[] },
): Covariance {
  const n = sums.length;
  const own = units ?? Array.from({ length: n }, (_, unit) => unit);
  const centre = Float64Array.from(own, (unit) => (centred ? sums[unit] / count : 0));
  const matrix = new Float64Array(own.length ** 2);
  const columns = Int32Array.from(own);
  const share = 1 / count;
  for (let i = 0; i < columns.length; i++) {
    const mean = centre[i];
    for (let j = 0; j <= i; j++) {
      const covariance = products[triangleAt(columns[i], columns[j])] * share - mean * centre[j];
      matrix[i * columns.length + j] = covariance;
      matrix[j * columns.length + i] = covariance;
    }
  }
  // Rounding must not leave variances below zero.
  for (let i = 0; i < own.length; i++) matrix[i * (own.length + 1)] = Math.max(0, matrix[i * (own.length + 1)]);
  return { size: own.length, matrix, centre };
}

/** What units' moments are taken about: their means, or zeros. */
export function centreOf({ count, sums }: SecondMoments, centred: boolean): Float64Array {
  return sums.map((sum) => (centred ? sum / count : 0));
}

/** The diagonal of the covariance of all units. */
export function variancesOf({ count, products }: SecondMoments, centre: Float64Array): Float64Array {
  return centre.map((mean, unit) => Math.max(0, products[triangleAt(unit, unit)] / count - mean * mean));
}

/** Mean of the diagonal. */
export function meanVariance({ size, matrix }: Pick<Covariance, 'size' | 'matrix'>): number {
  let trace = 0;
  for (let i = 0; i < size; i++) trace += matrix[i * (size + 1)];
  return size === 0 ? 0 : trace / size;
}
