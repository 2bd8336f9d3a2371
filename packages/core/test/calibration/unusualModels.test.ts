import type { Model } from '@snp/onnx';
import { type Feeds, onnxRuntime, tensors } from '@snp/runtime';
import { relativeError } from '@snp/testing';
import { describe, expect, it } from 'vitest';
import { apply, calibrateModel, prune } from '../support/core.js';
import {
  answeringSequence,
  encoder,
  inHalf,
  ofBatch,
  sequenceFirst,
  tokens,
  withBranch,
  withLoop,
} from '../support/unusualModels.js';

const runtime = onnxRuntime();

/** An odd number of samples, of which two are held back: what is left over of twos and of fours is filled up. */
const SAMPLES = 17;

const idsOnly: typeof tokens = (seed, batch) => ({ input_ids: tokens(seed, batch).input_ids });

/** What a model answers to samples that it was not calibrated with. */
async function answersOf(model: Model, feeds: readonly Feeds[]): Promise<number[]> {
  const session = await runtime.open(model);
  try {
    const answers: number[] = [];
    for (const own of feeds) answers.push(...((await session.run(own)).logits.data as Float32Array));
    return answers;
  } finally {
    await session.close();
  }
}

describe.each<[string, () => Model, { batch?: number; feed?: typeof tokens }]>([
  ['weights and activations of float16', () => inHalf(), {}],
  ['a branch that reads values and weights from outside', withBranch, {}],
  ['a loop that reads weights from outside', withLoop, {}],
  ['a fixed batch of two', () => ofBatch(2), { batch: 2 }],
  ['a stream that begins with an odd number of tokens', sequenceFirst, { feed: idsOnly }],
  ['an answer that is a sequence', answeringSequence, {}],
])('a model with %s', (_, build, { batch = 1, feed = tokens }) => {
  const samples = Array.from({ length: SAMPLES }, (_, seed) => feed(seed) as Feeds);
  const calibration = tensors(samples, { count: SAMPLES });
  const unseen = Array.from({ length: 8 }, (_, seed) => feed(1000 + seed, batch) as Feeds);

  it('goes through all stages, and comes closer to the original than without recovery', async () => {
    const model = build();
    const stages = new Set<string>();
    const onProgress = ({ step }: { step: string }) => void stages.add(step);
    const full = await prune(model, { budget: { macs: 0.6 }, calibration, runtime, onProgress });
    expect([...stages]).toEqual(
      expect.arrayContaining(['calibrate', 'solve', 'probe', 'recover', 'reconstruct', 'compare', 'verify']),
    );
    expect(full.report.warnings.filter((warning) => !warning.startsWith('Nothing is followed into'))).toEqual([]);
    expect(full.report.calibration.samples).toBe(SAMPLES - 2);
    // Two samples of seven tokens each.
    expect(full.report.fidelity!.samples).toBe(2);
    const { compensation: _, ...plan } = full.plan;
    const plain = await apply(model, plan, { runtime });
    const want = await answersOf(model, unseen);
    const [recovered, cut] = [await answersOf(full.model, unseen), await answersOf(plain.model, unseen)];
    expect(relativeError(recovered, want)).toBeLessThan(relativeError(cut, want));
  });
});

describe.each<[string, () => Model, typeof tokens]>([
  ['weights and activations of float16', () => inHalf(), tokens],
  ['a fixed batch of four', () => ofBatch(4), tokens],
  ['a stream that begins with an odd number of tokens', sequenceFirst, idsOnly],
])('a model with %s', (_, build, feed) => {
  it('loses channels of the stream, with the types of all weights as they were', async () => {
    const model = build();
    const calibration = tensors(Array.from({ length: 7 }, (_, seed) => feed(seed) as Feeds));
    const ratios = { residual: 0.25, ffn: 0.25, value: 0.25, 'query-key': 0.25 };
    const { model: pruned, report } = await prune(model, { ratios, calibration, runtime });
    expect(report.warnings).toEqual([]);
    const before = new Map(model.graph.initializers.map(({ name, tensor }) => [name, tensor!.dataType]));
    for (const { name, tensor } of pruned.graph.initializers)
      if (before.has(name)) expect(tensor!.dataType, name).toBe(before.get(name));
    expect(report.cost.after.params).toBeLessThan(0.85 * report.cost.before.params);
  });
});

describe('statistics of a model that takes two samples at a time', () => {
  const samples = Array.from({ length: 5 }, (_, seed) => tokens(seed) as Feeds);
  const gather = (model: Model) =>
    calibrateModel(model, { calibration: tensors(samples), runtime, sensitivity: false });

  it('are those of the model that takes any number, what the last batch is filled up with left out', async () => {
    const [fixed, free] = [await gather(ofBatch(2)), await gather(encoder())];
    expect(fixed.samples).toBe(5);
    expect(free.groups.size).toBeGreaterThan(0);
    for (const [id, { secondMoments: want, pairMoments: pairs }] of free.groups) {
      const { secondMoments: got, pairMoments } = fixed.groups.get(id)!;
      if (want) expect(got!.count).toBeCloseTo(want.count, 9);
      if (want) expect(relativeError(got!.products, want.products)).toBeLessThan(1e-6);
      if (pairs) expect(relativeError(pairMoments!.queries[0], pairs.queries[0])).toBeLessThan(1e-6);
    }
    for (const [name, { rows, sums }] of free.outputs) {
      expect(fixed.outputs.get(name)!.rows).toBeCloseTo(rows, 9);
      expect(relativeError(fixed.outputs.get(name)!.sums, sums)).toBeLessThan(1e-6);
    }
  });
});

describe('statistics of a model of float16', () => {
  it('are near those of the model of float32', async () => {
    const calibration = tensors(Array.from({ length: 6 }, (_, seed) => tokens(seed) as Feeds));
    const gather = (model: Model) => calibrateModel(model, { calibration, runtime, sensitivity: false });
    const [half, single] = [await gather(inHalf()), await gather(encoder())];
    for (const [id, { secondMoments, streamMoments }] of single.groups) {
      const got = half.groups.get(id)!;
      if (secondMoments)
        expect(relativeError(got.secondMoments!.products, secondMoments.products), id).toBeLessThan(0.01);
      for (const [at, { products }] of (streamMoments ?? []).entries())
        expect(relativeError(got.streamMoments![at].products, products), id).toBeLessThan(0.01);
    }
  });
});

describe('data that do not fit', () => {
  const sized = (rows: number): Feeds => tokens(1, rows) as Feeds;

  it('are told with what fits, of a model of a fixed batch', async () => {
    const data = tensors([sized(3)]);
    await expect(
      prune(ofBatch(2), { ratios: { ffn: 0.5 }, calibration: data, runtime, verify: false }),
    ).rejects.toThrow("input 'input_ids' must have shape [2, 7], but has [3, 7]");
  });

  it('may be whole batches', async () => {
    const data = tensors([sized(2), sized(2)]);
    const { report } = await prune(ofBatch(2), { ratios: { ffn: 0.5 }, calibration: data, runtime });
    expect(report.warnings.filter((warning) => !warning.startsWith('Too few'))).toEqual([]);
  });
});
