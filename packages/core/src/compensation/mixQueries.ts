import type { Analysis, NeuronGroup, Site } from '@snp/graph';
import { mixWritten } from '../layers/linearWriter.js';
import type { Weights } from '../layers/weights.js';
import type { PairMoments } from '../statistics/moments.js';
import type { Compensation } from './compensation.js';
import type { CompensationMethod } from './method.js';
import { headMoments, lanesOf, type PairWriters, pairWriters } from './mixPairs.js';
import { pickingOf } from './pickPairs.js';
import { queryMixture } from './queryMixture.js';

/**
 * Picked query/key neurons, of which the queries take up a mixture so that their products with the keys that stay come close to all
 * products (`queryMixture`).
 */
export const mixQueries: CompensationMethod = {
  statistics: ['pairMoments'],
  prepare: (group, { moments, analysis }) => mixingOf(group, moments.pairMoments, analysis),
};

function mixingOf(group: NeuronGroup, moments: PairMoments | undefined, analysis: Analysis): Compensation | string {
  const writers = pairWriters(group, analysis);
  if (typeof writers === 'string') return writers;
  const picking = pickingOf(group, moments);
  if (typeof picking === 'string') return picking;
  const { count, queries, keys } = moments!;
  return {
    ...picking,
    name: 'ridge',
    touches: [writers.queries.weight, writers.queries.bias].flatMap((value) => value ?? []),
    async apply(kept, weights) {
      const stays = new Set(kept);
      const mixtures = lanesOf(group, writers.query).map((units) => {
        const side = (site: Site, products: Float64Array[]) => headMoments({ count, products }, site, units);
        return {
          units: units.filter((unit) => stays.has(unit)),
          matrix: queryMixture(
            side(writers.query, queries),
            side(writers.key, keys),
            units.map((unit) => stays.has(unit)),
          ),
        };
      });
      if (!mixtures.every(({ matrix }) => matrix !== undefined)) return false;
      for (const { units, matrix } of mixtures) mixWritten(writers.queries, units, units, matrix!, weights);
      clearOthers(group, writers, stays, weights);
      return true;
    },
  };
}

/** Queries of units that leave become zero. */
function clearOthers(group: NeuronGroup, { queries }: PairWriters, stays: ReadonlySet<number>, weights: Weights): void {
  const leaving = Array.from({ length: group.units }, (_, unit) => unit).filter((unit) => !stays.has(unit));
  mixWritten(queries, leaving, [], new Float64Array(0), weights);
}
