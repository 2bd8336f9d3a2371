import { applyReflections, type Bidiagonal, bidiagonalise } from './bidiagonalise.js';
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
 * The first `count` singular triplets of a square matrix (`n` x `n`, row-major) in float64, by Householder
 * bidiagonalisation and QR steps (Golub and Van Loan, Matrix Computations, 8.6). Default: all of them.
 */
export function svd(a: Float64Array, n: number, count = n): Svd {
  let largest = 0;
  for (let i = 0; i < a.length; i++) largest = Math.max(largest, Math.abs(a[i]));
  // Squares of elements must neither overflow nor vanish.
  const scaled = largest > 0 ? a.map((element) => element / largest) : a;
  const form = bidiagonalise(scaled, n);
  const result = diagonalForm(form, n, count);
  for (let j = 0; j < count; j++) result.s[j] *= largest;
  applyReflections(result.ut, count, form.left, n);
  applyReflections(result.vt, count, form.right, n);
  return result;
}

/** QR steps that turn both sets of vectors along. */
function diagonalForm({ diagonal, superdiagonal }: Bidiagonal, n: number, count: number): Svd {
  const values = Float64Array.from(diagonal);
  const [ut, vt] = [identity(n), identity(n)];
  diagonalise(values, Float64Array.from(superdiagonal), ut, vt, n);
  const order = Array.from(values.keys())
    .sort((i, j) => values[j] - values[i] || i - j)
    .slice(0, count);
  const sorted = (rows: Float64Array) => {
    const result = new Float64Array(count * n);
    for (const [to, from] of order.entries()) result.set(rows.subarray(from * n, (from + 1) * n), to * n);
    return result;
  };
  return { s: Float64Array.from(order, (at) => values[at]), ut: sorted(ut), vt: sorted(vt) };
}

function identity(n: number): Float64Array {
  const matrix = new Float64Array(n * n);
  for (let i = 0; i < n; i++) matrix[i * n + i] = 1;
  return matrix;
}
