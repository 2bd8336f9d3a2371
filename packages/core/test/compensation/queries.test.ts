import { cloneModel, type Model } from '@snp/onnx';
import { readModel } from '@snp/onnx/node';
import { onnxRuntime, tensors } from '@snp/runtime';
import { buildEncoder, buildVit, type Feeds, type InputSpec, inputs, runModel, sharedModels } from '@snp/testing';
import { describe, expect, it } from 'vitest';
import { compensated } from '../support/compensated.js';
import {
  type Analysis,
  type CompensationKind,
  criterionByName,
  type PruneResult,
  prepare,
  prune,
} from '../support/core.js';
import { difference } from '../support/equivalence.js';

const SIZE = { residual: 24, depth: 2, heads: 3, blocks: { queryKey: 8, value: 8, ffn: 32 } } as const;
const IMAGE: InputSpec[] = [{ name: 'input', dtype: 'float', shape: [1, 3, 16, 16], fill: 'normal' }];
const TOKENS: InputSpec[] = [
  { name: 'input_ids', dtype: 'int64', shape: [1, 9], fill: 'randint:40' },
  { name: 'attention_mask', dtype: 'int64', shape: [1, 9], fill: 'ones' },
];
const vit = { ...SIZE, image: 16, patch: 4, classes: 7 } as const;
const encoder = { ...SIZE, vocabulary: 40, positions: 16, labels: 5 } as const;

const MODELS: readonly (readonly [string, () => Model, InputSpec[]])[] = [
  ['a fused projection', () => buildVit({ ...vit, qkv: 'fused' }), IMAGE],
  ['separate projections', () => buildVit({ ...vit, qkv: 'separate' }), IMAGE],
  ['a projection cut by slices', () => buildEncoder({ ...encoder, qkv: 'sliced' }), TOKENS],
  ['Gemm with transposed weights', () => buildEncoder({ ...encoder, linear: 'gemm' }), TOKENS],
  ['a scale computed from the shape', () => buildEncoder({ ...encoder, attentionScale: 'shape' }), TOKENS],
];

function samples(specs: readonly InputSpec[]) {
  return tensors(async function* () {
    for (let seed = 0; seed < 30; seed++) yield inputs(specs, { seed });
  });
}

function pruned(
  model: Model,
  specs: readonly InputSpec[],
  compensation: 'none' | 'ridge' | 'full',
): Promise<PruneResult> {
  return prune(model, {
    ratios: { 'query-key': 0.5 },
    criterion: criterionByName('l2'),
    calibration: samples(specs),
    compensation,
    runtime: onnxRuntime(),
  });
}

/** Queries and keys of a block, [heads x tokens, width] each, with the unit at each position of every head. */
async function pairs(analysis: Analysis, feeds: Feeds) {
  const group = analysis.blocks[0].queryKey!;
  const sites = ['query', 'key'].map((role) => group.sites.find((site) => site.role === role)!);
  const copy = cloneModel(analysis.model);
  const names = sites.map(({ value }) => value.name);
  for (const name of names) {
    const value = copy.graph.value(name);
    value.type = { elementType: 'FLOAT', shape: undefined };
    copy.graph.outputs.push(value);
  }
  const outputs = await runModel(copy, feeds, names);
  return sites.map((site, at) => {
    const { dims, data } = outputs[names[at]];
    const width = site.unitAt.length / site.lanes;
    const tokens = dims.reduce((product, dim) => product * dim, 1) / width / site.lanes;
    const stride = dims.slice(site.axis + 1).reduce((product, dim) => product * dim, 1);
    return (head: number, token: number, unit: number) => {
      const i = site.unitAt.indexOf(unit) % width;
      // [1, heads, tokens, width] or, for keys, [1, heads, width, tokens].
      return (data as Float32Array)[head * width * tokens + (stride === 1 ? token * width + i : i * tokens + token)];
    };
  });
}

/** Squared difference of all attention scores, those of one head after the other. */
async function scoreError(
  original: Analysis,
  changed: Analysis,
  keep: readonly number[],
  feeds: Feeds,
  tokens: number,
): Promise<number> {
  const group = original.blocks[0].queryKey!;
  const [[q, k], [q2, k2]] = [await pairs(original, feeds), await pairs(changed, feeds)];
  let error = 0;
  for (let head = 0; head < 3; head++) {
    const all = [...group.laneOf.keys()].filter((unit) => group.laneOf[unit] === head);
    const kept = all.filter((unit) => keep.includes(unit));
    for (let s = 0; s < tokens; s++) {
      for (let t = 0; t < tokens; t++) {
        const want = all.reduce((sum, unit) => sum + q(head, s, unit) * k(head, t, unit), 0);
        const got = kept.reduce((sum, unit) => sum + q2(head, s, unit) * k2(head, t, unit), 0);
        error += (want - got) ** 2;
      }
    }
  }
  return error;
}

describe.each(MODELS)('queries of %s', (_, build, specs) => {
  it('come closer to the attention scores than picking alone, and by mixing closer still, on other data too', async () => {
    const model = build();
    const original = prepare(model);
    const result = await pruned(model, specs, 'ridge');
    const full = await pruned(model, specs, 'full');
    expect(
      result.report.groups.filter(({ removed }) => removed.length > 0).map(({ compensation }) => compensation),
    ).toEqual(['done', 'done']);
    const of = (own: PruneResult, kind: CompensationKind) =>
      compensated(model, own.plan, { kind, calibration: samples(specs), runtime: onnxRuntime() });
    const [byRidge, byMixing] = [await of(result, 'ridge'), await of(full, 'full')];
    const { keep } = result.plan.groups['blocks.0.query-key'];
    const tokens = specs === IMAGE ? 17 : 9;
    for (const seed of [500, 501]) {
      const feeds = inputs(specs, { seed });
      const [picked, mixed] = [
        await scoreError(original, original, keep, feeds, tokens),
        await scoreError(original, byRidge, keep, feeds, tokens),
      ];
      expect(mixed).toBeLessThan(picked);
      const slots = full.plan.groups['blocks.0.query-key'].keep;
      expect(await scoreError(original, byMixing, slots, feeds, tokens)).toBeLessThan(mixed);
    }
  });

  it.each(['ridge', 'full'] as const)('leave with %s a model that equals its masked self', async (compensation) => {
    const [model, calibration] = [build(), samples(specs)];
    const { plan } = await pruned(model, specs, compensation);
    const own = await compensated(model, plan, { kind: compensation, calibration, runtime: onnxRuntime() });
    expect(await difference(own, plan, inputs(specs, { seed: 9 }))).toBeLessThan(1e-4);
  });
});

const shared = sharedModels().filter(({ file }) => /rope|eva02|modernbert/.test(file));
if (shared.length === 0) console.warn('skipped: queries with rotary embedding, because ../shared is missing');

describe.skipIf(shared.length === 0).each(shared)('queries of $file', ({ path, inputs: specs }) => {
  it('with a rotary embedding are left alone, with the reason', async () => {
    const model = await readModel(path);
    const groups = prepare(model).groups.filter(({ kind }) => kind === 'query-key');
    if (groups.length === 0) return; // frozen: nothing to recover
    const { report } = await pruned(model, specs, 'ridge');
    for (const { removed, compensation } of report.groups)
      if (removed.length > 0) expect(compensation).not.toBe('done');
  });
});
