import { solvePositive } from '@snp/runtime';
import { product, transpose } from '../algebra/product.js';
import { RIDGE } from '../algebra/ridge.js';

/**
 * The matrix that the queries of one head that stay are multiplied with from the right, so that their products with the keys that stay come closest
 * to the products of all: with A = (C_SS + l I)^-1 C_S: for queries and for keys, Q K^T is near Q_S (A_q A_k^T) K_S^T. Second moments
 * about zero, in float64 (CORP, arXiv 2602.05243, without its symmetrising).
 *
 * @param queries Mean products of queries about zero, [width, width]; `keys` likewise, in the same order of neurons.
 * @param stays Which neurons stay.
 * @returns [kept, kept]; undefined if the statistics give no finite answer.
 */
export function queryMixture(
  queries: Float64Array,
  keys: Float64Array,
  stays: readonly boolean[],
): Float64Array | undefined {
  const [left, right] = [extrapolation(queries, stays), extrapolation(keys, stays)];
  if (!left || !right) return undefined;
  const [width, kept] = [stays.length, left.length / stays.length];
  const matrix = product(left, transpose(right, kept, width), kept, width, kept);
  return matrix.every(Number.isFinite) ? matrix : undefined;
}

/** (C_SS + l I)^-1 C_S: for one side, [kept, width]. */
function extrapolation(moments: Float64Array, stays: readonly boolean[]): Float64Array | undefined {
  const width = stays.length;
  const kept = stays.flatMap((stay, at) => (stay ? [at] : []));
  const trace = kept.reduce((sum, at) => sum + moments[at * width + at], 0);
  if (!(trace > 0)) return undefined;
  const own = new Float64Array(kept.length ** 2);
  const all = new Float64Array(kept.length * width);
  kept.forEach((at, i) => {
    kept.forEach((other, j) => {
      own[i * kept.length + j] = moments[at * width + other] + (i === j ? (RIDGE * trace) / kept.length : 0);
    });
    for (let k = 0; k < width; k++) all[i * width + k] = moments[at * width + k];
  });
  return solvePositive(own, kept.length, all, width);
}
