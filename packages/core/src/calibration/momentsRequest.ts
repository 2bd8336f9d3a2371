import type { NeuronGroup } from '@snp/graph';
import type { Moments, Tap } from '@snp/runtime';

/** A statistic that is made of second moments, which are added up where the model runs. */
export interface MomentsRequest<T = unknown> {
  /** Taps of the rows, `rowsTap`, whose moments are wanted of this group; an empty list means that the statistic does not apply to it. */
  rows(group: NeuronGroup): Tap[];
  /** What becomes of the moments, given in the order of the taps. */
  statistic(group: NeuronGroup, moments: readonly Moments[]): T;
}
