import { encodeModel, type Model } from '@snp/onnx';
import { onnxRuntime, tensors } from '@snp/runtime';
import { describe, expect, it } from 'vitest';
import {
  apply,
  calibrateModel,
  criterionByName,
  type LatencySource,
  type Plan,
  type PruneOptions,
  prune,
} from '../support/core.js';
import { branches, heads } from '../support/plugins.js';
import { smallVit, smallVitFeeds } from '../support/smallVit.js';

const runtime = onnxRuntime();
const model = smallVit();
const samples = (first = 0, count = 24) =>
  tensors(() => Array.from({ length: count }, (_, seed) => smallVitFeeds(first + seed)), { count });
const calibration = samples();

/** As a file would hold it. */
const saved = (plan: Plan): unknown => JSON.parse(JSON.stringify(plan));

const sizeOf = (own: Model) => own.graph.initializers.reduce((sum, { tensor }) => sum + tensor!.size, 0);

/** A device on which latency is the number of weights. */
const device: LatencySource = {
  name: 'by weights',
  learn: async () => ({
    fullMs: 10,
    at: (widths) => 1 - Object.values(widths).reduce((sum, width) => sum + 0.2 / (8 + width), 0),
  }),
  async compare(original, pruned) {
    const ratio = sizeOf(pruned) / sizeOf(original);
    return { before: 10, after: 10 * ratio, ratio };
  },
};

describe('a plan that is applied again', () => {
  it.each<[string, PruneOptions]>([
    ['nothing compensated', { ratios: { ffn: 0.5, value: 0.25 } }],
    ['means', { ratios: { ffn: 0.5, value: 0.25 }, compensation: 'mean', calibration }],
    [
      'ridge, and a criterion that looks at activations',
      {
        ratios: { ffn: 0.5, 'query-key': 0.5 },
        compensation: 'ridge',
        criterion: criterionByName('activation'),
        calibration,
      },
    ],
    ['everything, by ratios', { ratios: { ffn: 0.5, value: 0.25, 'query-key': 0.25, residual: 0.25 }, calibration }],
    ['everything, by a budget', { budget: { macs: 0.6 }, calibration }],
    [
      'a criterion of hidden neurons beside a budget',
      { budget: { params: 0.7 }, criterion: criterionByName('l2'), calibration },
    ],
    [
      'no reconstruction, nothing held back, three samples at a time',
      { budget: { macs: 0.7 }, reconstruct: false, holdBack: false, batchSize: 3, calibration },
    ],
    ['heads and blocks that a budget chose', { budget: { macs: 0.6 }, plugins: [heads, branches], calibration }],
    ['heads that a ratio took', { ratios: { head: 0.5 }, plugins: [heads], calibration }],
    ['a latency', { latency: { on: device, share: 0.8 }, calibration }],
  ])('gives the same bytes: %s', async (_, options) => {
    const made = await prune(model, { ...options, runtime });
    expect(made.report.cost.after.params).toBeLessThan(made.report.cost.before.params);
    const again = await apply(model, saved(made.plan), { calibration: options.calibration, runtime });
    expect(encodeModel(again.model)).toEqual(encodeModel(made.model));
    expect(again.plan).toEqual(made.plan);
    expect(again.report.warnings).toEqual([]);
  });

  it('gives the same bytes with statistics in place of data', async () => {
    const statistics = await calibrateModel(model, { calibration, runtime });
    for (const data of [undefined, calibration]) {
      const made = await prune(model, { budget: { macs: 0.6 }, statistics, calibration: data, runtime });
      const again = await apply(model, saved(made.plan), { statistics, calibration: data, runtime });
      expect(encodeModel(again.model)).toEqual(encodeModel(made.model));
      expect(again.plan).toEqual(made.plan);
    }
  });

  it('is refused without the data that it needs, and cut alone where that is asked for, with a warning', async () => {
    const { plan } = await prune(model, { budget: { macs: 0.6 }, calibration, runtime });
    await expect(apply(model, saved(plan), { runtime })).rejects.toMatchObject({
      code: 'calibration',
      message: expect.stringMatching(/21 calibration samples: give them .*--compensation none/),
    });
    const cut = await apply(model, saved(plan), { compensation: 'none', runtime });
    expect(cut.plan.compensation).toBeUndefined();
    expect(cut.report.warnings).toEqual([expect.stringMatching(/only cut: nothing makes up for what leaves/)]);
  });

  it('says so where the data are others', async () => {
    const { plan } = await prune(model, { budget: { macs: 0.6 }, calibration, runtime });
    const { report } = await apply(model, saved(plan), { calibration: samples(100), runtime });
    expect(report.warnings).toEqual([expect.stringMatching(/calibration data are not those/)]);
  });

  it('may be of version 1', async () => {
    const made = await prune(model, { ratios: { ffn: 0.5 }, calibration, runtime });
    const { compensation: _, tool: __, ...rest } = made.plan;
    const old = { ...rest, version: 1, recovery: 'full' };
    const again = await apply(model, old, { calibration, runtime });
    expect(encodeModel(again.model)).toEqual(encodeModel(made.model));
    await expect(apply(model, { ...old, version: 3 }, { runtime })).rejects.toThrow(/version 3.*versions 1 and 2/);
    await expect(apply(model, { ...made.plan, compensation: { kind: 'magic' } }, { runtime })).rejects.toThrow(
      /"kind"/,
    );
  });
});
