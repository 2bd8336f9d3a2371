import { invertPositive } from '@snp/runtime';
import { type Covariance, meanVariance } from './covariance.js';
import { RIDGE } from './ridge.js';

/** In which order units leave, and what it costs. */
export interface Elimination {
  /** Units, first to leave first. */
  order: number[];
  /** Error that the layer behind gains when the unit at this place of the order leaves, mean square per sample, beyond what all before it cost. */
  increments: Float64Array;
}

/**
 * Backward elimination by the optimal brain surgeon (Hassibi and Stork 1992; per neuron, with all outputs of the layer behind): the unit leaves
 * whose removal, after the others have taken over what they can, changes the layer's output least: |w_j|^2 / [C^-1]_jj. The
 * inverse and the weights follow each step, so that increments count what was already repaired.
 *
 * @param weights Weights of the layer behind, [units, outputs].
 * @returns Undefined if the statistics give no finite answer.
 */
export function eliminate(
  covariance: Covariance,
  weights: Float32Array | Float64Array,
  { ridge = RIDGE }: { ridge?: number } = {},
): Elimination | undefined {
  const { size: n, matrix } = covariance;
  const variance = meanVariance(covariance);
  const order = Array.from({ length: n }, (_, unit) => unit);
  if (variance === 0) return { order, increments: new Float64Array(n) };
  const firm = Float64Array.from(matrix);
  for (let i = 0; i < n; i++) firm[i * (n + 1)] += ridge * variance;
  const inverse = invertPositive(firm, n);
  if (!inverse) return undefined;
  const outputs = weights.length / n;
  const w = Float64Array.from(weights);
  const norms = new Float64Array(n);
  for (let i = 0; i < n; i++) norms[i] = squareSum(w, i, outputs);
  const increments = new Float64Array(n);
  // What stays lies in front: the unit that leaves changes places with the last that stays.
  for (let count = n; count > 0; count--) {
    const leaving = cheapest(norms, inverse, n, count);
    increments[n - count] = norms[leaving] / inverse[leaving * (n + 1)];
    if (!Number.isFinite(increments[n - count])) return undefined;
    exchange(leaving, count - 1, { order, inverse, w, norms, n, outputs });
    takeOut(count - 1, { inverse, w, norms, n, outputs });
  }
  return { order: order.reverse(), increments };
}

interface State {
  inverse: Float64Array;
  w: Float64Array;
  norms: Float64Array;
  n: number;
  outputs: number;
}

function cheapest(norms: Float64Array, inverse: Float64Array, n: number, count: number): number {
  let [best, least] = [0, Number.POSITIVE_INFINITY];
  for (let i = 0; i < count; i++) {
    const cost = norms[i] / inverse[i * (n + 1)];
    if (cost < least) [best, least] = [i, cost];
  }
  return best;
}

/** C^-1 and W once the unit at the last place has left; of C^-1 the lower triangle is kept. */
function takeOut(last: number, { inverse, w, norms, n, outputs }: State): void {
  const pivot = inverse[last * (n + 1)];
  const from = last * outputs;
  for (let i = 0; i < last; i++) {
    const share = inverse[last * n + i] / pivot;
    if (share === 0) continue;
    for (let j = 0, to = i * n, at = last * n; j <= i; j++) inverse[to++] -= share * inverse[at++];
    let sum = 0;
    for (let o = 0, to = i * outputs; o < outputs; o++, to++) {
      w[to] -= share * w[from + o];
      sum += w[to] * w[to];
    }
    norms[i] = sum;
  }
}

/** Exchanges two places, a < b, in a symmetric matrix of which the lower triangle is kept, and in all that goes with it. */
function exchange(a: number, b: number, { order, inverse, w, norms, n, outputs }: State & { order: number[] }): void {
  if (a === b) return;
  [order[a], order[b]] = [order[b], order[a]];
  [norms[a], norms[b]] = [norms[b], norms[a]];
  for (let o = 0; o < outputs; o++) swap(w, a * outputs + o, b * outputs + o);
  for (let j = 0; j < a; j++) swap(inverse, a * n + j, b * n + j);
  for (let j = a + 1; j < b; j++) swap(inverse, j * n + a, b * n + j);
  swap(inverse, a * (n + 1), b * (n + 1));
}

function swap(list: Float64Array, a: number, b: number): void {
  const kept = list[a];
  list[a] = list[b];
  list[b] = kept;
}

function squareSum(rows: Float64Array, row: number, width: number): number {
  let sum = 0;
  for (let at = row * width; at < (row + 1) * width; at++) sum += rows[at] * rows[at];
  return sum;
}
