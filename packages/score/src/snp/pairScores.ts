import { gramFactor, svd, symmetricEigen } from '@snp/runtime';
import { product } from './product.js';

/**
 * SNP scores of the query/key pairs of one head and one sample, from the Gram matrices G_q = Q^T Q and G_k = K^T K (both
 * `width` x `width`, row-major):
 *
 *     w_i = sum_{j <= gamma} |u_j . q_i| |v_j . k_i| / (|q_i| |k_i|),   Q K^T = sum_j s_j u_j v_j^T
 *
 * Nothing larger than width x width is needed: only the inner products u_j . q_i and v_j . k_i. A neuron that is zero on all
 * tokens scores 0. Reference: arXiv 2404.11630, equation for the attention score.
 */
export function pairScores(queryGram: Float64Array, keyGram: Float64Array, width: number, gamma: number): Float64Array {
  const count = Math.min(gamma, width);
  const { left, right } =
    partsByEigenvalues(queryGram, keyGram, width, count) ?? partsBySingularValues(queryGram, keyGram, width, count);
  const scores = new Float64Array(width);
  for (let j = 0; j < count; j++) {
    for (let i = 0; i < width; i++) scores[i] += Math.abs(left[j * width + i] * right[j * width + i]);
  }
  for (let i = 0; i < width; i++) {
    const norm = Math.sqrt(queryGram[i * width + i] * keyGram[i * width + i]);
    scores[i] = norm > 0 ? scores[i] / norm : 0;
  }
  return scores;
}

/** u_j . q_i and v_j . k_i, row j of `count`, column i of `width`. */
interface Parts {
  left: Float64Array;
  right: Float64Array;
}

/** Squares of singular values below this, beside the largest, have lost too many digits. */
const SMALLEST = 1e-6;

/**
 * With G_q = R^T R the squares of the singular values are the eigenvalues of R G_k R^T, and with its unit eigenvectors z_j
 * u_j . q_i = (R^T z_j)_i and v_j . k_i = (G_k R^T z_j)_i / s_j. Undefined where some s_j is too small beside s_1.
 */
function partsByEigenvalues(
  queryGram: Float64Array,
  keyGram: Float64Array,
  n: number,
  count: number,
): Parts | undefined {
  const r = gramFactor(queryGram, n);
  const { values, vectors } = symmetricEigen(congruent(r, keyGram, n), n, count);
  if (!(values[count - 1] > SMALLEST * values[0])) return undefined;
  const left = product(vectors, r, { rows: count, inner: n, columns: n });
  const right = product(left, keyGram, { rows: count, inner: n, columns: n });
  for (let at = 0; at < right.length; at++) right[at] /= Math.sqrt(values[Math.floor(at / n)]);
  return { left, right };
}

/** The upper triangle of R G R^T for an upper triangular R. */
function congruent(r: Float64Array, gram: Float64Array, n: number): Float64Array {
  const half = product(r, gram, { rows: n, inner: n, columns: n, upper: true });
  const whole = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = i; j < n; j++) {
      let sum = 0;
      for (let k = j; k < n; k++) sum += half[i * n + k] * r[j * n + k];
      whole[i * n + j] = sum;
    }
  }
  return whole;
}

/**
 * With G_q = R_q^T R_q, G_k = R_k^T R_k and R_q R_k^T = U S V^T, the inner products are (U^T R_q)_ji and (V^T R_k)_ji: no
 * value is squared, so that small ones keep their digits too.
 */
function partsBySingularValues(queryGram: Float64Array, keyGram: Float64Array, n: number, count: number): Parts {
  const rq = gramFactor(queryGram, n);
  const rk = gramFactor(keyGram, n);
  const { ut, vt } = svd(multiplyTransposed(rq, rk, n), n, count);
  const shape = { rows: count, inner: n, columns: n };
  return { left: product(ut, rq, shape), right: product(vt, rk, shape) };
}

/** `a b^T` for square row-major matrices. */
function multiplyTransposed(a: Float64Array, b: Float64Array, n: number): Float64Array {
  const result = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let k = Math.max(i, j); k < n; k++) sum += a[i * n + k] * b[j * n + k];
      result[i * n + j] = sum;
    }
  }
  return result;
}
