/** Pivots below this fraction of the largest diagonal element count as zero: the matrix has no more rank than that. */
const RANK_TOLERANCE = 1e-14;

/**
 * The upper triangular factor R of a Gram matrix G = R^T R (`n` x `n`, row-major, symmetric, positive semi-definite): its
 * Cholesky factor, with zero rows where the matrix has no rank.
 */
export function gramFactor(gram: Float64Array, n: number): Float64Array {
  const factor = new Float64Array(n * n);
  let largest = 0;
  for (let i = 0; i < n; i++) largest = Math.max(largest, gram[i * n + i]);
  const rest = Float64Array.from(gram);
  for (let k = 0; k < n; k++) {
    const pivot = rest[k * n + k];
    if (!(pivot > largest * RANK_TOLERANCE)) continue;
    const scale = 1 / Math.sqrt(pivot);
    for (let j = k; j < n; j++) factor[k * n + j] = rest[k * n + j] * scale;
    for (let i = k + 1; i < n; i++) {
      const multiple = factor[k * n + i];
      for (let j = i; j < n; j++) rest[i * n + j] -= multiple * factor[k * n + j];
    }
  }
  return factor;
}
