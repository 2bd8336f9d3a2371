import type { NeuronKind } from '@snp/graph';
import type { CalibrationRequests } from '../statistics/requests.js';
import { mean } from './mean.js';
import type { CompensationMethod } from './method.js';
import { mixPairs } from './mixPairs.js';
import { mixQueries } from './mixQueries.js';
import { mixValues } from './mixValues.js';
import { obs } from './obs.js';
import { pickPairs } from './pickPairs.js';
import { ridge } from './ridge.js';
import { rotateStream } from './rotateStream.js';

/**
 * How what stays makes up for what leaves: not at all; by the means of what leaves; by predicting it (`ridge`); or, `full`, by mixing query/key and
 * value neurons instead of picking them, and by optimal brain surgeon (OBS) for hidden neurons.
 */
export type CompensationKind = 'none' | 'mean' | 'ridge' | 'full';

/** All kinds, from least to most. */
export const COMPENSATION_KINDS: readonly CompensationKind[] = ['none', 'mean', 'ridge', 'full'];

/** The methods that are tried for each kind of group, the best first. */
const METHODS: Record<CompensationKind, Partial<Record<NeuronKind, readonly CompensationMethod[]>>> = {
  none: {},
  mean: { value: [mean], ffn: [mean] },
  ridge: { 'query-key': [mixQueries], value: [ridge], ffn: [ridge] },
  full: { 'query-key': [mixPairs, pickPairs], value: [mixValues, obs], ffn: [obs], residual: [rotateStream] },
};

/** The methods of a kind of compensation for a kind of group. */
export function methodsFor(kind: CompensationKind, group: NeuronKind): readonly CompensationMethod[] {
  return METHODS[kind][group] ?? [];
}

/** What a kind of compensation has to know of calibration data. */
export function requestsFor(kind: CompensationKind, { beyond }: { beyond: boolean }): CalibrationRequests {
  const methods = Object.values(METHODS[kind]).flat();
  const moments = new Set(methods.flatMap(({ statistics }) => statistics));
  // Means need no more than the moments of what is left out.
  if (beyond && kind !== 'mean') moments.add('crossMoments');
  return { moments: [...moments], outputs: kind === 'full' };
}
