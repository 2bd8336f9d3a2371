import { encodeModel } from '@snp/onnx';
import { onnxRuntime, tensors } from '@snp/runtime';
import { buildVit, inputs, relativeError, runModel } from '@snp/testing';
import { describe, expect, it } from 'vitest';
import { compensated } from '../support/compensated.js';
import { apply, applyPlan, criterionByName, prune } from '../support/core.js';
import { difference } from '../support/equivalence.js';

describe('prune with recovery', () => {
  const size = {
    image: 16,
    patch: 4,
    residual: 24,
    depth: 2,
    heads: 3,
    blocks: { queryKey: 8, value: 8, ffn: 48 },
    classes: 7,
  };
  const model = buildVit(size);
  const feeds = (seed: number, batch = 1) =>
    inputs([{ name: 'input', dtype: 'float', shape: [1, 3, 16, 16], fill: 'normal' }], { seed, batch });
  const calibration = tensors(async function* () {
    for (let seed = 0; seed < 40; seed++) yield feeds(seed);
  });
  const runtime = onnxRuntime();
  const options = { ratios: { ffn: 0.4, value: 0.25 }, criterion: criterionByName('l2'), calibration, runtime };

  it('comes closer to the original with every kind', async () => {
    const want = await runModel(model, feeds(1000, 16));
    const errors = [];
    for (const compensation of ['none', 'mean', 'ridge'] as const) {
      const { model: pruned } = await prune(model, { ...options, compensation });
      const got = await runModel(pruned, feeds(1000, 16));
      errors.push(relativeError(got.logits.data as Float32Array, want.logits.data as Float32Array));
    }
    expect(errors[2]).toBeLessThan(errors[0]);
    expect(errors[1]).toBeLessThan(errors[0] * 1.05);
    expect(errors[2]).toBeLessThan(errors[1]);
  });

  it('has the operators and shapes of the model without compensation, and equals its masked self', async () => {
    const [plain, ridge] = [
      await prune(model, { ...options, compensation: 'none' }),
      await prune(model, { ...options, compensation: 'ridge' }),
    ];
    expect(ridge.plan.groups).toEqual(plain.plan.groups);
    expect(plain.plan.compensation).toBeUndefined();
    expect(ridge.plan.compensation).toMatchObject({ kind: 'ridge', reconstruct: false, correctBias: false });
    expect(ridge.model.graph.nodes.map((node) => node.op)).toEqual(plain.model.graph.nodes.map((node) => node.op));
    expect(ridge.report.cost.after).toEqual(plain.report.cost.after);
    const own = await compensated(model, ridge.plan, { kind: 'ridge', calibration, runtime });
    expect(await difference(own, ridge.plan, feeds(5, 2))).toBeLessThan(1e-4);
    expect(
      ridge.report.groups.filter(({ removed }) => removed.length > 0).map(({ compensation }) => compensation),
    ).toEqual(Array(4).fill('done'));
  });

  it('gives the same bytes for a plan that was made and for the same plan given, with groups that stay whole', async () => {
    const made = await prune(model, { budget: { macs: 0.7 }, least: { residual: 1, value: 1 }, calibration, runtime });
    const { model: again } = await apply(model, made.plan, { calibration, runtime });
    expect(made.plan.groups.residual).toBeUndefined();
    expect(encodeModel(again)).toEqual(encodeModel(made.model));
  });

  it('says which groups it could do nothing for', async () => {
    const { report } = await prune(model, { ...options, ratios: { 'query-key': 0.5 }, compensation: 'mean' });
    const reasons = report.groups.filter(({ removed }) => removed.length > 0).map(({ compensation }) => compensation);
    expect(reasons).toEqual(Array(2).fill('has no mean compensation for groups of kind query-key'));
  });

  it('by mixing and the surgeon is closer than by picking and ridge, for each kind of group alone and for all', async () => {
    const want = await runModel(model, feeds(1000, 16));
    const error = async (ratios: object, compensation: 'none' | 'ridge' | 'full') => {
      const criterion = compensation === 'full' ? undefined : criterionByName('activation');
      const { model: pruned } = await prune(model, { ...options, ratios: { ...ratios }, compensation, criterion });
      const { logits } = await runModel(pruned, feeds(1000, 16));
      return relativeError(logits.data as Float32Array, want.logits.data as Float32Array);
    };
    const cases = [{ 'query-key': 0.5 }, { value: 0.5 }, { ffn: 0.5 }, { 'query-key': 0.5, value: 0.5, ffn: 0.5 }];
    for (const ratios of cases) {
      const [none, ridge, full] = [
        await error(ratios, 'none'),
        await error(ratios, 'ridge'),
        await error(ratios, 'full'),
      ];
      // Hidden neurons of a model that was never trained are all alike: the surgeon has little to choose.
      expect(full, JSON.stringify(ratios)).toBeLessThan('ffn' in ratios ? 1.1 * ridge : ridge);
      expect(ridge, JSON.stringify(ratios)).toBeLessThan(none);
    }
  });

  it('works for a given plan, and needs data', async () => {
    const first = await prune(model, { ...options, compensation: 'ridge' });
    const again = await apply(model, first.plan, { compensation: 'ridge', calibration, runtime });
    for (const value of first.model.graph.initializers) {
      expect(again.model.graph.value(value.name).tensor!.bytes()).toEqual(value.tensor!.bytes());
    }
    await expect(
      prune(model, { ratios: { ffn: 0.5 }, criterion: criterionByName('l2'), compensation: 'ridge' }),
    ).rejects.toThrow(/give it typical inputs/);
    expect(applyPlan(first.analysis, first.plan).graph.nodes.length).toBe(first.model.graph.nodes.length);
  });
});
