import { anyUnits, applyPlan, laneWidth, modelContent, type PruneReport, prepare, prune, type Widths } from '@snp/core';
import { readModel } from '@snp/onnx/node';
import { tensors } from '@snp/runtime';
import { buildVit, inputs, random } from '@snp/testing';
import { describe, expect, it } from 'vitest';
import {
  designPlans,
  fitLatency,
  type LatencyTable,
  latencyOn,
  onnxRuntimeTarget,
  profileWidths,
  type Target,
} from '../src/index.js';

const model = buildVit({
  image: 32,
  patch: 8,
  residual: 48,
  depth: 3,
  heads: 3,
  blocks: { queryKey: 16, value: 16, ffn: 96 },
  classes: 10,
  qkv: 'separate',
});
const analysis = prepare(model);
const widthOf = (widths: Widths, id: string) =>
  widths[id] ?? laneWidth(analysis.groups.find((group) => group.id === id)!);

/** A device made up: a price per FFN neuron in steps of eight, one per query and value neuron, one per residual channel, and a constant. */
function latency(widths: Widths): number {
  const residual = widthOf(widths, 'residual');
  return [0, 1, 2].reduce((sum, block) => {
    const width = (kind: string) => widthOf(widths, `blocks.${block}.${kind}`);
    const ffn = 8 * Math.ceil(width('ffn') / 8);
    return sum + residual * (ffn + 1.5 * 3 * (width('query-key') + width('value'))) * 1e-4;
  }, 0.5);
}

/** Widths as a pruned model has them. */
function widthsIn(pruned: Parameters<typeof prepare>[0]): Widths {
  return Object.fromEntries(prepare(pruned).groups.map((group) => [group.id, laneWidth(group)]));
}

function table(noise: number): LatencyTable {
  const draw = random(3);
  const plans = [{}, ...designPlans(analysis, 24, 1)];
  const samples = plans.map((widths) => ({
    widths,
    ratio: (latency(widths) / latency({})) * (1 + noise * draw.normal()),
  }));
  return {
    format: 'snp-latency',
    version: 1,
    model: modelContent(analysis.model),
    target: 'made up',
    date: '2026-01-01T00:00:00.000Z',
    device: 'none',
    inputs: { batch: 1 },
    fullMs: latency({}),
    samples,
  };
}

describe('a latency model', () => {
  it('foresees a device that it never saw, at widths that were not measured', () => {
    const fitted = fitLatency(analysis, table(0.01));
    const errors = designPlans(analysis, 40, 99).map((widths) =>
      Math.abs(fitted.at(widths) / (latency(widths) / latency({})) - 1),
    );
    errors.sort((a, b) => a - b);
    expect(errors[errors.length >> 1]).toBeLessThan(0.05);
    expect(errors.at(-1)).toBeLessThan(0.15);
  });

  it('is not misled by a machine that is busy for a while', async () => {
    let opened = 0;
    const target: Target = {
      name: 'made up',
      description: 'made up',
      probe: async () => ({ available: true, runtime: 'none', version: '1' }),
      async open({ path }) {
        const widths = widthsIn(await readModel(path));
        const busy = opened === 33 || opened === 38;
        opened++;
        return {
          warmsUpItself: true,
          time: async (runs) => Array.from({ length: runs }, () => 20 * latency(widths) * (busy ? 1.4 : 1)),
          footprint: async () => ({}),
          close: async () => undefined,
        };
      },
    };
    const { samples } = await profileWidths(analysis, target);
    expect(samples.length).toBeGreaterThan(30);
    for (const { widths, ratio } of samples) {
      const own = widthsIn(applyPlan(analysis, anyUnits(analysis, widths)));
      expect(ratio).toBeCloseTo(latency(own) / latency({}), 9);
    }
  });

  it('is refused for another model', () => {
    expect(() => fitLatency(analysis, { ...table(0), model: 'another' })).toThrow(/belongs to another model/);
  });
});

describe('a budget in latency', () => {
  /** Measures as the made-up device does: from the widths of a model that it is given. */
  const source = (bias: number) => ({
    name: 'made up',
    learn: async () => fitLatency(analysis, table(0.01)),
    compare: async (_: unknown, pruned: Parameters<typeof prepare>[0]) => {
      const widths = widthsIn(pruned);
      const ratio = bias * (latency(widths) / latency({}));
      return { before: 1, after: ratio, ratio };
    },
  });

  it.each([1, 1.08, 0.93])('is met by what is measured, however wrong the model is (%f)', async (bias) => {
    const { report, model: pruned } = await prune(model, {
      latency: { share: 0.6, on: source(bias) },
      compensation: 'none',
    });
    const { ratio } = await source(bias).compare(undefined, pruned);
    expect(ratio).toBeLessThanOrEqual(0.6);
    expect(ratio).toBeGreaterThan(0.6 * 0.9);
    expect(report.latency).toMatchObject({ on: 'made up', measured: { ratio }, limit: { share: 0.6 } });
  });

  it('prefers widths that the device likes, also where the model does not know that it does', async () => {
    const odd = (widths: Widths) => analysis.groups.filter(({ id }) => widthOf(widths, id) % 8 !== 0).length;
    const dislikes = {
      ...source(1),
      compare: async (_: unknown, pruned: Parameters<typeof prepare>[0]) => {
        const widths = widthsIn(pruned);
        const ratio = (latency(widths) / latency({})) * (1 + 0.03 * odd(widths));
        return { before: 1, after: ratio, ratio };
      },
    };
    const calibration = tensors(async function* () {
      for (let seed = 0; seed < 12; seed++)
        yield inputs([{ name: 'input', dtype: 'float', shape: [1, 3, 32, 32], fill: 'normal' }], { seed });
    });
    const run = { calibration, latency: { share: 0.7, on: dislikes }, least: { residual: 1 }, holdBack: false };
    const expected = (report: PruneReport) =>
      Object.values(report.planning!.divergence).reduce((sum, own) => sum + own, 0);
    const { report } = await prune(model, run);
    const { report: rounded } = await prune(model, { ...run, round: 8 });
    expect(report.latency!.measured.ratio).toBeLessThanOrEqual(0.7);
    expect(expected(report)).toBeLessThan(1.1 * expected(rounded));
  });

  it('in milliseconds is a share of what the original takes', async () => {
    const { report } = await prune(model, { latency: { ms: 0.7 * latency({}), on: source(1) }, compensation: 'none' });
    expect(report.latency?.limit.share).toBeCloseTo(0.7, 6);
  });

  it('says so where it cannot be met', async () => {
    await expect(prune(model, { latency: { share: 0.01, on: source(1) }, compensation: 'none' })).rejects.toThrow(
      /latency cannot be met/,
    );
    await expect(prune(model, { latency: { share: 1.5, on: source(1) }, compensation: 'none' })).rejects.toThrow(
      /must be a share/,
    );
  });

  it('works on a real runtime from beginning to end', { timeout: 120_000 }, async () => {
    const on = latencyOn(onnxRuntimeTarget({ threads: 1 }), { table: { ...table(0.01) } });
    const whole = applyPlan(analysis, anyUnits(analysis, {}));
    const { before, after, ratio } = await on.compare(whole, whole);
    expect(ratio).toBeCloseTo(after / before, 0);
  });
});
