import { deviation, max, mean, min } from 'd3-array';
import type { Statistic } from '../protocol/protocol.js';

/** What many runs come down to; times in milliseconds. */
export interface Summary {
  runs: number;
  median: number;
  mean: number;
  p90: number;
  p99: number;
  min: number;
  max: number;
  /** Standard deviation. */
  deviation: number;
  /** Runs beyond Tukey's outer fences (three interquartile ranges). They count like all others. */
  outliers: number;
}

/** Sums up the times of runs. There must be at least one. */
export function summarize(times: readonly number[]): Summary {
  const sorted = Float64Array.from(times).sort();
  const quantile = (share: number) => quantileOf(sorted, share);
  const [low, high] = [quantile(0.25), quantile(0.75)];
  const reach = 3 * (high - low);
  return {
    runs: times.length,
    median: quantile(0.5),
    mean: mean(times)!,
    p90: quantile(0.9),
    p99: quantile(0.99),
    min: min(times)!,
    max: max(times)!,
    deviation: deviation(times) ?? 0,
    outliers: times.filter((time) => time < low - reach || time > high + reach).length,
  };
}

/** The one number that a protocol goes by. May sort the times. */
export function statisticOf(times: Float64Array, statistic: Statistic): number {
  if (statistic === 'mean') return mean(times)!;
  const sorted = times.sort();
  return quantileOf(sorted, statistic === 'p90' ? 0.9 : 0.5);
}

/** A quantile of ascending numbers, between neighbours by proportion (Hyndman and Fan's type 7). */
function quantileOf(sorted: ArrayLike<number>, share: number): number {
  const at = share * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
}
