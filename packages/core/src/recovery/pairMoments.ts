import type { Group, Site } from '@snp/graph';
import { gramTap, type RuntimeTensor } from '@snp/runtime';
import type { Accumulator, StatisticRequest } from '@snp/score';

/** Sums of products of every two neurons of a head over all samples and tokens, about zero. */
export interface PairMoments {
  /** Per head [width, width]; row i belongs to the i-th position of the head at the site. */
  queries: Float64Array[];
  keys: Float64Array[];
}

/** Second moments of queries and keys, per head. */
export const pairMoments: StatisticRequest<PairMoments> = {
  taps: (group) => sitesOf(group).map((site) => gramTap(site.value, gramAxes(site))),
  accumulate: (group) => new PairAccumulator(group),
};

function sitesOf(group: Group): Site[] {
  const [query, key] = ['query', 'key'].map((role) => group.sites.filter((site) => site.role === role));
  return group.kind === 'query-key' && query.length === 1 && key.length === 1 ? [query[0], key[0]] : [];
}

function gramAxes({ rank, axis, laneAxis, lanes }: Site) {
  return { rank, feature: axis, head: laneAxis, heads: lanes };
}

class PairAccumulator implements Accumulator<PairMoments> {
  readonly #sums: Float64Array[][];

  constructor(group: Group) {
    this.#sums = sitesOf(group).map(({ lanes, unitAt }) =>
      Array.from({ length: lanes }, () => new Float64Array((unitAt.length / lanes) ** 2)),
    );
  }

  /** Gram matrices [samples, heads, width, width] of queries and of keys. */
  add(outputs: readonly RuntimeTensor[]): void {
    outputs.forEach(({ data }, side) => {
      const heads = this.#sums[side];
      const size = heads[0].length;
      for (let at = 0; at < data.length; at++) {
        heads[Math.floor(at / size) % heads.length][at % size] += (data as Float64Array)[at];
      }
    });
  }

  finish(): PairMoments {
    const [queries, keys] = this.#sums;
    return { queries, keys };
  }
}
