import { lowerFactor } from '@snp/runtime';

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
  let trace = 0;
  for (let i = 0; i < n; i++) trace += matrix[i * (n + 1)];
  if (!(trace > 0 && matrix.every(Number.isFinite))) return undefined;
  for (const times of FIRMER) {
    const firm = Float64Array.from(matrix);
    for (let i = 0; i < n; i++) firm[i * (n + 1)] += (times * floor * trace) / n;
    const lower = lowerFactor(firm, n);
    if (lower) return { lower, inverse: inverseOf(lower, n) };
  }
  return undefined;
}

/** The inverse of a lower triangular matrix, row by row from L L^-1 = I. */
function inverseOf(lower: Float64Array, n: number): Float64Array {
  const inverse = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    inverse[i * (n + 1)] = 1;
    for (let k = 0; k < i; k++) {
      const factor = lower[i * n + k];
      for (let j = 0; j <= k; j++) inverse[i * n + j] -= factor * inverse[k * n + j];
    }
    for (let j = 0; j <= i; j++) inverse[i * n + j] /= lower[i * (n + 1)];
  }
  return inverse;
}
