import type { NeuronGroup } from '@snp/graph';
import { type Moments, rowsTap, triangleAt, triangleLength } from '@snp/runtime';
import { linearReader } from '../layers/linearReader.js';
import type { SecondMoments } from '../statistics/moments.js';
import type { MomentsRequest } from './momentsRequest.js';

/** Options of `secondMoments`. */
export interface SecondMomentsOptions {
  /** Batches there will be, as far as is known; then no more rows are taken than are of use. Default: every token counts. */
  batches?: number | undefined;
}

/**
 * Rows that are enough: more tokens of the same samples say little new. On DeiT-Tiny (219 pictures of 197 tokens, F = 768) a quarter of
 * the rows gives the same accuracy.
 */
const ROWS = { least: 12_288, perUnit: 4 } as const;

/** Rows to take per batch; undefined for all. */
export function enoughRows(batches: number | undefined, width = 0): number | undefined {
  return batches && Math.max(ROWS.least, ROWS.perUnit * width) / batches;
}

/** Second moments of groups that one linear layer reads. */
export function secondMoments({ batches }: SecondMomentsOptions = {}): MomentsRequest<SecondMoments> {
  return {
    rows(group) {
      if (group.kind !== 'value' && group.kind !== 'ffn') return [];
      const reader = linearReader(group);
      if (typeof reader === 'string') return [];
      const { value, rank, axis: feature } = reader.site;
      return [rowsTap(value, { rank, feature, width: group.units, rows: enoughRows(batches, group.units) })];
    },
    statistic: (group, [moments]) => inOrderOfUnits(group, moments),
  };
}

/** The tap sees positions; units may lie in another order. */
export function inOrderOfUnits(group: NeuronGroup, seen: Moments): SecondMoments {
  const n = group.units;
  const { unitAt } = (linearReader(group) as { site: { unitAt: Int32Array } }).site;
  if (unitAt.every((unit, at) => unit === at)) return seen;
  const sums = new Float64Array(n);
  const products = new Float64Array(triangleLength(n));
  for (let i = 0, at = 0; i < n; i++) {
    sums[unitAt[i]] = seen.sums[i];
    for (let j = 0; j <= i; j++, at++) products[triangleAt(unitAt[i], unitAt[j])] = seen.products[at];
  }
  return { count: seen.count, sums, products };
}
