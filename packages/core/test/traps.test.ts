import { buildEncoder, buildVit, type EncoderOptions, type Feeds, random } from '@snp/testing';
import { describe, expect, it } from 'vitest';
import { applyPlan, prepare } from './support/core.js';
import { difference, randomPlan } from './support/equivalence.js';

const SIZE = {
  vocabulary: 40,
  positions: 16,
  residual: 24,
  depth: 2,
  heads: 3,
  blocks: { queryKey: 8, value: 8, ffn: 32 },
  labels: 5,
} as const;

function encoderFeeds(batch: number, sequence: number, seed: number): Feeds {
  const draw = random(seed);
  const dims = [batch, sequence];
  const whole = (bound: number) => BigInt64Array.from({ length: batch * sequence }, () => BigInt(draw.integer(bound)));
  const mask = BigInt64Array.from({ length: batch * sequence }, (_, at) => (at % sequence < sequence - 1 ? 1n : 0n));
  return {
    input_ids: { type: 'INT64', dims, data: whole(SIZE.vocabulary) },
    attention_mask: { type: 'INT64', dims, data: mask },
  };
}

/** Forms in which exporters write the same encoder, each a way to be wrong. */
const FORMS: readonly (readonly [string, Partial<EncoderOptions>])[] = [
  ['plain', {}],
  ['a scale computed from the shape', { attentionScale: 'shape' }],
  ['equal biases shared by several layers', { biases: 'shared' }],
  ['equal biases shared through Identity nodes', { biases: 'identity' }],
  ['norms taken apart', { norm: 'decomposed' }],
  ['norms taken apart, their axes counted from the front', { norm: 'decomposed-from-front' }],
  ['a fused projection cut by slices', { qkv: 'sliced' }],
  ['Gemm with transposed weights', { linear: 'gemm' }],
  ['reshape targets computed from shapes', { targets: 'shape' }],
  ['weights in Constant nodes', { weights: 'constants' }],
  ['the token embedding tied to the output', { labels: 'tied' }],
  ['pre-norm, operators for gelu', { order: 'pre-norm', gelu: 'operator' }],
  [
    'all of it',
    {
      attentionScale: 'shape',
      biases: 'identity',
      norm: 'decomposed',
      qkv: 'sliced',
      linear: 'gemm',
      targets: 'shape',
      weights: 'constants',
    },
  ],
];

describe.each(FORMS)('an encoder with %s', (_, form) => {
  const analysis = prepare(buildEncoder({ ...SIZE, ...form }));

  it('has query/key, value and FFN groups in every block, and one residual stream', () => {
    const kinds = analysis.groups.map((group) => group.id).sort();
    const expected = [0, 1].flatMap((block) => ['ffn', 'query-key', 'value'].map((kind) => `blocks.${block}.${kind}`));
    expect(kinds).toEqual([...expected, 'residual'].sort());
    for (const group of analysis.groups.filter(({ kind }) => kind === 'query-key' || kind === 'value'))
      expect(group.lanes).toBe(3);
  });

  it.each(['query-key', 'value', 'ffn', 'residual', 'mixed'])(
    'equals the masked original when %s units leave',
    async (kind) => {
      const plan = randomPlan(analysis, (group) => kind === 'mixed' || group.kind === kind, 0.5, 11);
      for (const [batch, sequence] of [
        [1, 4],
        [3, 9],
      ]) {
        expect(await difference(analysis, plan, encoderFeeds(batch, sequence, 5))).toBeLessThan(1e-4);
      }
    },
  );
});

describe('a Vision Transformer in its two forms', () => {
  const size = {
    image: 16,
    patch: 4,
    residual: 24,
    depth: 2,
    heads: 3,
    blocks: { queryKey: 8, value: 8, ffn: 48 },
    classes: 7,
  };

  it.each(['fused', 'separate'] as const)(
    '%s: equals the masked original with other widths for q/k and v in each block',
    async (qkv) => {
      const analysis = prepare(buildVit({ ...size, qkv }));
      const plan = randomPlan(analysis, (group) => group.kind !== 'value', 0.5, 3);
      for (const batch of [1, 2]) {
        const data = Float32Array.from({ length: batch * 3 * 16 * 16 }, (_, at) => Math.sin(at));
        const [name] = analysis.model.graph.inputs.map((input) => input.name);
        expect(
          await difference(analysis, plan, { [name]: { type: 'FLOAT', dims: [batch, 3, 16, 16], data } }),
        ).toBeLessThan(1e-4);
      }
    },
  );

  it('leaves what a plan does not touch as it was', () => {
    const analysis = prepare(buildVit({ ...size, qkv: 'fused' }));
    const plan = randomPlan(analysis, (group) => group.id === 'blocks.1.ffn', 0.5, 3);
    const touched = new Set(
      analysis.groups.find(({ id }) => id === 'blocks.1.ffn')!.members.map(({ initializer }) => initializer.name),
    );
    const pruned = applyPlan(analysis, plan);
    for (const value of analysis.model.graph.initializers.filter(({ name }) => !touched.has(name))) {
      expect(Buffer.compare(pruned.graph.value(value.name).tensor!.bytes(), value.tensor!.bytes()), value.name).toBe(0);
    }
    expect(pruned.graph.nodes.length).toBe(analysis.model.graph.nodes.length);
  });
});
