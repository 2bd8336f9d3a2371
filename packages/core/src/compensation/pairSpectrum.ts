import { svd } from '@snp/runtime';
import { factorOf } from '../algebra/factor.js';
import { product, transpose } from '../algebra/product.js';

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
 * with C = L L^T, L_q^T L_k = U S V^T, P_q = L_q^-T U S^(1/2), P_k = L_k^-T V S^(1/2) (MoDeGPT, arXiv 2408.09632, which takes symmetric roots; any
 * others give the same mixtures). Picking is a special case, so in the second moments no choice of neurons does better.
 *
 * @param queries Mean products of queries about zero, [width, width]; `keys` likewise, in the same order of neurons.
 * @returns Undefined if the statistics give no finite answer.
 */
export function pairSpectrum(queries: Float64Array, keys: Float64Array, width: number): PairSpectrum | undefined {
  const [q, k] = [factorOf(queries, width), factorOf(keys, width)];
  if (!q || !k) return undefined;
  const { s, ut, vt } = svd(product(transpose(q.lower, width, width), k.lower, width, width, width), width);
  const spectrum = {
    width,
    values: s,
    queries: mixtures(q.inverse, ut, s, width),
    keys: mixtures(k.inverse, vt, s, width),
  };
  return [spectrum.queries, spectrum.keys, s].every((list) => list.every(Number.isFinite)) ? spectrum : undefined;
}

/** L^-T U S^(1/2), from L^-1 and rows of U^T. */
function mixtures(inverse: Float64Array, rows: Float64Array, s: Float64Array, n: number): Float64Array {
  const columns = transpose(product(rows, inverse, n, n, n), n, n);
  return columns.map((element, at) => element * Math.sqrt(s[at % n]));
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
