import { uniformNumbers } from '@snp/score';
import { deviation } from 'd3-array';
import type { Statistic } from '../protocol/protocol.js';
import { studentQuantile } from './studentQuantile.js';
import { statisticOf } from './summary.js';

/** How many times as fast a model is as another, with an interval that holds the truth at a stated level. */
export interface SpeedUp {
  ratio: number;
  low: number;
  high: number;
  /** How often such intervals hold the truth. */
  level: number;
}

/** How often intervals hold the truth. */
export const CONFIDENCE = 0.99;
const RESAMPLES = 1000;

/**
 * Speed-up of one model over another by the paired bootstrap over blocks (Efron and Tibshirani, An Introduction to the Bootstrap, chapters 8 and 12): blocks
 * of both models that lay side by side are drawn together, so that whatever else the machine did hits both alike, and runs
 * of a block, which are alike, count as the one observation they are. The interval is the standard error of the logarithm of the ratio times Student's quantile: of few blocks
 * percentiles alone promise too much (18 of 20 measurements of a model against itself held 1.00 with them).
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
  const all = Array.from({ length: blocks }, (_, block) => block);
  const [of, ofOther] = [before, after].map((times) => statisticOfBlocks(times, statistic));
  const ratioOf = (chosen: readonly number[]) => of(chosen) / ofOther(chosen);
  const ratio = ratioOf(all);
  if (blocks < 2) return { ratio, low: 0, high: Number.MAX_VALUE, level: CONFIDENCE };
  const next = uniformNumbers(seed);
  const logs = Array.from({ length: RESAMPLES }, () => Math.log(ratioOf(all.map(() => Math.floor(next() * blocks)))));
  // Resampling sees the spread around the sample's own mean: n - 1 in place of n.
  const error = deviation(logs)! * Math.sqrt(blocks / (blocks - 1));
  const reach = Math.exp(studentQuantile(CONFIDENCE, blocks - 1) * error);
  return { ratio, low: ratio / reach, high: ratio * reach, level: CONFIDENCE };
}

/** The statistic of chosen blocks, in room that is made once: thousands of choices are made of thousands of runs. */
function statisticOfBlocks(times: readonly (readonly number[])[], statistic: Statistic) {
  const blocks = times.map((block) => Float64Array.from(block));
  const room = new Float64Array(times.length * Math.max(...times.map(({ length }) => length)));
  return (chosen: readonly number[]): number => {
    let runs = 0;
    for (const block of chosen) {
      room.set(blocks[block], runs);
      runs += blocks[block].length;
    }
    return statisticOf(room.subarray(0, runs), statistic);
  };
}
