import { execFileSync } from 'node:child_process';
import { SnpError } from '@snp/onnx';
import { buildVit, inputs, relativeError, runModel } from '@snp/testing';
import { describe, expect, it } from 'vitest';
import { onnxRuntime } from '../src/index.js';

const model = buildVit({
  image: 32,
  patch: 4,
  residual: 48,
  depth: 4,
  heads: 3,
  blocks: { queryKey: 16, value: 16, ffn: 192 },
  classes: 10,
});
const feeds = (batch: number) =>
  inputs([{ name: 'input', dtype: 'float', shape: [1, 3, 32, 32], fill: 'normal' }], { batch, seed: 3 });

describe('onnxRuntime', () => {
  it('answers as the runtime does in this process, for several models and runs at once', async () => {
    const runtime = onnxRuntime();
    const sessions = await Promise.all([runtime.open(model), runtime.open(model)]);
    const batches = [1, 3, 2, 4];
    const answers = await Promise.all(batches.map((batch, at) => sessions[at % 2].run(feeds(batch))));
    for (const [at, batch] of batches.entries()) {
      const want = await runModel(model, feeds(batch));
      expect(answers[at].logits.dims).toEqual([batch, 10]);
      expect(relativeError(answers[at].logits.data as Float32Array, want.logits.data as Float32Array)).toBeLessThan(
        1e-5,
      );
    }
    await Promise.all(sessions.map((session) => session.close()));
  });

  it('tells the inputs and outputs of a model', async () => {
    const session = await onnxRuntime().open(model);
    expect(session.inputs).toEqual([{ name: 'input', type: 'FLOAT', dims: ['batch', 3, 32, 32] }]);
    expect(session.outputs[0]).toMatchObject({ name: 'logits', type: 'FLOAT' });
    await session.close();
  });

  it('leaves the event loop free while a model runs', async () => {
    const session = await onnxRuntime().open(model);
    let ticks = 0;
    const timer = setInterval(() => ticks++, 5);
    const start = performance.now();
    await session.run(feeds(256));
    const elapsed = performance.now() - start;
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(elapsed / 5 / 10);
    await session.close();
  });

  it('explains what it does not accept', async () => {
    const runtime = onnxRuntime();
    await expect(runtime.open(new Uint8Array([1, 2, 3]))).rejects.toThrow(SnpError);
    const session = await runtime.open(model);
    await expect(session.run({})).rejects.toThrow(/input/);
    const wrong = { input: { type: 'FLOAT' as const, dims: [1, 3, 8, 8], data: new Float32Array(192) } };
    await expect(session.run(wrong)).rejects.toThrow(SnpError);
    await session.close();
  });

  it('stops a run that is aborted, and opens models again afterwards', async () => {
    const runtime = onnxRuntime();
    const session = await runtime.open(model);
    const controller = new AbortController();
    const run = session.run(feeds(512), { signal: controller.signal });
    setTimeout(() => controller.abort(), 20);
    await expect(run).rejects.toMatchObject({ code: 'aborted' });
    const next = await runtime.open(model);
    expect((await next.run(feeds(1))).logits.dims).toEqual([1, 10]);
    await next.close();
  });

  it.skipIf(process.platform === 'win32')('says so when the process of the runtime is killed', async () => {
    const runtime = onnxRuntime();
    const session = await runtime.open(model);
    const before = children();
    expect(before.length).toBeGreaterThan(0);
    const run = session.run(feeds(512));
    for (const child of before) process.kill(child, 'SIGKILL');
    await expect(run).rejects.toMatchObject({ code: 'runtime' });
  });
});

/** Process numbers of this process's children that run models. */
function children(): number[] {
  const list = execFileSync('ps', ['-o', 'pid=,ppid=,args=', '-A'], { encoding: 'utf8' });
  return list.split('\n').flatMap((line) => {
    const [pid, parent, ...command] = line.trim().split(/\s+/);
    return Number(parent) === process.pid && command.join(' ').includes('worker.js') ? [Number(pid)] : [];
  });
}
