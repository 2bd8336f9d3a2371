import type { Group, Site } from '@snp/graph';
import { type Moments, rowsTap } from '@snp/runtime';
import type { PairMoments } from '../statistics/moments.js';
import type { MomentsRequest } from './momentsRequest.js';
import { enoughRows, type SecondMomentsOptions } from './secondMoments.js';

/** Second moments of queries and keys, per head. */
export function pairMoments({ batches }: SecondMomentsOptions = {}): MomentsRequest<PairMoments> {
  return {
    rows: (group) => sitesOf(group).map((site) => rowsTap(site.value, { ...axesOf(site), rows: enoughRows(batches) })),
    statistic(group, moments) {
      const [{ count }] = moments;
      const [queries, keys] = moments.map((side, at) => headsOf(side, sitesOf(group)[at].lanes, count));
      return { count, queries, keys };
    },
  };
}

function sitesOf(group: Group): Site[] {
  const [query, key] = ['query', 'key'].map((role) => group.sites.filter((site) => site.role === role));
  return group.kind === 'query-key' && query.length === 1 && key.length === 1 ? [query[0], key[0]] : [];
}

function axesOf({ rank, axis, laneAxis, lanes, unitAt }: Site) {
  return { rank, feature: axis, head: laneAxis, heads: lanes, width: unitAt.length / lanes };
}

/** Products head by head, as if there had been `count` rows: there may be other numbers of queries and of keys. */
function headsOf({ products, count: rows }: Moments, heads: number, count: number): Float64Array[] {
  const size = products.length / heads;
  const scaled = rows === count ? products : products.map((product) => (product * count) / rows);
  return Array.from({ length: heads }, (_, head) => scaled.slice(head * size, (head + 1) * size));
}
