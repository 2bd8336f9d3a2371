import { cloneModel, encodeModel, type Model, SnpError, Tensor } from '@snp/onnx';
import { type Calibration, onnxRuntime, tensors } from '@snp/runtime';
import { describe, expect, it } from 'vitest';
import { apply, type PruneOptions, prune, renderReport, type Tuned, type Tuner } from '../support/core.js';
import { smallVit, smallVitFeeds } from '../support/smallVit.js';

const runtime = onnxRuntime();
const original = smallVit();
const calibration = tensors(() => Array.from({ length: 24 }, (_, seed) => smallVitFeeds(seed)), { count: 24 });
const options: PruneOptions = { budget: { macs: 0.7 }, calibration, runtime };

const outcome: Omit<Tuned, 'model'> = {
  before: { loss: 0.5, agreement: 0.75 },
  after: { loss: 0.25, agreement: 0.875 },
  better: true,
  steps: 12,
  epochs: 3,
  samples: { trained: 13, heldBack: 8 },
  rate: 1e-4,
  history: [
    { loss: 0.375, agreement: 0.75, epoch: 1.5, seconds: 1 },
    { loss: 0.25, agreement: 0.875, epoch: 3, seconds: 2 },
  ],
};

/** Trains by changing a copy as it is told. */
function changing(change: (copy: Model) => void): Tuner & { seen: Parameters<Tuner['tune']>[] } {
  const seen: Parameters<Tuner['tune']>[] = [];
  return {
    seen,
    recipe: { epochs: 3, seed: 1 },
    async tune(...given) {
      seen.push(given);
      const model = cloneModel(given[0]);
      change(model);
      return { model, ...outcome };
    },
  };
}

/** Moves all weights a little. */
const trained = () =>
  changing(({ graph }) => {
    for (const value of graph.initializers) {
      const { tensor } = value;
      if (tensor?.dataType !== 'FLOAT' || tensor.size < 2) continue;
      const numbers = (tensor.numbers() as Float32Array).map((own, at) => own * (1 + 0.01 * Math.sin(at)));
      value.tensor = Tensor.float32(tensor.dims, numbers);
    }
  });

const bytes = ({ model }: { model: Model }) => Buffer.concat(encodeModel(model));

describe('training as the last stage', () => {
  it('gives the trained model, proven, with what training said and a plan that trains again', async () => {
    const tune = trained();
    const plain = await prune(original, options);
    const result = await prune(original, { ...options, tune });
    const [[pruned, { teacher, data, validation }]] = tune.seen;
    expect(validation).toBeUndefined();
    expect(bytes({ model: pruned })).toEqual(bytes(plain));
    expect(encodeModel(teacher)).toEqual(encodeModel(original));
    const names: string[] = [];
    for await (const { name } of data.samples()) names.push(name);
    expect(names).toHaveLength(21);
    expect(bytes(result)).not.toEqual(bytes(plain));
    expect(result.report.verified).toMatchObject({ passed: true });
    expect(result.report.tuning).toEqual({ ...outcome, fidelityBefore: plain.report.fidelity });
    // Weights that were shaken are no better than before, which is said.
    expect(result.report.fidelity!.divergence).toBeGreaterThan(plain.report.fidelity!.divergence);
    expect(result.report.warnings.join()).toMatch(
      /Training made the answers no better on held-back samples that chose nothing/,
    );
    expect(result.report.fidelity).not.toEqual(plain.report.fidelity);
    expect(result.plan.tuning).toEqual({ epochs: 3, seed: 1 });
    expect(renderReport(result.report)).toMatch(/<h2>Tuning<\/h2>[\s\S]*went from 0\.5 to 0\.25/);
    const plan = JSON.parse(JSON.stringify(result.plan));
    expect(bytes(await apply(original, plan, { calibration, runtime, tune }))).toEqual(bytes(result));
    const cut = await apply(original, plan, { calibration, runtime });
    expect(bytes(cut)).toEqual(bytes(plain));
    expect(cut.report.warnings.join()).toMatch(/was trained afterwards; this one was not/);
    expect(cut.plan.tuning).toBeUndefined();
  });

  it('chooses by one half of what is held back, and reports on the other', async () => {
    const many = {
      ...tensors(() => Array.from({ length: 248 }, (_, seed) => smallVitFeeds(seed)), { count: 248 }),
      pictures: true,
    };
    const tune = trained();
    const result = await prune(original, { ...options, calibration: many, tune });
    const [[, { data, validation }]] = tune.seen;
    const namesOf = async (own: Calibration | undefined) => {
      const names: number[] = [];
      for await (const { name } of own!.samples()) names.push(Number(name));
      return names;
    };
    const held = Array.from({ length: 31 }, (_, at) => 8 * at + 7);
    const all = await namesOf(many);
    expect(await namesOf(validation)).toEqual(held.filter((_, at) => at % 2 === 0).map((at) => all[at]));
    expect(await namesOf(data)).toEqual(all.filter((_, at) => at % 8 !== 7));
    expect([data.pictures, validation!.pictures, validation!.count]).toEqual([true, true, 16]);
    expect(result.report.fidelity!.samples).toBe(15);
    expect(result.report.tuning!.fidelityBefore!.samples).toBe(15);
  });

  it('leaves the pruned model where nothing better was found', async () => {
    const tune: Tuner = { recipe: {}, tune: async () => ({ ...outcome, model: undefined, better: false }) };
    const result = await prune(original, { ...options, tune });
    expect(bytes(result)).toEqual(bytes(await prune(original, options)));
    expect(result.report.tuning).toMatchObject({ better: false });
    expect(renderReport(result.report)).toMatch(/nothing better was found/);
  });

  it.each<[string, Tuner, RegExp]>([
    [
      'it has another structure',
      changing(({ graph }) => {
        const [output] = graph.outputs;
        const [changed] = graph.addNode({ op: 'Tanh', inputs: [output], outputs: ['changed'] }).outputs;
        changed!.type = output.type;
        graph.outputs.splice(0, 1, changed!);
      }),
      /not tuned, and is as it was pruned: the tuned model does not equal the masked original/,
    ],
    [
      'it cannot be trained',
      {
        recipe: {},
        tune: async () => {
          throw new SnpError('unsupported', 'no gradient of Foo.');
        },
      },
      /not tuned, and is as it was pruned: no gradient of Foo/,
    ],
  ])('keeps the pruned model, with a warning, where %s', async (_, tune, message) => {
    const result = await prune(original, { ...options, tune });
    expect(bytes(result)).toEqual(bytes(await prune(original, options)));
    expect(result.report.warnings.join()).toMatch(message);
    expect(result.plan.tuning).toBeUndefined();
    expect(result.report.tuning).toBeUndefined();
  });

  it('passes on what is no matter of the model', async () => {
    const tune: Tuner = {
      recipe: {},
      tune: async () => {
        throw new TypeError('a mistake');
      },
    };
    await expect(prune(original, { ...options, tune })).rejects.toThrow('a mistake');
  });

  it.each<[string, Partial<PruneOptions>, RegExp]>([
    ['no typical inputs', { calibration: undefined, ratios: { ffn: 0.5 }, budget: undefined }, /no typical inputs/],
    ['what is no tuner', { tune: { epochs: 5 } as never }, /as tuner\(\) of @snp\/tune makes it/],
  ])('refuses %s before any work', async (_, more, message) => {
    const tune = trained();
    await expect(prune(original, { ...options, tune, ...more })).rejects.toThrow(message);
    expect(tune.seen).toEqual([]);
  });

  it('a plan with a tuning that is none is refused', async () => {
    const { plan } = await prune(original, options);
    for (const tuning of [3, { epochs: [1] }, null])
      await expect(apply(original, { ...plan, tuning }, { calibration, runtime })).rejects.toMatchObject({
        code: 'plan-mismatch',
      });
  });
});
