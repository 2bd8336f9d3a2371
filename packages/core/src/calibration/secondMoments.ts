import { type Moments, rowsTap, triangleAt, triangleLength } from '@snp/runtime';
import { type LinearReader, linearReader } from '../layers/linearReader.js';
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
      const width = reader.inputAt.length;
      return [rowsTap(value, { rank, feature, width, rows: enoughRows(batches, width) })];
    },
    statistic: (group, [moments]) => inOrderOfInputs(linearReader(group) as LinearReader, moments),
  };
}

/** The tap sees positions; the inputs of the layer may lie in another order. */
export function inOrderOfInputs({ inputAtSite: inputAt }: LinearReader, seen: Moments): SecondMoments {
  const n = inputAt.length;
  if (inputAt.every((input, at) => input === at)) return seen;
  const sums = new Float64Array(n);
  const products = new Float64Array(triangleLength(n));
  for (let i = 0, at = 0; i < n; i++) {
    sums[inputAt[i]] = seen.sums[i];
    for (let j = 0; j <= i; j++, at++) products[triangleAt(inputAt[i], inputAt[j])] = seen.products[at];
  }
  return { count: seen.count, sums, products };
}
