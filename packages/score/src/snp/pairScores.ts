import { gramFactor, svd } from '@snp/runtime';

/**
 * SNP scores of the query/key pairs of one head and one sample, from the Gram matrices G_q = Q^T Q and G_k = K^T K (both
 * `width` x `width`, row-major):
 *
 *     w_i = sum_{j <= gamma} |u_j . q_i| |v_j . k_i| / (|q_i| |k_i|),   Q K^T = sum_j s_j u_j v_j^T
 *
 * With G_q = R_q^T R_q and G_k = R_k^T R_k the singular vectors of Q K^T are Q R_q^-1 U and K R_k^-1 V, where
 * R_q R_k^T = U S V^T, so that u_j . q_i = (U^T R_q)_ji: nothing larger than width x width is needed. A neuron that is
 * zero on all tokens scores 0. Reference: arXiv 2404.11630, equation for the attention score.
 */
export function pairScores(queryGram: Float64Array, keyGram: Float64Array, width: number, gamma: number): Float64Array {
  const rq = gramFactor(queryGram, width);
  const rk = gramFactor(keyGram, width);
  const count = Math.min(gamma, width);
  const { ut, vt } = svd(multiplyTransposed(rq, rk, width), width, count);
  const left = alignedParts(ut, rq, width, count);
  const right = alignedParts(vt, rk, width, count);
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

/** `a b^T` for square row-major matrices. */
function multiplyTransposed(a: Float64Array, b: Float64Array, n: number): Float64Array {
  const product = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let k = Math.max(i, j); k < n; k++) sum += a[i * n + k] * b[j * n + k];
      product[i * n + j] = sum;
    }
  }
  return product;
}

/** The first `count` rows of `ut r`: vectors as rows times an upper triangular factor. */
function alignedParts(ut: Float64Array, r: Float64Array, n: number, count: number): Float64Array {
  const parts = new Float64Array(count * n);
  for (let j = 0; j < count; j++) {
    for (let k = 0; k < n; k++) {
      const factor = ut[j * n + k];
      for (let i = k; i < n; i++) parts[j * n + i] += factor * r[k * n + i];
    }
  }
  return parts;
}
