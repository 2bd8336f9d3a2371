import { svd } from '@snp/runtime';
import { product } from '../algebra/product.js';
import { symmetricRoots } from '../algebra/symmetricRoots.js';

/** The best mixtures of one head's queries and keys, most important first. */
export interface PairSpectrum {
  /** Neurons of the head. */
  width: number;
  /** Singular values: leaving mixture i out costs the square of value i, as the mean square of attention scores. */
  values: Float64Array;
  /** P_q and P_k, [width, width]: column i makes mixture i of the neurons. */
  queries: Float64Array;
  keys: Float64Array;
}

/**
 * Mixtures of query and key neurons whose first r give the attention scores that come closest to the true ones, for every r:
 * C_q^(1/2) C_k^(1/2) = U S V^T, P_q = C_q^(-1/2) U S^(1/2), P_k = C_k^(-1/2) V S^(1/2) (MoDeGPT, arXiv 2408.09632). Picking is a special
 * case, so in the second moments no choice of neurons does better.
 *
 * @param queries Mean products of queries about zero, [width, width]; `keys` likewise, in the same order of neurons.
 * @returns Undefined if the statistics give no finite answer.
 */
export function pairSpectrum(queries: Float64Array, keys: Float64Array, width: number): PairSpectrum | undefined {
  const [q, k] = [symmetricRoots(queries, width), symmetricRoots(keys, width)];
  if (!q || !k) return undefined;
  const { s, ut, vt } = svd(product(q.root, k.root, width, width, width), width);
  const spectrum = {
    width,
    values: s,
    queries: mixtures(q.inverse, ut, s, width),
    keys: mixtures(k.inverse, vt, s, width),
  };
  return [spectrum.queries, spectrum.keys, s].every((list) => list.every(Number.isFinite)) ? spectrum : undefined;
}

/** C^(-1/2) U S^(1/2), from rows of U^T. */
function mixtures(inverse: Float64Array, rows: Float64Array, s: Float64Array, n: number): Float64Array {
  const result = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let column = 0; column < n; column++) {
      let sum = 0;
      for (let k = 0; k < n; k++) sum += inverse[i * n + k] * rows[column * n + k];
      result[i * n + column] = sum * Math.sqrt(s[column]);
    }
  }
  return result;
}

/** The first `count` columns of a matrix with `width` columns. */
export function firstColumns(matrix: Float64Array, width: number, count: number): Float64Array {
  const rows = matrix.length / width;
  const part = new Float64Array(rows * count);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < count; j++) part[i * count + j] = matrix[i * width + j];
  }
  return part;
}
