import { type PruneReport, prepare, prune } from '@snp/core';
import { anyUnits, laneWidth, modelContent } from '@snp/core/planning';
import { applyPlan, type Widths } from '@snp/core/stages';
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
import { BRIEF } from './support/protocol.js';

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

/** A target of that device, on which the models of some openings run while the machine is busy. */
function madeUpTarget(isBusy: (opened: number) => boolean = () => false): Target {
  let opened = 0;
  return {
    name: 'made up',
    description: 'made up',
    probe: async () => ({ available: true, runtime: 'none', version: '1' }),
    async open({ path }) {
      const widths = widthsIn(await readModel(path));
      const slower = isBusy(opened++) ? 1.4 : 1;
      return {
        warmsUpItself: true,
        time: async (runs) => Array.from({ length: runs }, () => 20 * latency(widths) * slower),
        footprint: async () => ({}),
        close: async () => undefined,
      };
    },
  };
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
    const target = madeUpTarget((opened) => opened === 33 || opened === 38);
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
});

describe('latency on a target', () => {
  it('is told of two models as the device times them', async () => {
    const narrower = { residual: 36, 'blocks.1.ffn': 40, 'blocks.2.value': 5 };
    const [whole, pruned] = [{}, narrower].map((widths) => applyPlan(analysis, anyUnits(analysis, widths)));
    const told = await latencyOn(madeUpTarget()).compare(whole, pruned);
    const [before, after] = [latency({}), latency(narrower)];
    expect(told.before).toBeCloseTo(20 * before, 3);
    expect(told.after).toBeCloseTo(20 * after, 3);
    expect(told.ratio).toBeCloseTo(after / before, 4);
  });

  it('is learnt from a table that there is, with nothing measured', async () => {
    const unused = { ...madeUpTarget(), open: () => Promise.reject(new Error('It measures.')) };
    const { fullMs, at } = await latencyOn(unused, { table: table(0) }).learn(analysis);
    expect(fullMs).toBe(latency({}));
    for (const { widths, ratio } of table(0).samples) expect(Math.abs(at(widths) / ratio - 1)).toBeLessThan(0.15);
  });

  it('is that of a real runtime', async () => {
    const [whole, narrow] = [
      { queryKey: 64, value: 64, ffn: 768 },
      { queryKey: 4, value: 4, ffn: 48 },
    ].map((blocks) =>
      buildVit({ image: 64, patch: 8, residual: 192, depth: 2, heads: 3, blocks, classes: 10, qkv: 'separate' }),
    );
    const { target, times, clock } = recorded(onnxRuntimeTarget({ threads: 1 }));
    // Without runs to warm up, all that a turn tells counts but its first run.
    const protocol = { ...BRIEF, warmUp: { runs: 0 } };
    const { before, after, ratio } = await latencyOn(target, { protocol }).compare(whole, narrow);
    const [own, ownNarrow] = [...times.values()].map((turns) => medianOf(turns.flatMap(([, ...rest]) => rest)));
    expect(before).toBeCloseTo(own, 3);
    expect(after).toBeCloseTo(ownNarrow, 3);
    expect(ratio).toBeCloseTo(ownNarrow / own, 3);
    // A tenth of the products: what a busy machine adds does not make up for them.
    expect(ratio).toBeLessThan(0.7);
    const told = [...times.values()].flat(2).reduce((sum, time) => sum + time, 0);
    expect(told).toBeLessThanOrEqual(clock());
    expect(told).toBeGreaterThan(0.5 * clock());
  });
});

/** A target with what it told: the times of every turn by the model's name, and how long one waited for them all, in milliseconds. */
function recorded(of: Target): { target: Target; times: Map<string, (readonly number[])[]>; clock: () => number } {
  const times = new Map<string, (readonly number[])[]>();
  let waited = 0;
  const target: Target = {
    ...of,
    async open(model, options) {
      const opened = await of.open(model, options);
      const turns = times.get(model.name) ?? [];
      times.set(model.name, turns);
      return {
        ...opened,
        async time(runs, more) {
          const start = performance.now();
          const told = await opened.time(runs, more);
          waited += performance.now() - start;
          turns.push(told);
          return told;
        },
      };
    },
  };
  return { target, times, clock: () => waited };
}

function medianOf(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}
