import type { Analysis } from '@snp/graph';
import type { Value } from '@snp/onnx';
import { tensors } from '@snp/runtime';
import {
  AttentionModel,
  buildSpelled,
  type Feeds,
  PLAIN_ATTENTION,
  PLAIN_SPELLED,
  PLAIN_SPELLED_BLOCK,
  random,
  relativeError,
  runModel,
} from '@snp/testing';
import { describe, expect, it } from 'vitest';
import {
  apply,
  applyPlan,
  CacheForms,
  calibrateModel,
  checkPlan,
  costByPart,
  costOf,
  maskedModel,
  prepare,
  prune,
  removedSlices,
  sweep,
} from '../support/core.js';
import { compareOutputs, randomPlan, withoutHeadsAndBranches } from '../support/equivalence.js';

/** A decoder with keys and values of the past as inputs, all as outputs. */
function decoder(form: 'plain' | 'rotated' | 'grouped', blocks = 2): AttentionModel {
  const own = new AttentionModel(7, 1);
  const { builder } = own;
  const add = (a: Value, b: Value) => builder.op('', 'Add', [a, b]);
  const lengths = form === 'grouped' ? own.whole('lengths', 'INT32', [1], [own.past + own.tokens - 1]) : undefined;
  const total = form === 'grouped' ? own.whole('total', 'INT32', [], [own.past + own.tokens]) : undefined;
  const positions = form === 'rotated' ? own.whole('positions', 'INT64', [1, own.tokens], [2, 3, 4]) : undefined;
  let x = own.stream();
  for (let block = 0; block < blocks; block++) {
    const [heads, keyHeads, size] = form === 'grouped' ? [4, 2, 16] : [2, 2, 4];
    const [q, k, v] = [heads, keyHeads, keyHeads].map((count) => own.linear(x, own.width, count * size));
    const names = [`${block}.key`, `${block}.value`];
    const past = names.map((name) => own.cache(name, keyHeads, size));
    let mixed: Value;
    let present: Value[];
    if (form === 'grouped') {
      const inputs = [q, k, v, ...past, lengths, total];
      [mixed, ...present] = own.node('GroupQueryAttention', 'com.microsoft', inputs, 3, {
        num_heads: heads,
        kv_num_heads: keyHeads,
      });
    } else {
      const [queries, ...parts] = [q, k, v].map((part) => own.apart(part, heads, size));
      const angles = [0, 1].map(() => own.weight([9, size / 2]));
      const rotate = (part: Value) =>
        form === 'rotated' ? builder.op('', 'RotaryEmbedding', [part, ...angles, positions]) : part;
      parts[0] = rotate(parts[0]);
      present = parts.map((part, at) => builder.op('', 'Concat', [past[at], part], { axis: 2 }));
      const keys = builder.op('', 'Transpose', [present[0]], { perm: [0, 1, 3, 2] });
      const map = builder.op('', 'Softmax', [builder.op('', 'MatMul', [rotate(queries), keys])]);
      mixed = own.together(builder.op('', 'MatMul', [map, present[1]]), heads * size);
    }
    for (const [at, name] of names.entries()) own.present(present[at], name, keyHeads, size);
    x = add(x, own.linear(mixed, heads * size, own.width));
    const hidden = builder.op('', 'Relu', [own.linear(x, own.width, 10)]);
    x = add(x, own.linear(hidden, 10, own.width));
  }
  own.finish(x, own.width);
  return own;
}

const ids = ({ groups }: Analysis) => groups.map(({ id }) => id).sort();

describe.each(['plain', 'rotated', 'grouped'] as const)('keys and values of the past, %s', (form) => {
  const { builder, feeds } = decoder(form);
  const whole = prepare(builder.model);
  const narrow = prepare(builder.model, { narrowCache: true });

  it('keep their form, and all else can be pruned', async () => {
    expect(ids(whole)).toEqual(['blocks.0.ffn', 'blocks.1.ffn', 'residual']);
    const reasons = whole.frozen.map(({ reason }) => reason.reason);
    expect(reasons).toContain(
      "keys leave through the output 'present.0.key' and come back through an input: other programs feed them; --narrow-cache cuts them on both sides",
    );
    const plan = randomPlan(whole, () => true, 0.5, 3);
    const want = await runModel(maskedModel(whole.model, removedSlices(plan, whole)), feeds);
    const got = await runModel(applyPlan(whole, plan), feeds);
    expect(compareOutputs(Object.values(got), Object.values(want))).toBeLessThan(1e-5);
  });

  it.each([0, 1, 2])('become narrower together if asked for, and serve the runs after (plan %i)', async (seed) => {
    const neurons = randomPlan(narrow, () => seed !== 1, 0.5, seed);
    const plan = seed === 0 ? neurons : withoutHeadsAndBranches(neurons, narrow, { heads: 0.5, branches: 1 }, seed);
    const forms = new CacheForms(narrow, plan);
    const [full, cut] = [maskedModel(narrow.model, removedSlices(plan, narrow)), applyPlan(narrow, plan)];
    let fed = { full: forms.masked(feeds) as Feeds, cut: forms.narrowed(feeds) as Feeds };
    let past = 2;
    for (let step = 0; step < 3; step++) {
      const [want, got] = [await runModel(full, fed.full), await runModel(cut, fed.cut)];
      expect(got['present.0.key'].data.length).toBeLessThan(want['present.0.key'].data.length);
      expect(compareOutputs(Object.values(got), Object.values(forms.narrowed(want) as Feeds))).toBeLessThan(1e-5);
      past += 3;
      fed = { full: next(fed.full, want, past), cut: next(fed.cut, got, past) };
    }
  });
});

/** Inputs of the run after: what was present is past. */
function next(feeds: Feeds, answers: Feeds, past: number): Feeds {
  const caches = Object.keys(answers).filter((name) => name.startsWith('present.'));
  const counts = feeds.lengths && {
    lengths: { ...feeds.lengths, data: Int32Array.of(past + 2) },
    total: { ...feeds.total, data: Int32Array.of(past + 3) },
  };
  return {
    ...feeds,
    ...(counts as Feeds | undefined),
    ...Object.fromEntries(caches.map((name) => [name.replace('present', 'past'), answers[name]])),
  };
}

describe('blocks of a model with a cache', () => {
  it.each([4, 2, 1])(
    'have their heads and equal costs, whether keys and values may be cut or not (%i of keys)',
    (shared) => {
      const attention = { ...PLAIN_ATTENTION, heads: 4, keyHeads: shared, cache: 'concat' as const };
      const block = { ...PLAIN_SPELLED_BLOCK, attention };
      const { model } = buildSpelled({ ...PLAIN_SPELLED, blocks: [block, block, block] });
      const [kept, cut] = [false, true].map((narrowCache) => prepare(model, { narrowCache }));
      for (const analysis of [kept, cut]) {
        expect(analysis.blocks.map(({ heads, keyHeads }) => [heads, keyHeads])).toEqual(Array(3).fill([4, shared]));
        const { blocks, front, behind } = costByPart(analysis);
        expect(new Set(blocks.map(({ macs }) => macs)).size).toBe(1);
        expect(new Set(blocks.map(({ params }) => params)).size).toBe(1);
        const all = [front, ...blocks, behind].reduce((sum, { macs }) => sum + macs, 0);
        expect(all).toBe(costOf(analysis.model).macs);
      }
      expect(kept.groups.some(({ kind }) => kind === 'value')).toBe(false);
      expect(cut.groups.some(({ kind }) => kind === 'value')).toBe(true);
    },
  );
});

describe('a narrowed cache, of a model calibrated as it is prefilled', () => {
  const { builder } = decoder('plain', 1);
  const draw = random(3);
  const tokens = (count: number) => ({
    type: 'FLOAT' as const,
    dims: [1, count, 5],
    data: Float32Array.from({ length: 5 * count }, () => draw.normal()),
  });
  const empty = (width: number) => ({ type: 'FLOAT' as const, dims: [1, 2, 0, width], data: new Float32Array() });
  const samples = Array.from({ length: 64 }, () => ({
    x: tokens(6),
    'past.0.key': empty(4),
    'past.0.value': empty(4),
  }));
  const pruned = prune(builder.model, {
    ratios: { 'query-key': 0.5, value: 0.5 },
    calibration: tensors(() => samples, { count: samples.length }),
    narrowCache: true,
  });

  it('is compensated, refitted and compared like any other model', async () => {
    const { report } = await pruned;
    expect(
      report.groups.flatMap(({ kind, compensation }) => (compensation ? [`${kind}: ${compensation}`] : [])),
    ).toEqual(['query-key: done', 'value: done']);
    expect(report.fidelity!.samples).toBeGreaterThan(0);
    expect(report.seconds.reconstruct).toBeGreaterThan(0);
    expect(report.warnings.filter((warning) => /past/.test(warning))).toEqual([]);
  });

  it('holds mixtures: with it the model answers what it answers without', async () => {
    const { model } = await pruned;
    const all = tokens(6);
    const part = (from: number, to: number) => ({
      ...all,
      dims: [1, to - from, 5],
      data: all.data.slice(5 * from, 5 * to),
    });
    const none = { 'past.0.key': empty(2), 'past.0.value': empty(2) };
    const whole = await runModel(model, { x: all, ...none });
    const first = await runModel(model, { x: part(0, 4), ...none });
    const past = { 'past.0.key': first['present.0.key'], 'past.0.value': first['present.0.value'] };
    const rest = await runModel(model, { x: part(4, 6), ...past });
    expect(relativeError(rest.y.data as Float32Array, (whole.y.data as Float32Array).slice(4 * 4))).toBeLessThan(1e-5);
  });
});

describe('a plan that cuts caches', () => {
  const { builder } = decoder('plain');

  it('says so, and the report tells their new form', async () => {
    const { plan, report, model } = await prune(builder.model, { ratios: { value: 0.5 }, narrowCache: true });
    expect(plan.narrowCache).toBe(true);
    expect(report.forms).toEqual(
      ['input', 'output'].flatMap((role) =>
        [0, 1].map((block) => ({
          name: `${role === 'input' ? 'past' : 'present'}.${block}.value`,
          role,
          before: ['batch', 2, role === 'input' ? 'past' : expect.any(String), 4],
          after: ['batch', 2, role === 'input' ? 'past' : expect.any(String), 2],
        })),
      ),
    );
    expect(model.graph.inputs.find(({ name }) => name === 'past.1.value')?.type?.shape).toEqual([
      'batch',
      2,
      'past',
      2,
    ]);
  });

  it('is applied as it was made, and refused where caches are to stay', async () => {
    const { plan, model } = await prune(builder.model, { ratios: { value: 0.5 }, narrowCache: true });
    const again = await apply(builder.model, plan, {});
    const shapes = (own: typeof model) => own.graph.inputs.map(({ type }) => type?.shape);
    expect(shapes(again.model)).toEqual(shapes(model));
    expect(() => checkPlan(plan, prepare(builder.model))).toThrow(/narrow-cache/);
  });

  it('is swept: each model is timed with the past in its own form', async () => {
    const { builder: own, feeds } = decoder('plain');
    const calibration = tensors([feeds, feeds], { count: 2 });
    const statistics = await calibrateModel(own.model, { calibration, sensitivity: false, narrowCache: true });
    const [point] = await sweep(own.model, {
      statistics,
      budgets: [{ macs: 0.6 }],
      data: calibration,
      narrowCache: true,
    });
    expect(point.cost.after.macs).toBeLessThanOrEqual(0.6 * point.cost.before.macs);
    expect(point.latency.ratio).toBeGreaterThan(0);
    expect(point.fidelity).toBeUndefined();
  });
});
