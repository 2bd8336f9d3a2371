import type { AttentionSpec, AttentionWeights } from '../attentionSpec.js';
import { headRepeatSpelling } from '../headRepeats.js';
import { bucketOf, FAR, maskSpelling, slopeOf } from '../masks.js';
import type { NormParts } from '../normSpelling.js';
import { normSpelling, partsFor } from '../norms.js';
import { rotaryAngle, rotarySpelling } from '../rotaries.js';
import { scaleSpelling } from '../scales.js';
import { softmaxSpelling } from '../softmaxes.js';
import { Weight } from '../weight.js';
import { referenceNorm } from './referenceNorm.js';
import { linear, type Removal, type Rows, softmax } from './rows.js';

/** An attention of one sample, head by head. `counted` tells which tokens of the sample are no padding. */
export function referenceAttention(
  [x, memory]: readonly [Rows, Rows],
  spec: AttentionSpec,
  weights: AttentionWeights,
  removal: Removal,
  counted: readonly boolean[],
): Rows {
  const project = (rows: Rows, { weight, bias }: AttentionWeights['q']) => linear(rows, weight, bias, removal);
  const [q, k, v] = [project(x, weights.q), project(memory, weights.k), project(memory, weights.v)];
  const headsOf = (rows: Rows, heads: number, width: number) =>
    Array.from({ length: heads }, (_, head) => rows.map((row) => row.slice(head * width, (head + 1) * width)));
  const prepare = (rows: Rows, heads: number, norm: NormParts) =>
    headsOf(rows, heads, spec.queryKey).map((head, at) => {
      const own = ownNorm(partsFor(spec.headNorm, norm), at, spec.queryKey, heads);
      return rotate(referenceNorm(head, normSpelling(spec.headNorm).formula, own, removal), spec);
    });
  const [queries, keys] = [prepare(q, spec.heads, weights.queryNorm), prepare(k, spec.keyHeads, weights.keyNorm)];
  const values = headsOf(v, spec.keyHeads, spec.value);
  const keyHead = (head: number) =>
    headRepeatSpelling(spec.repeat).order === 'rounds'
      ? head % spec.keyHeads
      : Math.floor(head / (spec.heads / spec.keyHeads));
  const factor = scaleSpelling(spec.scale).none ? 1 : spec.queryKey ** -0.5;
  const temperature = (head: number) => (spec.temperature ? Math.exp(weights.temperature.data[head]) : 1);
  const products = queries.map((head, at) =>
    head.map((query) => keys[keyHead(at)].map((key) => dot(query, key) * factor * temperature(at))),
  );
  const talked = spec.talking ? mixHeads(products, weights, removal) : products;
  const biased = talked.map((scores, head) =>
    scores.map((row, query) => row.map((score, key) => masked(score, [head, query, key], spec, weights, counted))),
  );
  const maps = normalized(biased, softmaxSpelling(spec.softmax).joint);
  const mixed = x.map((_, query) =>
    Float64Array.from({ length: spec.heads * spec.value }, (_, at) => {
      const [head, neuron] = [Math.floor(at / spec.value), at % spec.value];
      const rows = values[keyHead(head)];
      return maps[head][query].reduce((sum, share, key) => sum + share * rows[key][neuron], 0);
    }),
  );
  return linear(mixed, weights.o.weight, weights.o.bias, removal);
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
