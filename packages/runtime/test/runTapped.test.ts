import type { Model } from '@snp/onnx';
import { encodeModel } from '@snp/onnx';
import { GraphBuilder } from '@snp/testing';
import { describe, expect, it } from 'vitest';
import {
  DEFAULT_BATCH_SIZE,
  type Feeds,
  onnxRuntime,
  type Runtime,
  runSamples,
  runTapped,
  type Tap,
  tensors,
} from '../src/index.js';

const runtime = onnxRuntime({ threads: 1 });

/** y = -exp(x), for batches of any size or of one. */
function model(batch: string | number = 'batch'): Model {
  const builder = new GraphBuilder('small');
  const x = builder.input('x', 'FLOAT', [batch, 2]);
  const power = builder.op('', 'Exp', [x]);
  builder.output(builder.op('', 'Neg', [power]), 'y', 'FLOAT', [batch, 2]);
  return builder.model;
}

const SAMPLES: Feeds[] = [0, 1, 2, 3, 4].map((at) => ({
  x: { type: 'FLOAT', dims: [1, 2], data: Float32Array.of(at, at + 0.5) },
}));
const calibration = tensors(SAMPLES, { count: SAMPLES.length });
const tapOn = (name: string): Tap => ({ name: `tap/${name}`, build: (copy) => copy.graph.value(name) });
const POWER = '/Exp_output_0';

/** A runtime that counts which of its models are open. */
function counting(): { runtime: Runtime; open: () => number } {
  let open = 0;
  return {
    open: () => open,
    runtime: {
      async open(...given) {
        const session = await runtime.open(...given);
        open++;
        return {
          ...session,
          close: async () => {
            open--;
            await session.close();
          },
        };
      },
    },
  };
}

describe('runTapped', () => {
  it('hands over tapped values only, batch by batch, with their samples', async () => {
    const seen: [string[], string[], number[]][] = [];
    const taps = [tapOn(POWER), tapOn('x')];
    await runTapped({ model: model(), taps, runtime, calibration, batchSize: 2 }, (outputs, samples) => {
      const values = [...(outputs['tap/x'].data as Float32Array)];
      seen.push([Object.keys(outputs), samples.map(({ name }) => name), values]);
      const powers = outputs[`tap/${POWER}`].data as Float32Array;
      for (const [at, x] of values.entries()) expect(Math.abs(powers[at] / Math.exp(x) - 1)).toBeLessThan(1e-6);
    });
    const names = taps.map(({ name }) => name);
    expect(seen).toEqual([
      [names, ['0', '1'], [0, 0.5, 1, 1.5]],
      [names, ['2', '3'], [2, 2.5, 3, 3.5]],
      [names, ['4'], [4, 4.5]],
    ]);
  });

  it('leaves the model as it was', async () => {
    const original = model();
    const before = Buffer.concat(encodeModel(original));
    await runTapped({ model: original, taps: [tapOn(POWER)], runtime, calibration }, () => undefined);
    expect(Buffer.concat(encodeModel(original)).equals(before)).toBe(true);
  });

  it('may tap one value twice, and a graph input', async () => {
    const taps = [tapOn('x'), { ...tapOn('x'), name: 'again' }];
    await runTapped({ model: model(), taps, runtime, calibration }, (outputs) => {
      expect(outputs.again).toEqual(outputs['tap/x']);
    });
  });
});

describe('runSamples', () => {
  const sizesOf = async (given: Model, batchSize?: number) => {
    const [sizes, progress]: [number[], (number | undefined)[][]] = [[], []];
    const onProgress = (done: number, total: number | undefined) => progress.push([done, total]);
    await runSamples({ model: given, runtime, calibration, batchSize, onProgress }, (_, samples) => {
      sizes.push(samples.length);
    });
    expect(progress.at(-1)).toEqual([5, 5]);
    expect(progress.length).toBe(sizes.length);
    return sizes;
  };

  it('runs several samples at once where the model takes them', async () => {
    expect(await sizesOf(model())).toEqual([DEFAULT_BATCH_SIZE, 5 - DEFAULT_BATCH_SIZE]);
    expect(await sizesOf(model(), 3)).toEqual([3, 2]);
    expect(await sizesOf(model(1), 3)).toEqual([1, 1, 1, 1, 1]);
  });

  it('gives the same answers in batches of every size', async () => {
    const answers: number[][] = [];
    for (const batchSize of [1, 2, 5]) {
      const all: number[] = [];
      await runSamples({ model: model(), runtime, calibration, batchSize }, ({ y }) => {
        all.push(...(y.data as Float32Array));
      });
      answers.push(all);
    }
    for (const all of answers) {
      expect(all.length).toBe(10);
      const inputs = SAMPLES.flatMap(({ x }) => [...(x.data as Float32Array)]);
      for (const [at, x] of inputs.entries()) expect(Math.abs(all[at] / -Math.exp(x) - 1)).toBeLessThan(1e-6);
    }
  });

  it('waits for each batch to be looked at before the next', async () => {
    const order: string[] = [];
    await runSamples({ model: model(), runtime, calibration, batchSize: 3 }, async (_, [first]) => {
      order.push(`begin ${first.name}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
      order.push(`end ${first.name}`);
    });
    expect(order).toEqual(['begin 0', 'end 0', 'begin 3', 'end 3']);
  });

  it('closes the model, whether all goes well or not', async () => {
    const { runtime: counted, open } = counting();
    const options = { model: model(), runtime: counted, calibration };
    await runSamples(options, () => expect(open()).toBe(1));
    expect(open()).toBe(0);
    const failure = new Error('no more');
    await expect(
      runSamples(options, () => {
        throw failure;
      }),
    ).rejects.toBe(failure);
    expect(open()).toBe(0);
    const misfit = tensors([{ x: { type: 'FLOAT', dims: [1, 3], data: new Float32Array(3) } }]);
    await expect(runSamples({ ...options, calibration: misfit }, () => undefined)).rejects.toMatchObject({
      code: 'calibration',
    });
    expect(open()).toBe(0);
  });

  it('stops between batches when it is told to', async () => {
    const { runtime: counted, open } = counting();
    const controller = new AbortController();
    let seen = 0;
    const run = runSamples(
      { model: model(), runtime: counted, calibration, batchSize: 2, signal: controller.signal },
      () => {
        seen++;
        controller.abort();
      },
    );
    await expect(run).rejects.toMatchObject({ code: 'aborted' });
    expect([seen, open()]).toEqual([1, 0]);
  });
});
