import { type Analysis, type NeuronGroup, type Site, unitsByLane } from '@snp/graph';
import { triangleAt } from '@snp/runtime';
import { type LinearWriter, linearWriter, mixWritten } from '../layers/linearWriter.js';
import type { PairMoments } from '../statistics/moments.js';
import { type Compensation, tails } from './compensation.js';
import type { CompensationMethod } from './method.js';
import { firstColumns, type PairSpectrum, pairSpectrum } from './pairSpectrum.js';

/** The projections of a group's queries and keys, where both may be mixed head by head. */
export interface PairWriters {
  query: Site;
  key: Site;
  queries: LinearWriter;
  keys: LinearWriter;
}

/** The projections that write queries and keys, or why their neurons cannot be mixed. */
export function pairWriters(group: NeuronGroup, analysis: Analysis): PairWriters | string {
  const sites = (role: Site['role']) => group.sites.filter((site) => site.role === role);
  const [[query], [key]] = [sites('query'), sites('key')];
  if (sites('query').length !== 1 || sites('key').length !== 1)
    return `has ${sites('query').length} queries for ${sites('key').length} keys`;
  if (![query, key].every((site) => isDivided(site, group))) return 'has neurons that go in pairs';
  const [queries, keys] = [query, key].map((site) => linearWriter(group, site.value, analysis));
  if (typeof queries === 'string') return `has queries that ${queries}`;
  if (typeof keys === 'string') return `has keys that ${keys}`;
  const own = new Set([queries.weight, queries.bias, keys.weight, keys.bias]);
  const other = group.members.find(({ initializer }) => !own.has(initializer));
  if (other) return `has neurons that '${other.initializer.name}' acts on one by one`;
  return { query, key, queries, keys };
}

/** Mixing of query/key neurons, head by head. */
export const mixPairs: CompensationMethod = {
  statistics: ['pairMoments'],
  prepare: (group, { moments, analysis }) => mixingOf(group, moments.pairMoments, analysis),
};

function mixingOf(group: NeuronGroup, moments: PairMoments | undefined, analysis: Analysis): Compensation | string {
  const writers = pairWriters(group, analysis);
  if (typeof writers === 'string') return writers;
  if (!moments) return 'has no statistics';
  const lanes = lanesOf(group, writers.query);
  const spectra = lanes.map((units) => spectrumOf(units, moments, writers));
  if (!spectra.every((spectrum) => spectrum !== undefined)) return 'has statistics without a finite solution';
  const { queries, keys } = writers;
  const width = group.units / group.lanes;
  const terms = new Float64Array(width);
  for (const { values } of spectra) for (const [i, value] of values.entries()) terms[i] += value * value;
  return {
    group,
    name: 'mixing',
    errors: tails(terms),
    select: (keep) =>
      unitsByLane(group)
        .flatMap((units) => units.slice(0, keep))
        .sort((a, b) => a - b),
    touches: [queries.weight, queries.bias, keys.weight, keys.bias].flatMap((value) => value ?? []),
    async apply(kept, weights) {
      const stays = new Set(kept);
      for (const [lane, units] of lanes.entries()) {
        const slots = units.filter((unit) => stays.has(unit));
        mixWritten(queries, units, slots, firstColumns(spectra[lane].queries, width, slots.length), weights);
        mixWritten(keys, units, slots, firstColumns(spectra[lane].keys, width, slots.length), weights);
      }
      return true;
    },
  };
}

/** Each head at the site holds the units of one lane, each once. Several may hold the same, as queries that share a key. */
function isDivided({ unitAt, lanes }: Site, group: NeuronGroup): boolean {
  const width = unitAt.length / lanes;
  if (width * group.lanes !== group.units) return false;
  return Array.from({ length: lanes }, (_, head) => unitAt.subarray(head * width, (head + 1) * width)).every(
    (units) =>
      new Set(units).size === width &&
      units.every((unit) => unit >= 0 && group.laneOf[unit] === group.laneOf[units[0]]),
  );
}

/** Units of every head of keys, in the order of the first queries that use it. */
export function lanesOf(group: NeuronGroup, { unitAt }: Site): number[][] {
  const width = group.units / group.lanes;
  const lanes = new Map<number, number[]>();
  for (let at = 0; at < unitAt.length; at += width) {
    const lane = group.laneOf[unitAt[at]];
    if (!lanes.has(lane)) lanes.set(lane, [...unitAt.subarray(at, at + width)]);
  }
  return [...lanes.values()];
}

/** Mean products of one side, in the order of `units`, summed over the heads that hold these. */
export function headMoments(
  moments: { count: number; products: readonly Float64Array[] },
  { unitAt }: Site,
  units: readonly number[],
): Float64Array {
  const width = units.length;
  const sum = new Float64Array(width * width);
  for (const [head, products] of moments.products.entries()) {
    const own = unitAt.subarray(head * width, (head + 1) * width);
    const order = units.map((unit) => own.indexOf(unit));
    if (order[0] < 0) continue;
    for (let i = 0, at = 0; i < width; i++)
      for (let j = 0; j < width; j++, at++) sum[at] += products[triangleAt(order[i], order[j])] / moments.count;
  }
  return sum;
}

/**
 * The best mixtures of a head. Where queries share keys, their scores are rows of one matrix: products of queries add up, and those of the keys, which they all
 * see alike, count once.
 */
function spectrumOf(units: number[], moments: PairMoments, { query, key }: PairWriters): PairSpectrum | undefined {
  const { count } = moments;
  return pairSpectrum(
    headMoments({ count, products: moments.queries }, query, units),
    meanMoments({ count, products: moments.keys }, key, units),
    units.length,
  );
}

/** Mean over the heads that hold the units. */
function meanMoments(
  moments: { count: number; products: readonly Float64Array[] },
  site: Site,
  units: readonly number[],
): Float64Array {
  const sum = headMoments(moments, site, units);
  const heads = site.unitAt.reduce((count, unit) => count + (unit === units[0] ? 1 : 0), 0);
  return sum.map((element) => element / heads);
}
