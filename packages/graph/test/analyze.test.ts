import { fileURLToPath } from 'node:url';
import { cloneModel, foldConstants, type Model, simplifyShapes } from '@snp/onnx';
import { readModel } from '@snp/onnx/node';
import { buildEncoder, buildVit, DEIT_TINY, type EncoderOptions, random, sharedModels } from '@snp/testing';
import { describe, expect, it } from 'vitest';
import { type Analysis, analyze } from '../src/index.js';

/** Analyses a copy as pruning does: with the sizes that exporters compute turned into constants. */
function analyzed(model: Model): Analysis {
  const copy = cloneModel(model);
  foldConstants(copy);
  simplifyShapes(copy);
  return analyze(copy);
}

/** Gives every node, value and initializer a name that says nothing. */
function withoutNames(model: Model): Model {
  const copy = cloneModel(model);
  const draw = random(1);
  const fresh = () => `v${draw.integer(2 ** 31)}_${draw.integer(2 ** 31)}`;
  const { graph } = copy;
  for (const node of graph.nodes) node.name = fresh();
  for (const value of [...graph.values.values()]) {
    if (graph.inputs.includes(value) || graph.outputs.includes(value)) continue;
    graph.values.delete(value.name);
    value.name = fresh();
    graph.values.set(value.name, value);
  }
  return copy;
}

const widthsOf = ({ groups }: Analysis) =>
  Object.fromEntries(groups.map((group) => [group.id, [group.units, group.lanes]]));

const ENCODER = {
  vocabulary: 40,
  positions: 16,
  residual: 24,
  depth: 2,
  heads: 3,
  blocks: { queryKey: 8, value: 8, ffn: 32 },
  labels: 5,
} as const;

describe('analyze, on a Vision Transformer', () => {
  const size = {
    image: 16,
    patch: 4,
    residual: 24,
    depth: 2,
    heads: 3,
    blocks: { queryKey: 8, value: 8, ffn: 48 },
    classes: 7,
  };

  it.each(['fused', 'separate'] as const)('finds the groups of every block with a %s projection', (qkv) => {
    expect(widthsOf(analyzed(buildVit({ ...size, qkv })))).toEqual({
      'blocks.0.query-key': [24, 3],
      'blocks.0.value': [24, 3],
      'blocks.0.ffn': [48, 1],
      'blocks.1.query-key': [24, 3],
      'blocks.1.value': [24, 3],
      'blocks.1.ffn': [48, 1],
      residual: [24, 1],
    });
  });

  it('knows which columns of a fused projection are whose', () => {
    const { groups } = analyzed(buildVit({ ...size, qkv: 'fused' }));
    const unitsIn = (kind: string) => {
      const group = groups.find((candidate) => candidate.id === `blocks.0.${kind}`)!;
      const member = group.members.find(({ initializer }) => initializer.name.includes('qkv.weight'))!;
      expect(member.axis).toBe(1);
      return [...member.unitOf.keys()].filter((position) => member.unitOf[position] >= 0);
    };
    // Columns are ordered [3, heads, width]: queries, keys, values.
    expect(unitsIn('query-key')).toEqual(Array.from({ length: 48 }, (_, position) => position));
    expect(unitsIn('value')).toEqual(Array.from({ length: 24 }, (_, position) => 48 + position));
  });

  it('couples the residual stream through every layer that reads or writes it', () => {
    const { groups } = analyzed(buildVit({ ...size, qkv: 'fused' }));
    const residual = groups.find(({ id }) => id === 'residual')!;
    // Patches, class token, positions, last norm (2), classifier; per block two norms (2 each), qkv, proj and fc2 with biases, fc1.
    expect(residual.members.length).toBe(2 + 1 + 1 + 2 + 1 + 2 * (4 + 1 + 2 + 1 + 2));
    for (const member of residual.members) expect(member.unitOf.filter((unit) => unit >= 0).length).toBe(24);
  });

  it('lets blocks have widths of their own', () => {
    const blocks = [
      { queryKey: 4, value: 6, ffn: 40 },
      { queryKey: 8, value: 2, ffn: 20 },
    ];
    const { blocks: found } = analyzed(buildVit({ ...size, blocks, qkv: 'separate' }));
    expect(found.map((block) => [block.heads, block.queryKey!.units, block.value!.units, block.ffn[0].units])).toEqual([
      [3, 12, 18, 40],
      [3, 24, 6, 20],
    ]);
  });

  it('finds DeiT-Tiny as it was published', () => {
    const analysis = analyzed(buildVit(DEIT_TINY));
    expect(analysis.blocks.map(({ heads }) => heads)).toEqual(Array(12).fill(3));
    expect(new Set(analysis.groups.map(({ kind, units }) => `${kind} ${units}`))).toEqual(
      new Set(['query-key 192', 'value 192', 'ffn 768', 'residual 192']),
    );
  });
});

const FORMS: readonly Partial<EncoderOptions>[] = [
  {},
  { order: 'pre-norm' },
  { norm: 'decomposed' },
  { gelu: 'operator' },
  { attentionScale: 'shape' },
  { qkv: 'sliced' },
  { linear: 'gemm' },
  { targets: 'shape' },
  { biases: 'equal' },
  { biases: 'shared' },
  { biases: 'identity' },
  { weights: 'constants' },
  { labels: 'tied' },
];

describe('analyze, on an encoder', () => {
  const expected = {
    'blocks.0.query-key': [24, 3],
    'blocks.0.value': [24, 3],
    'blocks.0.ffn': [32, 1],
    'blocks.1.query-key': [24, 3],
    'blocks.1.value': [24, 3],
    'blocks.1.ffn': [32, 1],
    residual: [24, 1],
  };

  it.each(FORMS.map((form) => [JSON.stringify(form), form] as const))(
    'finds the same groups in the form %s',
    (_, form) => {
      expect(widthsOf(analyzed(buildEncoder({ ...ENCODER, ...form })))).toEqual(expected);
    },
  );

  it('looks at no names', () => {
    expect(widthsOf(analyzed(withoutNames(buildEncoder(ENCODER))))).toEqual(expected);
  });
});

it('tells attentions apart where a table of positions makes every position one of its own', async () => {
  const path = fileURLToPath(new URL('../../../examples/shapes/vit-shapes.onnx', import.meta.url));
  const { blocks } = analyzed(await readModel(path));
  expect(blocks.map(({ heads, queryKey, value, ffn }) => [heads, queryKey?.units, value?.units, ffn.length])).toEqual(
    Array(6).fill([3, 96, 96, 1]),
  );
});

/** Blocks, heads, neurons per head and hidden neurons that the architectures are published with. */
const ARCHITECTURES: Record<string, readonly [blocks: number, heads: number, width: number, ffn: number]> = {
  'deit_tiny_patch16_224.onnx': [12, 3, 64, 768],
  'deit_tiny_dynamo_opset23.onnx': [12, 3, 64, 768],
};

const shared = sharedModels();
if (shared.length === 0) console.warn('skipped: analysis of real exports, because ../shared is missing');

describe.skipIf(shared.length === 0).each(shared)('analyze, on $file', ({ path, file }) => {
  it('finds the same with and without names, and a reason for all that is frozen', async () => {
    const model = await readModel(path);
    const named = analyzed(model);
    const nameless = analyzed(withoutNames(model));
    expect(widthsOf(nameless)).toEqual(widthsOf(named));
    expect(nameless.frozen.length).toBe(named.frozen.length);
    for (const { reason } of named.frozen) expect(reason.reason).toMatch(/\w+ \w+/);
    const known = ARCHITECTURES[file];
    if (!known) return;
    const [blocks, heads, width, ffn] = known;
    expect(named.blocks.length).toBe(blocks);
    for (const block of named.blocks) {
      expect([block.heads, block.queryKey!.units, block.value!.units, block.ffn[0].units]).toEqual([
        heads,
        heads * width,
        heads * width,
        ffn,
      ]);
    }
  });
});
