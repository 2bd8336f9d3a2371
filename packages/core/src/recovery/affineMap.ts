import { solvePositive } from '@snp/runtime';
import type { CrossMoments } from '../statistics/crossMoments.js';
import { type Covariance, meanVariance } from './covariance.js';
import { product } from './product.js';

/**
 * Ridge beside the mean variance of the neurons. Hundreds of neurons predict a few hundred samples by chance, late branches most of all: with that of other refits the map of the
 * last blocks of DeiT-Tiny is worse than the mean on samples that it has not seen, with this one hardly ever, and where there is something to predict, little is lost.
 */
const FIRM = 0.5;

/** The least-squares affine map from neurons to the output of a branch. */
export interface AffineMap {
  /** [neurons, outputs] */
  weights: Float64Array;
  /** What it explains of the mean square of the output, about its mean if there is a bias to take that. */
  explained: number;
}

/**
 * The map A of x A + c with which neurons x of one branch come closest to the output y of another, by ridge regression over calibration data:
 * A = (C_xx + l I)^-1 C_xy.
 *
 * @param covariance Of the neurons, about their means; about zero where the map may have no offset.
 * @param bias What the branch's last layer adds to the output that the moments are of.
 * @returns Undefined if the statistics give no finite answer.
 */
export function affineMap(
  covariance: Covariance,
  { count, inputs, outputs, products }: CrossMoments,
  { centred, bias }: { centred: boolean; bias: Float64Array | undefined },
): AffineMap | undefined {
  const n = covariance.size;
  const width = outputs.length;
  const ridge = FIRM * meanVariance(covariance);
  if (!(ridge > 0)) return undefined;
  const across = new Float64Array(n * width);
  for (let i = 0, at = 0; i < n; i++) {
    const mean = inputs[i] / count;
    for (let o = 0; o < width; o++, at++)
      across[at] = products[at] / count + mean * (centred ? -outputs[o] / count : (bias?.[o] ?? 0));
  }
  const firm = Float64Array.from(covariance.matrix);
  for (let i = 0; i < n; i++) firm[i * (n + 1)] += ridge;
  const weights = solvePositive(firm, n, across, width);
  if (!weights?.every(Number.isFinite)) return undefined;
  // E|y|^2 - E|y - x A|^2 = 2 <A, C_xy> - <A, C A>, and C A = C_xy - l A.
  let explained = 0;
  for (let at = 0; at < weights.length; at++) explained += weights[at] * (across[at] + ridge * weights[at]);
  return { weights, explained };
}

/** What the map gives for the means of the neurons. */
export function atMeans({ centre }: Covariance, { weights }: AffineMap): Float64Array {
  return product(centre, weights, 1, centre.length, weights.length / centre.length);
}
