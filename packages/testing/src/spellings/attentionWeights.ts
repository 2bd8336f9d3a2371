import type { LinearWeights } from './linears.js';
import type { NormParts } from './normSpelling.js';
import type { Weight } from './weight.js';

/** The weights of an attention, whatever way it is written. */
export interface AttentionWeights {
  readonly q: LinearWeights;
  readonly k: LinearWeights;
  readonly v: LinearWeights;
  readonly o: LinearWeights;
  readonly queryNorm: NormParts;
  readonly keyNorm: NormParts;
  readonly wholeQueryNorm: NormParts;
  readonly wholeKeyNorm: NormParts;
  /** [heads, heads] */
  readonly talk: Weight;
  /** [heads] */
  readonly temperature: Weight;
  /** Relative positions [heads, queries, keys], and by distance [distances, heads]. */
  readonly relative: Weight;
  readonly buckets: Weight;
}
