import { cloneModel, type Model, Tensor } from '@snp/onnx';
import { type Calibration, type HoldingRuntime, onnxRuntime, tensors } from '@snp/runtime';
import { normals, random, runModel } from '@snp/testing';
import { describe, expect, it } from 'vitest';
import { type TuneOptions, tune } from '../src/index.js';
import { forward } from './support/byHand.js';
import { net, SIZES, weightsOf } from './support/net.js';

const COUNT = 96;
const runtime = onnxRuntime({ threads: 1 });
const teacher = net(1, { deviation: 1.5 });

const inputsOfSamples = Array.from({ length: COUNT }, (_, at) => normals(random(at, 'sample'), SIZES.inputs));
const data: Calibration = tensors(
  inputsOfSamples.map((own) => ({ x: { type: 'FLOAT' as const, dims: [1, SIZES.inputs], data: own } })),
);

/** The teacher with noise in its weights. */
function student(noise = 0.3): Model {
  const model = cloneModel(teacher);
  for (const name of ['v', 'a', 'w', 'b']) {
    const value = model.graph.value(name);
    const own = value.tensor!.numbers() as Float32Array;
    const moved = normals(random(9, name), own.length, noise).map((by, at) => by + own[at]);
    value.tensor = Tensor.float32(value.tensor!.dims, moved);
  }
  return model;
}

const run = (options: Partial<TuneOptions> = {}, model = student()) =>
  tune(model, { teacher, data, runtime, epochs: 5, batchSize: 16, ...options });

/** Mean divergence of two nets on some samples, and how often they answer alike, in 64 bits. */
function figuresBy(model: Model, samples: readonly Float32Array[]) {
  let [loss, same] = [0, 0];
  for (const x of samples) {
    const [wanted, found] = [teacher, model].map((own) => forward(weightsOf(own), Float64Array.from(x)).logits);
    const logs = [wanted, found].map((own) => {
      const sum = Math.log(own.reduce((all, one) => all + Math.exp(one), 0));
      return own.map((one) => one - sum);
    });
    loss += logs[0].reduce((sum, own, at) => sum + Math.exp(own) * (own - logs[1][at]), 0);
    const [top, other] = [wanted, found].map((own) => own.indexOf(Math.max(...own)));
    same += Number(top === other);
  }
  return { loss: loss / samples.length, agreement: same / samples.length };
}

/** A runtime that tells which samples a training step or the held-back part saw: by the numbers that are held for either. */
function watched(): { runtime: HoldingRuntime; seen: Record<'trained' | 'heldBack', Set<string>> } {
  const seen = { trained: new Set<string>(), heldBack: new Set<string>() };
  const watching: HoldingRuntime = {
    async open(model, options) {
      const session = await runtime.open(model, options);
      return {
        ...session,
        hold: async (all) => {
          for (const [name, { data: numbers }] of Object.entries(all)) {
            if (!name.endsWith('/x')) continue;
            const rows = numbers as Float32Array;
            const part = name.startsWith('held back/') ? seen.heldBack : seen.trained;
            for (let at = 0; at < rows.length; at += SIZES.inputs) part.add(rows.slice(at, at + SIZES.inputs).join());
          }
          await session.hold(all);
        },
      };
    },
  };
  return { runtime: watching, seen };
}

describe('tune', () => {
  it('comes closer to the teacher, and its figures are those of an independent computation', async () => {
    const { runtime: watching, seen } = watched();
    const given = student();
    const before = weightsOf(given);
    const result = await run({ runtime: watching, epochs: 40 }, given);
    expect(weightsOf(given)).toEqual(before);
    const held = inputsOfSamples.filter((own) => seen.heldBack.has(own.join()));
    expect(held).toHaveLength(19);
    expect(result.samples).toEqual({ trained: COUNT - 19, heldBack: 19 });
    for (const [model, figures] of [
      [given, result.before],
      [result.model!, result.after],
    ] as const) {
      const wanted = figuresBy(model, held);
      expect(Math.abs(figures.loss / wanted.loss - 1)).toBeLessThan(1e-4);
      expect(figures.agreement).toBeCloseTo(wanted.agreement, 6);
    }
    expect(result.after.loss).toBeLessThan(0.8 * result.before.loss);
    expect(result.rate).toBe(result.tried.reduce((one, other) => (other.loss < one.loss ? other : one)).rate);
    expect(result.after.loss).toBe(Math.min(...result.history.map(({ loss }) => loss)));
    expect(result.losses).toEqual({ logits: 'divergence' });
  });

  it('never trains on what is held back, and trains on all the rest', async () => {
    const { runtime: watching, seen } = watched();
    await run({ runtime: watching, rate: 1e-3 });
    expect([...seen.trained].filter((own) => seen.heldBack.has(own))).toEqual([]);
    expect(seen.trained.size + seen.heldBack.size).toBe(COUNT);
  });

  it('holds nothing any more where models run', async () => {
    const held = new Set<string>();
    let most = 0;
    const counting: HoldingRuntime = {
      async open(model, options) {
        const session = await runtime.open(model, options);
        const add = (names: readonly string[]) => {
          for (const name of names) held.add(name);
          most = Math.max(most, held.size);
        };
        return {
          ...session,
          run: (feeds, given) => {
            add(Object.values(given?.hold ?? {}));
            return session.run(feeds, given);
          },
          hold: (tensors) => {
            add(Object.keys(tensors));
            return session.hold(tensors);
          },
          letGo: (names) => {
            for (const name of names) held.delete(name);
            return session.letGo(names);
          },
        };
      },
    };
    await run({ runtime: counting, epochs: 1 });
    expect(most).toBeGreaterThan(0);
    expect([...held]).toEqual([]);
  });

  it('asks the teacher once about each sample that is always the same', async () => {
    let asked = 0;
    const counting: HoldingRuntime = {
      async open(model, options) {
        const session = await runtime.open(model, options);
        if (model !== teacher) return session;
        const run: typeof session.run = (...given) => {
          asked++;
          return session.run(...given);
        };
        return { ...session, run };
      },
    };
    const result = await run({ runtime: counting, rate: 1e-3, epochs: 4 });
    const batches = (samples: number) => Math.ceil(samples / result.batchSize);
    expect(asked).toBe(batches(result.samples.heldBack) + batches(result.samples.trained));
  });

  it.each([1e3, 1e38])('gives nothing where a rate of %s destroys the student', async (rate) => {
    const result = await run({ rate });
    expect(result.model).toBeUndefined();
    expect(result.after).toEqual(result.before);
    expect(result.history.every(({ loss }) => !(loss < result.before.loss))).toBe(true);
  });

  it('gives nothing where the student is its teacher', async () => {
    const result = await run({ rate: 1e-3 }, cloneModel(teacher));
    expect(result.before.loss).toBeLessThan(1e-6);
    expect(result.before.agreement).toBe(1);
    if (result.model) expect(result.after.loss).toBeLessThan(result.before.loss);
  });

  it('gives the same weights for the same seed, and others for another', async () => {
    const [one, same, other] = [
      await run({ rate: 3e-3 }),
      await run({ rate: 3e-3 }),
      await run({ rate: 3e-3, seed: 1 }),
    ];
    expect(weightsOf(same.model!)).toEqual(weightsOf(one.model!));
    expect(same.history.map(({ loss }) => loss)).toEqual(one.history.map(({ loss }) => loss));
    expect(weightsOf(other.model!)).not.toEqual(weightsOf(one.model!));
  });

  it('tries rates from the same state: the run is as if the best had been given', async () => {
    const found = await run({ epochs: 3 });
    const given = await run({ epochs: 3, rate: found.rate });
    expect(found.tried).toHaveLength(3);
    expect(weightsOf(found.model!)).toEqual(weightsOf(given.model!));
  });

  it('ends early with the best that there is', async () => {
    const stop = new AbortController();
    const result = await run({
      rate: 3e-3,
      epochs: 1000,
      enough: stop.signal,
      onProgress: ({ step, done }) => {
        if (step === 'train' && done === 12) stop.abort();
      },
    });
    expect(result).toMatchObject({ ended: 'enough', steps: 12 });
    expect(result.after.loss).toBeLessThan(result.before.loss);
    expect(result.model).toBeDefined();
  });

  it('stops at once with an error, and the runtime can be used again', async () => {
    const stop = new AbortController();
    const onProgress = ({ step }: { step: string }) => {
      if (step === 'train') stop.abort();
    };
    await expect(run({ rate: 1e-3, signal: stop.signal, onProgress })).rejects.toMatchObject({ code: 'aborted' });
    expect((await run({ rate: 1e-3, epochs: 1 })).steps).toBe(5);
  });

  it('takes no longer than it may', async () => {
    const result = await run({ time: 3000, epochs: undefined });
    expect(result.seconds).toBeLessThan(10);
    expect(result.steps).toBeGreaterThan(0);
    expect(result.after.loss).toBeLessThanOrEqual(result.before.loss);
  });

  it('the last batch of an epoch is filled up', async () => {
    const result = await run({ rate: 1e-3, epochs: 2, batchSize: 50 });
    expect(result).toMatchObject({ batchSize: 50, stepsPerEpoch: 2, steps: 4 });
  });

  it('what it gives answers in the runtime as its weights say', async () => {
    const { model } = await run({ rate: 3e-3 });
    const x = { type: 'FLOAT' as const, dims: [1, SIZES.inputs], data: inputsOfSamples[0] };
    const { logits } = await runModel(model!, { x });
    const wanted = forward(weightsOf(model!), Float64Array.from(inputsOfSamples[0])).logits;
    for (const [at, own] of wanted.entries()) expect(Number(logits.data[at])).toBeCloseTo(own, 5);
  });
});

describe('tune refuses', () => {
  const few = tensors(
    inputsOfSamples.slice(0, 20).map((own) => ({ x: { type: 'FLOAT' as const, dims: [1, 4], data: own } })),
  );
  const renamed = cloneModel(teacher);
  renamed.graph.outputs[0].name = 'scores';
  const half = cloneModel(teacher);
  half.graph.value('v').tensor = Tensor.fromNumbers('FLOAT16', [4, 5], half.graph.value('v').tensor!.numbers());

  it.each<[string, Partial<TuneOptions>, RegExp, Model?]>([
    ['an option that it does not have', { lr: 1 } as never, /no option 'lr'/],
    ['both ways to say how long', { epochs: 1, time: 5 }, /both say how long/],
    ['a rate that is none', { rate: 0 }, /'rate' must be a number above 0/],
    ['too few samples', { data: few }, /20 samples, of which 16 are held back/],
    ['augmentation of what are no pictures', { augment: true }, /Only pictures can be augmented/],
    ['a teacher with other outputs', { teacher: renamed }, /The teacher gives no 'logits'/],
    ['a loss of an output that is not there', { losses: { nothing: 'error' } }, /no output 'nothing'/],
    ['weights of 16 bits', {}, /'v' holds FLOAT16 numbers/, half],
  ])('%s', async (_, options, message, model) => {
    await expect(run(options, model)).rejects.toThrow(message);
  });
});
