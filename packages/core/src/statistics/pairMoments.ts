import type { Group, Site } from '@snp/graph';
import { headMomentsTap } from '@snp/runtime';
import type { StatisticRequest } from '@snp/score';

/** Sums of products of every two neurons of a head over all samples and tokens, about zero. */
export interface PairMoments {
  /** Samples that were summed. */
  count: number;
  /** Per head [width, width]; row i belongs to the i-th position of the head at the site. */
  queries: Float64Array[];
  keys: Float64Array[];
}

/** Second moments of queries and keys, per head. */
export const pairMoments: StatisticRequest<PairMoments> = {
  summed: true,
  taps: (group) => sitesOf(group).map((site) => headMomentsTap(site.value, gramAxes(site))),
  accumulate(group) {
    let moments: PairMoments | undefined;
    return {
      add(sums, { samples }) {
        const [queries, keys] = sums.map(({ data }, side) => headsOf(data as Float64Array, sitesOf(group)[side].lanes));
        moments = { count: samples, queries, keys };
      },
      finish: () => moments!,
    };
  },
};

function sitesOf(group: Group): Site[] {
  const [query, key] = ['query', 'key'].map((role) => group.sites.filter((site) => site.role === role));
  return group.kind === 'query-key' && query.length === 1 && key.length === 1 ? [query[0], key[0]] : [];
}

function gramAxes({ rank, axis, laneAxis, lanes }: Site) {
  return { rank, feature: axis, head: laneAxis, heads: lanes };
}

/** [heads, width, width], head by head. */
function headsOf(sums: Float64Array, heads: number): Float64Array[] {
  const size = sums.length / heads;
  return Array.from({ length: heads }, (_, head) => sums.slice(head * size, (head + 1) * size));
}
