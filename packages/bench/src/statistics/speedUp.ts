import { uniformNumbers } from '@snp/score';
import type { Statistic } from '../protocol/protocol.js';
import { quantileOf, statisticOf } from './summary.js';

/** How many times as fast a model is as another, with the interval that resampling gives. */
export interface SpeedUp {
  ratio: number;
  low: number;
  high: number;
  /** Share of resampled ratios within the interval. */
  level: number;
}

/** Share of resampled ratios that the interval holds. */
export const CONFIDENCE = 0.99;
const RESAMPLES = 2000;

/**
 * Speed-up of one model over another by the paired bootstrap over blocks (Efron and Tibshirani, An Introduction to the Bootstrap, chapter 8): blocks
 * of both models that lay side by side are drawn together, so that whatever else the machine did hits both alike, and runs
 * of a block, which are alike, count as the one observation they are.
 *
 * @param before Times in milliseconds by block.
 * @param after Times of the other model, of as many blocks.
 */
export function speedUp(
  before: readonly (readonly number[])[],
  after: readonly (readonly number[])[],
  statistic: Statistic,
  seed = 1,
): SpeedUp {
  const blocks = Math.min(before.length, after.length);
  const ratioOf = (chosen: readonly number[]) =>
    statisticOf(
      chosen.flatMap((block) => before[block]),
      statistic,
    ) /
    statisticOf(
      chosen.flatMap((block) => after[block]),
      statistic,
    );
  const next = uniformNumbers(seed);
  const ratios = Float64Array.from({ length: RESAMPLES }, () =>
    ratioOf(Array.from({ length: blocks }, () => Math.floor(next() * blocks))),
  ).sort();
  const tail = (1 - CONFIDENCE) / 2;
  const ratio = ratioOf(Array.from({ length: blocks }, (_, block) => block));
  return {
    ratio,
    low: Math.min(ratio, quantileOf(ratios, tail)),
    high: Math.max(ratio, quantileOf(ratios, 1 - tail)),
    level: CONFIDENCE,
  };
}
