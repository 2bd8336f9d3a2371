import type { NeuronGroup, Site } from '@snp/graph';
import { triangleAt } from '@snp/runtime';
import type { PairMoments } from '../statistics/moments.js';
import type { Compensation } from './compensation.js';
import type { CompensationMethod } from './method.js';
import { byScore } from './refitReader.js';

/**
 * Query/key units in order of the power of their products, E q_i^2 E k_i^2, with nothing to make up for those that leave: for heads
 * whose neurons may not be mixed.
 */
export const pickPairs: CompensationMethod = {
  statistics: ['pairMoments'],
  prepare: (group, { moments }) => pickingOf(group, moments.pairMoments),
};

/** That compensation, or why it cannot be done. */
export function pickingOf(group: NeuronGroup, moments: PairMoments | undefined): Compensation | string {
  const sites = (['query', 'key'] as const).map((role) => group.sites.filter((site) => site.role === role));
  if (group.kind !== 'query-key' || sites.some((list) => list.length !== 1))
    return 'is no single pair of queries and keys';
  if (!moments) return 'has no statistics';
  const [queries, keys] = [moments.queries, moments.keys].map((heads, side) =>
    powers(group, sites[side][0], heads, moments.count),
  );
  return {
    group,
    name: 'picking',
    ...byScore(
      group,
      queries.map((power, unit) => power * keys[unit]),
    ),
    touches: [],
    apply: async () => true,
  };
}

/** Mean squares of every unit's neurons, all its positions together. */
function powers(
  group: NeuronGroup,
  { unitAt, lanes }: Site,
  heads: readonly Float64Array[],
  count: number,
): Float64Array {
  const width = unitAt.length / lanes;
  const power = new Float64Array(group.units);
  unitAt.forEach((unit, at) => {
    if (unit >= 0) power[unit] += heads[Math.floor(at / width)][triangleAt(at % width, at % width)] / count;
  });
  return power;
}
