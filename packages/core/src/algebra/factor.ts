import { invertLower, lowerFactor } from '@snp/runtime';
import { meanVariance } from './covariance.js';

/** A triangular factor L of a matrix C = L L^T (`n` x `n`), and its inverse. */
export interface Factor {
  lower: Float64Array;
  inverse: Float64Array;
}

/** Share of the mean variance that is added to each: directions that calibration data never take must not blow up. */
const FLOOR = 1e-6;

/** Rounding may take away more than the floor gives. */
const FIRMER = [1, 10, 100, 1000];

/** The factor of a positive semi-definite matrix; undefined where it is zero or not finite. */
export function factorOf(matrix: Float64Array, n: number, floor = FLOOR): Factor | undefined {
  const variance = meanVariance({ size: n, matrix });
  if (!(variance > 0 && matrix.every(Number.isFinite))) return undefined;
  for (const times of FIRMER) {
    const firm = Float64Array.from(matrix);
    for (let i = 0; i < n; i++) firm[i * (n + 1)] += times * floor * variance;
    const lower = lowerFactor(firm, n);
    if (lower) return { lower, inverse: invertLower(lower, n) };
  }
  return undefined;
}
