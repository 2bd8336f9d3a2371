import { extent, quantileSorted } from 'd3-array';

/** Units counted by score, those that left apart from those that stay. */
export interface Histogram {
  /** Where the bins begin and end; all are equally wide. */
  low: number;
  high: number;
  /** Units per bin. */
  removed: number[];
  kept: number[];
  /** Whether scores beyond the ends were counted in the outermost bins. */
  clipped: { low: boolean; high: boolean };
  /** Score that parts the two sides; absent where heads were cut apart from each other or sides overlap. */
  cut: number | undefined;
  /** Units without a finite score: not counted in any bin. */
  unscored: number;
}

/** Bins of a histogram: fine enough for the shape of thousands of units, few enough for a picture of a thumb's width. */
const BINS = 28;

/**
 * Bins the scores of a group. The range is that of the scores, but at most four interquartile ranges beyond the quartiles:
 * a single outlier would press everything else into one bin.
 */
export function histogram(scores: readonly number[], removed: readonly number[], bins = BINS): Histogram | undefined {
  const gone = new Set(removed);
  const units = scores.map((score, unit) => ({ score, gone: gone.has(unit) })).filter(({ score }) => isScore(score));
  if (units.length === 0) return undefined;
  const range = rangeOf(units.map(({ score }) => score));
  const binOf = (score: number) => {
    if (range.high === range.low) return Math.floor(bins / 2);
    const at = Math.floor((bins * (score - range.low)) / (range.high - range.low));
    return Math.min(bins - 1, Math.max(0, at));
  };
  const result = { removed: new Array<number>(bins).fill(0), kept: new Array<number>(bins).fill(0) };
  for (const unit of units) (unit.gone ? result.removed : result.kept)[binOf(unit.score)]++;
  return { ...range, ...result, cut: cutBetween(units), unscored: scores.length - units.length };
}

// A report read back from JSON has null where a score was not finite.
function isScore(score: number | null): boolean {
  return typeof score === 'number' && Number.isFinite(score);
}

function rangeOf(scores: readonly number[]): Pick<Histogram, 'low' | 'high' | 'clipped'> {
  const sorted = [...scores].sort((a, b) => a - b);
  const [least, most] = [sorted[0], sorted[sorted.length - 1]];
  const [lower, upper] = [quantileSorted(sorted, 0.25) ?? least, quantileSorted(sorted, 0.75) ?? most];
  const reach = 4 * (upper - lower);
  // With no spread between the quartiles there is no telling what an outlier is.
  if (reach === 0) return { low: least, high: most, clipped: { low: false, high: false } };
  const [low, high] = [Math.max(least, lower - reach), Math.min(most, upper + reach)];
  return { low, high, clipped: { low: low > least, high: high < most } };
}

function cutBetween(units: readonly { score: number; gone: boolean }[]): number | undefined {
  const [, below] = extent(units, ({ score, gone }) => (gone ? score : undefined));
  const [above] = extent(units, ({ score, gone }) => (gone ? undefined : score));
  return below !== undefined && above !== undefined && below <= above ? (below + above) / 2 : undefined;
}
