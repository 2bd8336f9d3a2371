import { bidiagonalise } from './bidiagonalise.js';
import { diagonalise } from './diagonalise.js';

/** Singular values in descending order with their vectors: A = sum_j s_j u_j v_j^T. */
export interface Svd {
  s: Float64Array;
  /** Left vectors as rows: row j is u_j. */
  ut: Float64Array;
  /** Right vectors as rows: row j is v_j. */
  vt: Float64Array;
}

/**
 * Singular value decomposition of a square matrix (`n` x `n`, row-major) in float64: Householder bidiagonalisation, then
 * implicit QR steps (Golub and Kahan 1965; Golub and Van Loan, Matrix Computations, 8.6). Vectors are kept as rows, so that
 * every inner loop runs along memory.
 */
export function svd(a: Float64Array, n: number): Svd {
  const largest = a.reduce((most, element) => Math.max(most, Math.abs(element)), 0);
  // Squares of elements must neither overflow nor vanish.
  const scaled = largest > 0 ? a.map((element) => element / largest) : a;
  const { diagonal, superdiagonal, ut, vt } = bidiagonalise(scaled, n);
  diagonalise(diagonal, superdiagonal, ut, vt, n);
  for (let k = 0; k < n; k++) diagonal[k] *= largest;
  return sortDescending(diagonal, ut, vt, n);
}

function sortDescending(values: Float64Array, ut: Float64Array, vt: Float64Array, n: number): Svd {
  const order = Array.from(values.keys()).sort((i, j) => values[j] - values[i] || i - j);
  const sorted = (rows: Float64Array) => {
    const result = new Float64Array(n * n);
    for (const [to, from] of order.entries()) result.set(rows.subarray(from * n, (from + 1) * n), to * n);
    return result;
  };
  return { s: Float64Array.from(order, (at) => values[at]), ut: sorted(ut), vt: sorted(vt) };
}
