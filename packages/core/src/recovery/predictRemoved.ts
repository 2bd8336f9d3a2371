import { solvePositive } from '@snp/runtime';
import type { SecondMoments } from './secondMoments.js';

/** How the units that leave follow from those that stay: h_P = B h_S + c. */
export interface Prediction {
  /** B transposed, [kept, removed]: column j says how removed unit j is made of kept ones. All zero for the mean alone. */
  weights: Float64Array;
  /** c, one number per removed unit. */
  offsets: Float64Array;
}

/** Ridge beside the mean variance of the units that stay: it keeps what few samples cannot tell from being made up. */
export const RIDGE = 1e-3;

/**
 * Predicts removed units from kept ones by ridge regression over calibration data (recovery of the FFN and value layers,
 * closed form: B = C_PS (C_SS + l I)^-1, c = m_P - B m_S, everything in float64).
 *
 * @param centred With an intercept: the layer that reads the units has a bias to take it. Without one, products about zero
 * take the place of covariances and there is no c.
 * @returns Undefined if the statistics give no finite answer.
 */
export function predictRemoved(
  moments: SecondMoments,
  kept: readonly number[],
  removed: readonly number[],
  { centred, ridge = RIDGE }: { centred: boolean; ridge?: number },
): Prediction | undefined {
  const n = moments.sums.length;
  const mean = moments.sums.map((sum) => sum / moments.count);
  const covariance = (i: number, j: number) =>
    moments.products[i * n + j] / moments.count - (centred ? mean[i] * mean[j] : 0);
  const trace = kept.reduce((sum, unit) => sum + covariance(unit, unit), 0);
  const own = new Float64Array(kept.length * kept.length);
  const cross = new Float64Array(kept.length * removed.length);
  kept.forEach((unit, i) => {
    kept.forEach((other, j) => {
      own[i * kept.length + j] = covariance(unit, other);
    });
    own[i * kept.length + i] += (ridge * trace) / kept.length;
    removed.forEach((other, j) => {
      cross[i * removed.length + j] = covariance(unit, other);
    });
  });
  // Units that never vary predict nothing.
  const weights = trace > 0 ? solvePositive(own, kept.length, cross, removed.length) : cross.fill(0);
  if (!weights?.every(Number.isFinite)) return undefined;
  const offsets = Float64Array.from(removed, (unit, j) => {
    if (!centred) return 0;
    return kept.reduce((rest, other, i) => rest - weights[i * removed.length + j] * mean[other], mean[unit]);
  });
  return { weights, offsets };
}

/** Predicts removed units by their means: what is left of `predictRemoved` with an infinite ridge. */
export function predictMeans(moments: SecondMoments, kept: readonly number[], removed: readonly number[]): Prediction {
  return {
    weights: new Float64Array(kept.length * removed.length),
    offsets: Float64Array.from(removed, (unit) => moments.sums[unit] / moments.count),
  };
}
