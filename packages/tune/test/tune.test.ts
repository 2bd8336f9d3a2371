import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cloneModel, type Model, Tensor } from '@snp/onnx';
import {
  type Calibration,
  type HoldingRuntime,
  onnxRuntime,
  type Sample,
  saveSafetensors,
  tensors,
} from '@snp/runtime';
import { normals, random, relativeError, runModel } from '@snp/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { trainingBytes } from '../src/graph/trainingBytes.js';
import {
  type Checkpoint,
  loadCheckpoint,
  saveCheckpoint,
  type TuneOptions,
  type TuneResult,
  tune,
} from '../src/index.js';
import { forward } from './support/byHand.js';
import { net, SIZES, weightsOf } from './support/net.js';

const COUNT = 96;
const runtime = onnxRuntime({ threads: 1 });
const teacher = net(1, { deviation: 1.5 });

const inputsOfSamples = Array.from({ length: COUNT }, (_, at) => normals(random(at, 'sample'), SIZES.inputs));
const tensorsOf = (samples: readonly Float32Array[]): Calibration =>
  tensors(samples.map((own) => ({ x: { type: 'FLOAT' as const, dims: [1, SIZES.inputs], data: own } })));
const data = tensorsOf(inputsOfSamples);

const tensorSamples = (): Sample[] =>
  inputsOfSamples.map((own, at) => ({
    name: String(at),
    feeds: { x: { type: 'FLOAT', dims: [1, SIZES.inputs], data: own } },
  }));

/** The teacher with noise in its weights. */
function student(noise = 0.3, batch?: number): Model {
  const model = net(1, { deviation: 1.5, batch });
  for (const name of ['v', 'a', 'w', 'b']) {
    const value = model.graph.value(name);
    const own = value.tensor!.numbers() as Float32Array;
    const moved = normals(random(9, name), own.length, noise).map((by, at) => by + own[at]);
    value.tensor = Tensor.float32(value.tensor!.dims, moved);
  }
  return model;
}

/** The same samples, the label of each the class that a third net says. */
const labelled: Calibration = {
  ...data,
  async *samples(signal) {
    let at = 0;
    for await (const sample of data.samples(signal)) yield { ...sample, label: labelOf(inputsOfSamples[at++]) };
  },
};
const labelOf = (x: Float32Array) => {
  const { logits } = forward(weightsOf(net(3)), Float64Array.from(x));
  return logits.indexOf(Math.max(...logits));
};

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
    expect(held).toHaveLength(16);
    expect(result.samples).toEqual({ trained: COUNT - 16, heldBack: 16 });
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

  it('chooses by other samples where they are given, and trains on all of the data', async () => {
    const { runtime: watching, seen } = watched();
    const others = Array.from({ length: 17 }, (_, at) => normals(random(at, 'other'), SIZES.inputs));
    const result = await run({ runtime: watching, rate: 3e-3, validation: tensorsOf(others) });
    expect([...seen.heldBack].sort()).toEqual(others.map((own) => own.join()).sort());
    expect(seen.trained.size).toBe(COUNT);
    expect(result.samples).toEqual({ trained: COUNT, heldBack: 17 });
    expect(Math.abs(result.after.loss / figuresBy(result.model!, others).loss - 1)).toBeLessThan(1e-4);
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

  it('ends where the student gets worse and worse, with nothing', async () => {
    const result = await run({ rate: 30, epochs: 200 });
    expect(result.ended).toBe('no-better');
    // Twenty looks in 200 epochs, of which six were worse.
    expect(result.steps).toBe(60 * result.stepsPerEpoch);
    expect(result.model).toBeUndefined();
  });

  it('with labels, figures are those of an independent computation, and more of them come out right', async () => {
    const { runtime: watching, seen } = watched();
    const given = student();
    const result = await run({ runtime: watching, data: labelled, labels: 0.6, epochs: 40, rate: 0.01 }, given);
    expect(result.labels).toBe(0.6);
    const held = inputsOfSamples.filter((own) => seen.heldBack.has(own.join()));
    for (const [model, figures] of [
      [given, result.before],
      [result.model!, result.after],
    ] as const) {
      let [entropy, right] = [0, 0];
      for (const x of held) {
        const { logits } = forward(weightsOf(model), Float64Array.from(x));
        entropy += Math.log(logits.reduce((all, one) => all + Math.exp(one), 0)) - logits[labelOf(x)];
        right += Number(logits.indexOf(Math.max(...logits)) === labelOf(x));
      }
      const { loss, agreement } = figuresBy(model, held);
      expect(figures.loss).toBeCloseTo((0.6 * entropy) / held.length + 0.4 * loss, 4);
      expect(figures.accuracy).toBeCloseTo(right / held.length, 6);
      expect(figures.agreement).toBeCloseTo(agreement, 6);
    }
    expect(result.after.accuracy).toBeGreaterThan(result.before.accuracy!);
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

describe('a batch in parts', () => {
  const whole = { rate: 3e-3, epochs: 4, batchSize: 16 };
  const { fixed, each } = trainingBytes(student(), tensorSamples(), {
    outputs: ['logits'],
    inputShapes: { x: [1, SIZES.inputs] },
  });

  it.each<[string, Partial<TuneOptions>, Model?]>([
    ['for want of memory', { memory: fixed + 4.5 * each }],
    ['of a model that takes four samples at a time', {}, student(0.3, 4)],
    ['with labels', { memory: fixed + 8.5 * each, data: labelled, labels: 0.5 }],
  ])('leads where a whole one does: %s', async (_, options, model) => {
    const { data: own = data, labels } = options;
    const expected = await run({ ...whole, data: own, labels });
    const found = await run({ ...whole, ...options }, model);
    expect(expected.parts).toBe(1);
    expect(found).toMatchObject({ parts: labels ? 2 : 4, batchSize: 16, steps: expected.steps });
    for (const [at, { loss }] of found.history.entries()) expect(loss).toBeCloseTo(expected.history[at].loss, 5);
    for (const [name, weights] of Object.entries(weightsOf(found.model!)))
      expect(relativeError(weights, weightsOf(expected.model!)[name])).toBeLessThan(1e-4);
  });

  it('a checkpoint goes on to the same result, to the bit', async () => {
    const options = { ...whole, memory: fixed + 4.5 * each, checkpointEvery: 1e-6 };
    const all: Checkpoint[] = [];
    const expected = await run({ ...options, onCheckpoint: (own) => void all.push(structuredClone(own)) });
    const again = await run({ ...options, resume: all[5] });
    expect(weightsOf(again.model!)).toEqual(weightsOf(expected.model!));
  });

  it('is refused where it cannot be', async () => {
    await expect(run({ batchSize: 18 }, student(0.3, 4))).rejects.toThrow(
      /takes 4 samples at a time.*18 is no multiple/,
    );
    await expect(run({ memory: 1e6 })).rejects.toMatchObject({ code: 'limit' });
  });

  it('a model that takes one sample at a time is trained on as many as others', async () => {
    const result = await run({ rate: 1e-3, epochs: 1, batchSize: undefined }, student(0.3, 1));
    expect(result).toMatchObject({ batchSize: 80, parts: 80 });
  });
});

describe('a checkpoint', () => {
  /** All checkpoints of a run, as a database would give them back, and its result. */
  async function checkpoints(options: Partial<TuneOptions> = {}) {
    const all: Checkpoint[] = [];
    const onCheckpoint = (checkpoint: Checkpoint) => void all.push(structuredClone(checkpoint));
    const result = await run({ epochs: 4, onCheckpoint, checkpointEvery: 1e-6, ...options });
    return { all, result };
  }
  const lossesOf = ({ history }: TuneResult) => history.map(({ loss, step, of }) => [loss, step, of]);

  it.each<[string, Partial<TuneOptions>]>([
    ['with a rate that is found', {}],
    ['with a given rate, and decay', { rate: 3e-3, weightDecay: 0.1 }],
    ['with labels', { rate: 3e-3, data: labelled, labels: 0.5 }],
  ])('leads to the same result as without a break, to the bit, %s', async (_, options) => {
    const { all, result } = await checkpoints(options);
    expect(all).toHaveLength(result.steps);
    expect(result.resumedAt).toBeUndefined();
    for (const resume of [all[0], all[6], all.at(-2)!, all.at(-1)!]) {
      const again = await run({ epochs: 4, ...options, resume });
      expect(again.resumedAt).toBe(resume.progress.taken);
      expect(weightsOf(again.model!)).toEqual(weightsOf(result.model!));
      expect(lossesOf(again)).toEqual(lossesOf(result));
      expect([again.rate, again.tried, again.steps]).toEqual([result.rate, result.tried, result.steps]);
    }
  });

  it('is given when training ends early, and the rest of the way can be gone from there', async () => {
    const whole = await run({ rate: 3e-3, epochs: 4 });
    const stop = new AbortController();
    let left: Checkpoint | undefined;
    const early = await run({
      rate: 3e-3,
      epochs: 4,
      enough: stop.signal,
      onProgress: ({ step, done }) => step === 'train' && done === 7 && stop.abort(),
      onCheckpoint: (checkpoint) => {
        left = checkpoint;
      },
    });
    expect(early).toMatchObject({ ended: 'enough', steps: 7 });
    const again = await run({ rate: 3e-3, epochs: 4, resume: left });
    expect(weightsOf(again.model!)).toEqual(weightsOf(whole.model!));
    expect(lossesOf(again)).toEqual(lossesOf(whole));
  });

  it('of a run with a time has the rest of it', async () => {
    const { all } = await checkpoints({ rate: 1e-3, epochs: undefined, time: 1500 });
    const middle = all[all.length >> 1];
    const start = performance.now();
    const again = await run({ rate: 1e-3, epochs: undefined, time: 1500, resume: middle });
    expect(performance.now() - start).toBeLessThan(1500 - middle.progress.elapsed + 1000);
    expect(again.steps).toBeGreaterThan(middle.progress.taken);
    expect(again.history.slice(0, middle.progress.history.length)).toEqual(middle.progress.history);
  });

  it.each<[string, Partial<TuneOptions>, RegExp, Model?]>([
    ['epochs', { epochs: 5 }, /its epochs was 4, now it is 5/],
    ['a time', { epochs: undefined, time: 1e4 }, /its epochs was 4, now it is none/],
    ['batches', { batchSize: 8 }, /its batch was 16, now it is 8/],
    ['a seed', { seed: 1 }, /its seed was 0, now it is 1/],
    ['a rate', { rate: 1e-3 }, /its rate was 0.003, now it is 0.001/],
    ['labels', { data: labelled, labels: 0.5 }, /its share of labels was 0, now it is 0.5/],
    ['data', { data: tensorsOf(inputsOfSamples.toReversed()) }, /its data were others/],
    ['a student', {}, /the student or the teacher is another/, student(0.2)],
    ['a teacher', { teacher: student(0.1) }, /the student or the teacher is another/],
  ])('of a run with another %s is refused', async (_, options, message, model) => {
    const { all } = await checkpoints({ rate: 3e-3, epochs: 4 });
    await expect(run({ rate: 3e-3, epochs: 4, resume: all[2], ...options }, model)).rejects.toThrow(message);
  });
});

describe('a checkpoint in a file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'snp-checkpoint-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'a.checkpoint');

  it('is the same when it is read again', async () => {
    let saved: Checkpoint | undefined;
    await run({
      rate: 3e-3,
      epochs: 2,
      checkpointEvery: 1e-6,
      onCheckpoint: async (checkpoint) => {
        saved = checkpoint;
        await saveCheckpoint(checkpoint, path);
      },
    });
    const { numbers, ...rest } = await loadCheckpoint(path);
    expect(numbers).toEqual(saved!.numbers);
    expect(rest).toEqual(JSON.parse(JSON.stringify({ run: saved!.run, progress: saved!.progress })));
  });

  it('is refused with a word where it is damaged, or is something else', async () => {
    const bytes = readFileSync(path);
    const next = random(5, 'damage');
    for (let round = 0; round < 40; round++) {
      const cut = bytes.subarray(0, next.integer(bytes.length));
      writeFileSync(join(folder, 'damaged'), cut);
      await expect(loadCheckpoint(join(folder, 'damaged'))).rejects.toMatchObject({ code: 'invalid-file' });
    }
    await saveSafetensors(join(folder, 'other'), new Map(), { format: 'pt' });
    await expect(loadCheckpoint(join(folder, 'other'))).rejects.toThrow(/other is no checkpoint of a tuning/);
    await expect(loadCheckpoint(join(folder, 'missing'))).rejects.toMatchObject({ code: 'io' });
  });
});

describe('tune refuses', () => {
  const few = tensors(
    inputsOfSamples.slice(0, 20).map((own) => ({ x: { type: 'FLOAT' as const, dims: [1, 4], data: own } })),
  );
  const few15 = tensorsOf(inputsOfSamples.slice(0, 15));
  const renamed = cloneModel(teacher);
  renamed.graph.outputs[0].name = 'scores';
  const half = cloneModel(teacher);
  half.graph.value('v').tensor = Tensor.fromNumbers('FLOAT16', [4, 5], half.graph.value('v').tensor!.numbers());

  it.each<[string, Partial<TuneOptions>, RegExp, Model?]>([
    ['an option that it does not have', { lr: 1 } as never, /no option 'lr'/],
    ['both ways to say how long', { epochs: 1, time: 5 }, /both say how long/],
    ['a rate that is none', { rate: 0 }, /'rate' must be a number above 0/],
    ['too few samples', { data: few }, /20 samples, of which 16 are held back/],
    ['too few samples to choose by', { validation: few15 }, /15 samples to choose by, and at least 16/],
    ['two ways to say what to choose by', { validation: few, heldBack: 0.2 }, /both say what to choose by/],
    ['augmentation of what are no pictures', { augment: true }, /Only pictures can be augmented/],
    ['a teacher with other outputs', { teacher: renamed }, /The teacher gives no 'logits'/],
    ['a loss of an output that is not there', { losses: { nothing: 'error' } }, /no output 'nothing'/],
    ['labels that are not there', { labels: 0.5 }, /The data have no labels/],
    ['a share of labels that is none', { labels: 2 }, /'labels' is a share/],
    ['weights of 16 bits', {}, /'v' holds FLOAT16 numbers/, half],
  ])('%s', async (_, options, message, model) => {
    await expect(run(options, model)).rejects.toThrow(message);
  });
});
