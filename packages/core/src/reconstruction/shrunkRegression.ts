import type { Algebra } from '../algebra/algebra.js';
import { meanVariance } from '../algebra/covariance.js';
import type { LayerChange } from '../layers/branchLayers.js';
import type { CrossMoments } from '../statistics/moments.js';
import { addCross } from '../statistics/statistics.js';
import { meanOfHalves } from './meanOfHalves.js';

/** Sums over rows of neurons x, the inputs, and of what is missing behind them, y, the outputs. */
export interface RegressionSums extends CrossMoments {
  /** Of x x^T, [inputs, inputs]. */
  squares: Float64Array;
}

/** Ridges that are tried, beside the mean variance of the inputs: with firm ones the layer stays near what it is. */
const RIDGES = [0.1, 1];

/**
 * Ridge regression of y on x, D = s (C_xx + l I)^-1 C_xy. Each half of the rows is solved by itself and tried on the other, which gives the ridge l and the step s, from 0 to 1: a change that only fits the samples it was made
 * from is not made. What is made is the mean of both.
 *
 * @param halves Rows of different samples.
 * @param centred About means, for a layer with a bias to take them; else about zero.
 * @returns Undefined where nothing is gained, or there is no finite answer.
 */
export async function shrunkRegression(
  halves: readonly [RegressionSums, RegressionSums],
  { centred, algebra }: { centred: boolean; algebra: Algebra },
): Promise<LayerChange | undefined> {
  const [n, m] = [halves[0].inputs.length, halves[0].outputs.length];
  const found = await meanOfHalves(RIDGES, (at) => {
    const centres = centresOf(halves[at], centred);
    const [own, unseen] = [moments(halves[at], centres), moments(halves[1 - at], centres)];
    const { count } = halves[1 - at];
    return async (ridge) => {
      const change = await solve(own, ridge, algebra);
      if (!change) return undefined;
      // |y - s D^T x|^2 = |y|^2 - 2 s <D, C_xy> + s^2 <D, C_xx D>
      const spread = await algebra.product(unseen.squares, change, n, n, m);
      return {
        steps: [change],
        trial: { fitted: count * inner(change, unseen.products), squares: count * inner(change, spread) },
      };
    };
  });
  if (!found) return undefined;
  const centres = centresOf(addCross(halves), centred);
  const weights = found.steps[0].map((element) => found.share * element);
  const offset = Float64Array.from(centres.outputs);
  for (let i = 0, at = 0; i < n; i++) for (let o = 0; o < m; o++, at++) offset[o] -= centres.inputs[i] * weights[at];
  return offset.every(Number.isFinite) ? { weights, offset } : undefined;
}

interface Centres {
  inputs: Float64Array;
  outputs: Float64Array;
}

function centresOf({ count, inputs, outputs }: CrossMoments, centred: boolean): Centres {
  const share = centred ? 1 / count : 0;
  return { inputs: inputs.map((sum) => sum * share), outputs: outputs.map((sum) => sum * share) };
}

/** Mean products about given centres, which need not be the rows' own. */
function moments({ count, inputs, outputs, squares, products }: RegressionSums, centres: Centres) {
  const about = (sums: Float64Array, left: Float64Array, a: Float64Array, right: Float64Array, b: Float64Array) => {
    const result = new Float64Array(sums.length);
    for (let i = 0, at = 0; i < a.length; i++) {
      // (x - a)(y - b) = x y - a (y - b) - b x
      const mean = left[i] / count;
      for (let j = 0; j < b.length; j++, at++)
        result[at] = sums[at] / count - a[i] * (right[j] / count - b[j]) - b[j] * mean;
    }
    return result;
  };
  return {
    squares: about(squares, inputs, centres.inputs, inputs, centres.inputs),
    products: about(products, inputs, centres.inputs, outputs, centres.outputs),
  };
}

async function solve(
  { squares, products }: { squares: Float64Array; products: Float64Array },
  ridge: number,
  algebra: Algebra,
): Promise<Float64Array | undefined> {
  const n = Math.sqrt(squares.length);
  const variance = meanVariance({ size: n, matrix: squares });
  if (!(variance > 0)) return undefined;
  const firm = Float64Array.from(squares);
  for (let i = 0; i < n; i++) firm[i * (n + 1)] += ridge * variance;
  const [solution] = await algebra.solve(firm, n, [products]);
  return solution?.every(Number.isFinite) ? solution : undefined;
}

function inner(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let at = 0; at < a.length; at++) sum += a[at] * b[at];
  return sum;
}
