import type { Value } from '@snp/onnx';
import type { AxisSize, SpellingWriter } from './spellingWriter.js';

/** Where heads lie in scores: [batch, heads, queries, keys], [batch * heads, queries, keys], or [heads, batch, queries, keys]. */
export type ScoreForm = 'heads-first' | 'folded' | 'head-major';

/** Scores of all heads, or the maps they become. */
export interface Scores {
  readonly value: Value;
  readonly form: ScoreForm;
  readonly heads: number;
  readonly batch: AxisSize;
  readonly queries: AxisSize;
  readonly keys: AxisSize;
  /** So many keys belong to tokens before the first query. */
  readonly past: number;
}

/** Scores through `work`, which wants them as [batch, heads, queries, keys]. */
export function byHeads(w: SpellingWriter, scores: Scores, work: (value: Value) => Value): Scores {
  const { value, form, heads, batch, queries, keys } = scores;
  if (form === 'heads-first') return { ...scores, value: work(value) };
  if (form === 'head-major') {
    return { ...scores, value: w.transpose(work(w.transpose(value, 1, 0, 2, 3)), 1, 0, 2, 3) };
  }
  const apart = work(w.reshape(value, [batch, heads, queries, keys]));
  return { ...scores, value: w.reshape(apart, [{ product: [batch, heads] }, queries, keys]) };
}
