import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DataType, encodeModel, SnpError } from '@snp/onnx';
import { writeModel } from '@snp/onnx/node';
import { buildVit, GraphBuilder, inputs, relativeError, runModel } from '@snp/testing';
import { describe, expect, it } from 'vitest';
import { onnxRuntime, type RuntimeData } from '../src/index.js';
import { slowFeeds, slowModel } from './support/slowModel.js';

const model = buildVit({
  image: 32,
  patch: 4,
  residual: 48,
  depth: 4,
  heads: 3,
  blocks: { queryKey: 16, value: 16, ffn: 192 },
  classes: 10,
});
const feeds = (batch: number, seed = 3) =>
  inputs([{ name: 'input', dtype: 'float', shape: [1, 3, 32, 32], fill: 'normal' }], { batch, seed });

describe('running', () => {
  it('answers as the runtime does in this process, for several models and runs at once', async () => {
    const runtime = onnxRuntime();
    const sessions = await Promise.all([runtime.open(model), runtime.open(model)]);
    const sizes = [1, 3, 2, 4, 1, 2];
    const answers = await Promise.all(sizes.map((batch, at) => sessions[at % 2].run(feeds(batch, at))));
    for (const [at, batch] of sizes.entries()) {
      const want = await runModel(model, feeds(batch, at));
      expect(answers[at].logits).toMatchObject({ type: 'FLOAT', dims: [batch, 10] });
      expect(relativeError(answers[at].logits.data as Float32Array, want.logits.data as Float32Array)).toBeLessThan(
        1e-5,
      );
    }
    await Promise.all(sessions.map((session) => session.close()));
  });

  it('with optimisations off and one thread gives the very same numbers', async () => {
    const session = await onnxRuntime({ optimization: 'disabled', threads: 1 }).open(model);
    expect(await session.run(feeds(2))).toEqual(await runModel(model, feeds(2)));
    await session.close();
  });

  it('gives the outputs that are asked for', async () => {
    const builder = new GraphBuilder('two');
    const x = builder.input('x', 'FLOAT', ['n']);
    builder.output(builder.op('', 'Neg', [x]), 'negative', 'FLOAT', ['n']);
    builder.output(builder.op('', 'Exp', [x]), 'exponential', 'FLOAT', ['n']);
    const session = await onnxRuntime().open(builder.model);
    const own = { x: { type: 'FLOAT' as const, dims: [2], data: Float32Array.of(0, 1) } };
    expect(Object.keys(await session.run(own))).toEqual(['negative', 'exponential']);
    const only = await session.run(own, { fetches: ['negative'] });
    expect(only).toEqual({ negative: { type: 'FLOAT', dims: [2], data: Float32Array.of(-0, -1) } });
    await session.close();
  });

  it.each<[DataType, RuntimeData]>([
    ['FLOAT', Float32Array.of(1.5, -Infinity, NaN)],
    ['DOUBLE', Float64Array.of(Math.PI, 1e300, -0)],
    ['FLOAT16', Uint16Array.of(0x3c00, 0xfc00, 0x0001)],
    ['INT8', Int8Array.of(-128, 0, 127)],
    ['UINT8', Uint8Array.of(0, 1, 255)],
    ['INT16', Int16Array.of(-32768, 0, 32767)],
    ['UINT16', Uint16Array.of(0, 1, 65535)],
    ['INT32', Int32Array.of(-(2 ** 31), 0, 2 ** 31 - 1)],
    ['UINT32', Uint32Array.of(0, 1, 2 ** 32 - 1)],
    ['INT64', BigInt64Array.of(-(2n ** 63n), 0n, 2n ** 63n - 1n)],
    ['UINT64', BigUint64Array.of(0n, 1n, 2n ** 64n - 1n)],
    ['BOOL', Uint8Array.of(1, 0, 1)],
    ['STRING', ['', 'a', 'ä€😀']],
  ])('hands %s over unchanged, there and back', async (type, data) => {
    const builder = new GraphBuilder('same');
    builder.output(builder.op('', 'Identity', [builder.input('x', type, ['n'])]), 'y', type, ['n']);
    const session = await onnxRuntime().open(builder.model);
    expect(session.inputs).toEqual([{ name: 'x', type, dims: ['n'] }]);
    expect(await session.run({ x: { type, dims: [3], data } })).toEqual({ y: { type, dims: [3], data } });
    await session.close();
  });

  it('hands over a part of a larger buffer as that part', async () => {
    const session = await onnxRuntime().open(slowModel());
    const data = new Float32Array(100).fill(7);
    data.set([1, 2, 3, 4], 50);
    const start = { type: 'FLOAT' as const, dims: [2, 2], data: data.subarray(50, 54) };
    const { end } = await session.run({ ...slowFeeds(0), start });
    expect([...(end.data as Float32Array)]).toEqual([1, 2, 3, 4]);
    await session.close();
  });

  it('leaves the event loop free while a model runs', async () => {
    const session = await onnxRuntime({ threads: 1 }).open(slowModel());
    let ticks = 0;
    const timer = setInterval(() => ticks++, 5);
    const { end } = await session.run(slowFeeds(1000));
    clearInterval(timer);
    expect((end.data as Float32Array)[0]).toBe(1);
    // A run that held the loop would let none through before its result.
    expect(ticks).toBeGreaterThan(3);
    await session.close();
  });
});

describe('measuring', () => {
  it('times every run, and tells what the model takes', async () => {
    const session = await onnxRuntime({ threads: 1 }).open(model);
    const start = performance.now();
    const times = await session.time(feeds(1), 20);
    const elapsed = performance.now() - start;
    expect(times).toHaveLength(20);
    expect(Math.min(...times)).toBeGreaterThan(0);
    expect(times.reduce((sum, time) => sum + time, 0)).toBeLessThan(elapsed);
    const footprint = await session.footprint();
    expect(footprint.peakBytes).toBeGreaterThan(footprint.baseBytes);
    expect(footprint.loadMs).toBeGreaterThan(0);
    expect(footprint.version).toMatch(/^\d+\.\d+/);
    await session.close();
  });

  it('profiles every run where it is asked to', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'snp-profile-'));
    const session = await onnxRuntime({ profile: join(folder, 'run') }).open(model);
    await session.time(feeds(1), 3);
    const events = JSON.parse(await readFile(await session.takeProfile(), 'utf8'));
    expect(events.filter(({ name }: { name: string }) => name === 'model_run')).toHaveLength(3);
    await session.close();
    const plain = await onnxRuntime().open(model);
    await expect(plain.takeProfile()).rejects.toThrow(/not opened to be profiled/);
    await plain.close();
    await rm(folder, { recursive: true });
  });
});

describe('opening', () => {
  it('tells the inputs and outputs of a model', async () => {
    const session = await onnxRuntime().open(model);
    expect(session.inputs).toEqual([{ name: 'input', type: 'FLOAT', dims: ['batch', 3, 32, 32] }]);
    expect(session.outputs).toEqual([{ name: 'logits', type: 'FLOAT', dims: ['batch', 10] }]);
    await session.close();
  });

  it('takes a path, bytes or a graph, and leaves no files behind', async () => {
    const want = await runModel(model, feeds(1));
    const folder = await mkdtemp(join(tmpdir(), 'snp-open-'));
    const before = process.env.TMPDIR;
    process.env.TMPDIR = folder;
    try {
      const path = join(folder, 'model.onnx');
      await writeModel(model, path);
      const runtime = onnxRuntime({ optimization: 'disabled', threads: 1 });
      for (const source of [path, new Uint8Array(Buffer.concat(encodeModel(model))), model]) {
        const session = await runtime.open(source);
        expect(await session.run(feeds(1))).toEqual(want);
        await session.close();
      }
      await expect(runtime.open(new Uint8Array(3))).rejects.toThrow(SnpError);
      expect(await readdir(folder)).toEqual(['model.onnx']);
    } finally {
      if (before === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = before;
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('refuses what is no model, with the words of the runtime', async () => {
    const runtime = onnxRuntime();
    for (const source of [Uint8Array.of(1, 2, 3), join(tmpdir(), 'there-is-no-such.onnx')]) {
      const error = await runtime.open(source).catch((error: unknown) => error);
      expect(error).toBeInstanceOf(SnpError);
      expect(error).toMatchObject({ code: 'runtime', message: expect.stringMatching(/^onnxruntime refused: \w.{10}/) });
    }
    const builder = new GraphBuilder('unknown');
    const x = builder.input('x', 'FLOAT', [2]);
    builder.output(builder.op('', 'NoSuchOperator', [x]), 'y', 'FLOAT', [2]);
    await expect(runtime.open(builder.model)).rejects.toThrow(/NoSuchOperator/);
    // The process is none the worse for it.
    const session = await runtime.open(model);
    expect((await session.run(feeds(1))).logits.dims).toEqual([1, 10]);
    await session.close();
  });

  it('refuses an execution provider that there is none of', async () => {
    const runtime = onnxRuntime({ executionProviders: ['no-such-device'] });
    await expect(runtime.open(model)).rejects.toMatchObject({ code: 'runtime', message: /no-such-device/ });
  });
});

describe('feeds that do not fit', () => {
  const float = (dims: number[], length = dims.reduce((a, b) => a * b, 1)) => ({
    type: 'FLOAT' as const,
    dims,
    data: new Float32Array(length),
  });

  it.each([
    ['none', {}, /input/],
    ['another name', { pixels: float([1, 3, 32, 32]) }, /input/],
    ['another shape', { input: float([1, 3, 8, 8]) }, /8/],
    ['another rank', { input: float([3, 32, 32]) }, /rank|dimension/i],
    [
      'another type',
      { input: { type: 'DOUBLE', dims: [1, 3, 32, 32], data: new Float64Array(3072) } },
      /double|float64/,
    ],
    ['too few numbers', { input: float([1, 3, 32, 32], 7) }, /7/],
    ['a type the runtime does not know', { input: { ...float([1]), type: 'COMPLEX64' } }, /COMPLEX64/],
    ['what is no data', { input: { ...float([1]), data: () => 1 } }, /clone/],
  ] as const)('are refused: %s', async (_, wrong, message) => {
    const session = await onnxRuntime().open(model);
    await expect(session.run(wrong as never)).rejects.toMatchObject({
      code: 'runtime',
      message: expect.stringMatching(message),
    });
    expect((await session.run(feeds(1))).logits.dims).toEqual([1, 10]);
    await session.close();
  });

  it('and outputs that there are none of', async () => {
    const session = await onnxRuntime().open(model);
    await expect(session.run(feeds(1), { fetches: ['nothing'] })).rejects.toMatchObject({
      code: 'runtime',
      message: expect.stringMatching(/nothing/),
    });
    await session.close();
  });
});
