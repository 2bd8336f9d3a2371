import type { NormFormula, NormParts } from '../normSpelling.js';
import { CLIP } from '../rmsNorms.js';
import { keptOf, type Removal, type Rows } from './rows.js';

/** A norm of the channels that stay; channels that have left are zero. */
export function referenceNorm(x: Rows, formula: NormFormula, parts: NormParts, removal: Removal): Rows {
  const kept = keptOf(parts.ones.axes[0], removal);
  const [scale, shift] = [parts.scale ?? parts.ones, parts.shift].map(
    (weight) => weight?.without(removal.removed).data,
  );
  const normed = normalized(x, formula, parts, kept, removal);
  return normed.map((row) =>
    row.map((number, at) => {
      if (!kept[at]) return 0;
      return number * scale![at] + (shift?.[at] ?? 0);
    }),
  );
}

function normalized(x: Rows, formula: NormFormula, parts: NormParts, kept: readonly boolean[], removal: Removal): Rows {
  const columns = kept.flatMap((stays, at) => (stays ? [at] : []));
  const lacking = formula.keepsDivisor && removal.keepsDivisors ? kept.length - columns.length : 0;
  const each = (token: number, at: number) => x[token][at];
  const over = (places: readonly (readonly [number, number])[]) =>
    statistics(
      places.map(([t, c]) => each(t, c)),
      formula,
      formula.ownEpsilon ?? parts.epsilon,
      lacking,
    );
  const tokens = [...x.keys()];
  switch (formula.over) {
    case 'nothing':
      return x;
    case 'stored':
      return x.map((row) =>
        row.map((number, at) => (number - parts.mean.data[at]) / Math.sqrt(parts.variance.data[at] + parts.epsilon)),
      );
    case 'channels':
      return x.map((row, token) => apply(row, over(columns.map((at) => [token, at] as const))));
    case 'all': {
      const all = over(tokens.flatMap((token) => columns.map((at) => [token, at] as const)));
      return x.map((row) => apply(row, all));
    }
    case 'tokens': {
      const by = kept.map((_, at) => over(tokens.map((token) => [token, at] as const)));
      return x.map((row) => row.map((number, at) => (number - by[at].mean) / by[at].root));
    }
  }
}

interface RowStatistics {
  readonly mean: number;
  readonly root: number;
}

function apply(row: Float64Array, { mean, root }: RowStatistics): Float64Array {
  return row.map((number) => (number - mean) / root);
}

/** Mean and root of numbers; `lacking` zeros more count where the divisor stays that of the full width. */
function statistics(
  numbers: readonly number[],
  { centred, divisor, epsilon: form }: NormFormula,
  epsilon: number,
  lacking: number,
): RowStatistics {
  if (numbers.length === 0) return { mean: 0, root: 1 };
  const count = numbers.length + lacking;
  const mean = centred ? numbers.reduce((sum, number) => sum + number, 0) / count : 0;
  const squares = numbers.reduce((sum, number) => sum + (number - mean) ** 2, 0);
  const width = { N: count, 'N-1': count - 1, '1': 1 }[divisor];
  const roots: Record<NormFormula['epsilon'], () => number> = {
    inside: () => Math.sqrt(squares / width + epsilon),
    outside: () => Math.sqrt(squares / width) + epsilon,
    clip: () => Math.max(Math.sqrt(squares), CLIP) / Math.sqrt(width),
    // Operators without an epsilon leave rows of zeros as they are.
    none: () => Math.sqrt(squares / width) || 1,
  };
  return { mean, root: roots[form]() };
}
