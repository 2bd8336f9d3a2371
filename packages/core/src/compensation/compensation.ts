import type { Group } from '@snp/graph';
import type { Value } from '@snp/onnx';
import type { Algebra } from '../algebra/algebra.js';
import type { Weights } from '../layers/weights.js';

/** How one group makes up for units that leave it. */
export interface Compensation {
  readonly group: Group;
  /** What it does, in a word or two, for the report: `mixing`, `OBS`, `ridge`, `mean`. */
  readonly name: string;
  /**
   * Mean square of the change of what the units feed (attention scores, the layer behind) that is left after compensation when w units
   * per head stay, for w from 0 to all: the error-versus-width curve. Falls to zero.
   */
  readonly errors: Float64Array;
  /** The units to keep, `width` per head, ascending. */
  select(width: number): number[];
  /** Weights that `apply` changes. */
  readonly touches: readonly Value[];
  /** Rewrites the weights so that the units that stay do the work of all, those that leave nothing. False if there is no finite solution; weights are as they were, then. */
  apply(kept: readonly number[], weights: Weights, algebra: Algebra): Promise<boolean>;
}

/** Sums of what is left out when the first w terms stay, for w from 0 to all. */
export function tails(terms: Float64Array): Float64Array {
  const sums = new Float64Array(terms.length + 1);
  for (let w = terms.length - 1; w >= 0; w--) sums[w] = sums[w + 1] + terms[w];
  return sums;
}
