import type { AttentionSpec } from '../attentionSpec.js';
import type { AttentionWeights } from '../attentionWeights.js';
import { headRepeatSpelling } from '../headRepeats.js';
import { LEAST, type LinearAttention, linearAttention } from '../linearAttentions.js';
import { bucketOf, FAR, maskSpelling, slopeOf } from '../masks.js';
import type { NormParts } from '../normSpelling.js';
import { normSpelling, partsFor } from '../norms.js';
import type { ByHead } from '../ports.js';
import { rotaryAngle, rotarySpelling } from '../rotaries.js';
import { scaleSpelling } from '../scales.js';
import { softmaxSpelling } from '../softmaxes.js';
import { Weight } from '../weight.js';
import { referenceNorm } from './referenceNorm.js';
import { linear, type Removal, type Rows, softmax } from './rows.js';

/** Keys or values of earlier tokens, and who wants those of all tokens. */
export interface PastHeads {
  readonly past: ByHead;
  give(present: ByHead): void;
}

/** An attention of one sample, head by head. `counted` tells which tokens of the sample are no padding. */
export function referenceAttention(
  [x, memory]: readonly [Rows, Rows],
  spec: AttentionSpec,
  weights: AttentionWeights,
  removal: Removal,
  counted: readonly boolean[],
  [pastKeys, pastValues]: readonly (PastHeads | undefined)[],
): Rows {
  const project = (rows: Rows, { weight, bias }: AttentionWeights['q']) => linear(rows, weight, bias, removal);
  const [q, k, v] = [project(x, weights.q), project(memory, weights.k), project(memory, weights.v)];
  const headsOf = (rows: Rows, heads: number, width: number) =>
    Array.from({ length: heads }, (_, head) => rows.map((row) => row.slice(head * width, (head + 1) * width)));
  const prepare = (all: Rows, heads: number, norm: NormParts, whole: NormParts) => {
    const { formula } = normSpelling(spec.wholeNorm);
    const rows = referenceNorm(all, formula, partsFor(spec.wholeNorm, whole), removal);
    return headsOf(rows, heads, spec.queryKey).map((head, at) => {
      const own = ownNorm(partsFor(spec.headNorm, norm), at, spec.queryKey, heads);
      return rotate(referenceNorm(head, normSpelling(spec.headNorm).formula, own, removal), spec);
    });
  };
  const queries = prepare(q, spec.heads, weights.queryNorm, weights.wholeQueryNorm);
  const keys = withPast(prepare(k, spec.keyHeads, weights.keyNorm, weights.wholeKeyNorm), pastKeys);
  const values = withPast(headsOf(v, spec.keyHeads, spec.value), pastValues);
  const keyHead = (head: number) =>
    headRepeatSpelling(spec.repeat).order === 'rounds'
      ? head % spec.keyHeads
      : Math.floor(head / (spec.heads / spec.keyHeads));
  const past = pastKeys?.past[0].length ?? 0;
  const maps = linearAttention(spec.core)
    ? queries.map((head, at) => linearMap(head, keys[keyHead(at)], linearAttention(spec.core)!.feature))
    : softMaps(queries, (head) => keys[keyHead(head)], spec, weights, removal, counted, past);
  const mixed = x.map((_, query) =>
    Float64Array.from({ length: spec.heads * spec.value }, (_, at) => {
      const [head, neuron] = [Math.floor(at / spec.value), at % spec.value];
      const rows = values[keyHead(head)];
      return maps[head][query].reduce((sum, share, key) => sum + share * rows[key][neuron], 0);
    }),
  );
  return linear(mixed, weights.o.weight, weights.o.bias, removal);
}

/** Heads of all tokens so far. */
function withPast(heads: readonly Rows[], cache: PastHeads | undefined): readonly Rows[] {
  if (!cache) return heads;
  const all = heads.map((rows, head) => [...cache.past[head].map((row) => Float64Array.from(row)), ...rows]);
  cache.give(all.map((rows) => rows.map((row) => [...row])));
  return all;
}

/** What a head's queries take of each token. */
function linearMap(queries: Rows, keys: Rows, feature: LinearAttention['feature']): number[][] {
  if (feature === 'softmax') {
    const columns = [...keys[0].keys()].map((at) => softmax(keys.map((row) => row[at])));
    return queries.map((query) => {
      const shares = Float64Array.from(softmax([...query]));
      return keys.map((_, key) =>
        dot(
          shares,
          Float64Array.from(columns, (column) => column[key]),
        ),
      );
    });
  }
  const f = feature === 'relu' ? (x: number) => Math.max(x, 0) : (x: number) => (x > 0 ? x + 1 : Math.exp(x));
  const of = (rows: Rows) => rows.map((row) => row.map(f));
  const [q, k] = [of(queries), of(keys)];
  return q.map((query) => {
    const scores = k.map((key) => dot(query, key));
    const sum = scores.reduce((total, score) => total + score, 0);
    return scores.map((score) => score / (sum + LEAST));
  });
}

/** Maps by a softmax of scores. */
function softMaps(
  queries: readonly Rows[],
  keysOf: (head: number) => Rows,
  spec: AttentionSpec,
  weights: AttentionWeights,
  removal: Removal,
  counted: readonly boolean[],
  past: number,
): number[][][] {
  const factor = scaleSpelling(spec.scale).none ? 1 : spec.queryKey ** -0.5;
  const temperature = (head: number) => (spec.temperature ? Math.exp(weights.temperature.data[head]) : 1);
  const products = queries.map((head, at) =>
    head.map((query) => keysOf(at).map((key) => dot(query, key) * factor * temperature(at))),
  );
  const talked = spec.talking ? mixHeads(products, weights, removal) : products;
  const biased = talked.map((scores, head) =>
    scores.map((row, query) =>
      row.map((score, key) => masked(score, [head, query + past, key], spec, weights, counted)),
    ),
  );
  return normalized(biased, softmaxSpelling(spec.softmax).joint);
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, number, at) => sum + number * b[at], 0);
}

/** The norm of one head: its neurons' units, of those that all heads share. */
function ownNorm(norm: NormParts, head: number, width: number, heads: number): NormParts {
  const [units] = norm.ones.axes;
  const own = units.map((names) => (names.length === heads ? [names[head]] : names));
  return { ...norm, ones: new Weight(norm.ones.name, [own], norm.ones.data), channels: width };
}

function rotate(rows: Rows, { rotary, queryKey }: AttentionSpec): Rows {
  const { pairs } = rotarySpelling(rotary);
  if (pairs === 'none') return rows;
  const half = queryKey / 2;
  return rows.map((row, token) => {
    const turned = Float64Array.from(row);
    for (let at = 0; at < half; at++) {
      const [a, b] = pairs === 'halves' ? [at, at + half] : [2 * at, 2 * at + 1];
      const angle = rotaryAngle(token, at, queryKey);
      turned[a] = row[a] * Math.cos(angle) - row[b] * Math.sin(angle);
      turned[b] = row[b] * Math.cos(angle) + row[a] * Math.sin(angle);
    }
    return turned;
  });
}

function mixHeads(scores: readonly number[][][], { talk }: AttentionWeights, { removed }: Removal): number[][][] {
  const heads = scores.length;
  const { data } = talk.without(removed);
  return scores.map((first, to) =>
    first.map((row, query) =>
      row.map((_, key) => scores.reduce((sum, from, at) => sum + from[query][key] * data[at * heads + to], 0)),
    ),
  );
}

function masked(
  score: number,
  [head, query, key]: readonly [number, number, number],
  { mask, heads }: AttentionSpec,
  { relative, buckets }: AttentionWeights,
  counted: readonly boolean[],
): number {
  switch (maskSpelling(mask).kind) {
    case 'none':
      return score;
    case 'causal':
      return key > query ? FAR : score;
    case 'padding':
      return counted[key] ? score : FAR;
    case 'relative': {
      const [, queries, keys] = relative.dims;
      return score + relative.data[(head * queries + query) * keys + key];
    }
    case 'buckets':
      return score + buckets.data[bucketOf(key - query) * heads + head];
    case 'slopes':
      return score - slopeOf(head, heads) * Math.abs(key - query);
  }
}

/** Maps: each row sums to one, or all rows of a head together, or those of all heads. */
function normalized(scores: readonly number[][][], joint: 'queries' | 'heads' | undefined): number[][][] {
  if (joint === undefined) return scores.map((head) => head.map(softmax));
  const together = (heads: readonly number[][][]) => {
    const flat = softmax(heads.flat(2));
    let at = 0;
    return heads.map((head) => head.map((row) => row.map(() => flat[at++])));
  };
  return joint === 'heads' ? together(scores) : scores.flatMap((head) => together([head]));
}
