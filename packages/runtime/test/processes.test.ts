import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeModel } from '@snp/onnx/node';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { onnxRuntime, type Session } from '../src/index.js';
import { inferenceProcesses, isRunning } from './support/children.js';
import { slowFeeds, slowModel } from './support/slowModel.js';

/** Longer than any test waits. */
const ENDLESS = slowFeeds(10_000_000);
const BRIEF = slowFeeds(1);

/** For what others do in a moment, on a machine that is busy too. */
const PATIENT = { timeout: 60_000, interval: 50 };

/** Waits until no process that runs models is left; fails after a while. */
async function noneLeft(): Promise<void> {
  await vi.waitFor(() => expect(inferenceProcesses()).toEqual([]), PATIENT);
}

async function turns(session: Session): Promise<number> {
  const { end } = await session.run(BRIEF);
  return (end.data as Float32Array)[0];
}

// Processes are listed by ps.
describe.skipIf(process.platform === 'win32')('the process of the runtime', () => {
  afterEach(noneLeft);

  it('is shared by the models of one runtime, starts with the first and ends after the last', async () => {
    const runtime = onnxRuntime();
    expect(inferenceProcesses()).toEqual([]);
    const [first, second] = [await runtime.open(slowModel()), await runtime.open(slowModel())];
    const [pid, ...others] = inferenceProcesses();
    expect(others).toEqual([]);
    await first.close();
    // Long after a process without models would be gone.
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(isRunning(pid)).toBe(true);
    expect(await turns(second)).toBe(1);
    await second.close();
    await noneLeft();
    await vi.waitFor(() => expect(isRunning(pid)).toBe(false), PATIENT);
    const third = await runtime.open(slowModel());
    expect(await turns(third)).toBe(1);
    await third.close();
  });

  it('stays for models that are opened one after another', async () => {
    const runtime = onnxRuntime();
    const pids = new Set<number>();
    for (let time = 0; time < 3; time++) {
      const session = await runtime.open(slowModel());
      for (const pid of inferenceProcesses()) pids.add(pid);
      await session.close();
    }
    expect(pids.size).toBe(1);
  });

  it('ends when a model cannot be opened, too', async () => {
    await expect(onnxRuntime().open(Uint8Array.of(1))).rejects.toThrow();
    expect(inferenceProcesses().length).toBe(1);
    await noneLeft();
  });

  it('may be closed twice, and refuses to run what is closed', async () => {
    const runtime = onnxRuntime();
    const [session, other] = [await runtime.open(slowModel()), await runtime.open(slowModel())];
    await session.close();
    await session.close();
    await expect(session.run(BRIEF)).rejects.toMatchObject({
      code: 'runtime',
      message: expect.stringMatching(/closed/),
    });
    expect(await turns(other)).toBe(1);
    await other.close();
    await noneLeft();
    await session.close();
    await expect(session.run(BRIEF)).rejects.toMatchObject({ code: 'runtime' });
  });

  it('killed from outside, gives an error that says so; models can be opened again', async () => {
    const runtime = onnxRuntime();
    const [session, other] = [await runtime.open(slowModel()), await runtime.open(slowModel())];
    const runs = [session.run(ENDLESS), other.run(ENDLESS)];
    const failures = Promise.all(runs.map((run) => run.catch((error: unknown) => error)));
    for (const pid of inferenceProcesses()) process.kill(pid, 'SIGKILL');
    for (const error of await failures) {
      expect(error).toMatchObject({ code: 'runtime', message: expect.stringMatching(/SIGKILL.*memory/) });
    }
    await expect(session.run(BRIEF)).rejects.toMatchObject({ code: 'runtime' });
    await session.close();
    const next = await runtime.open(slowModel());
    expect(await turns(next)).toBe(1);
    await next.close();
  });

  it('killed while nobody waits, is noticed by the next run', async () => {
    const session = await onnxRuntime().open(slowModel());
    for (const pid of inferenceProcesses()) process.kill(pid, 'SIGKILL');
    await expect(session.run(BRIEF)).rejects.toMatchObject({ code: 'runtime' });
  });

  it('stops a run that is aborted at once; other work in it fails with a reason', async () => {
    const runtime = onnxRuntime();
    const [session, other] = [await runtime.open(slowModel()), await runtime.open(slowModel())];
    const controller = new AbortController();
    const reason = new Error('enough');
    const runs = [
      session.run(ENDLESS, { signal: controller.signal }),
      other.run(ENDLESS, { signal: controller.signal }),
      other.run(ENDLESS),
    ];
    const failures = Promise.all(runs.map((run) => run.catch((error: unknown) => error)));
    await new Promise((resolve) => setTimeout(resolve, 50));
    controller.abort(reason);
    const [first, second, third] = await failures;
    expect(first).toMatchObject({ code: 'aborted', cause: reason });
    expect(second).toMatchObject({ code: 'aborted', cause: reason });
    expect(third).toMatchObject({
      code: 'runtime',
      message: expect.stringMatching(/Other work .* open the model again/),
    });
    const next = await runtime.open(slowModel());
    expect(await turns(next)).toBe(1);
    await next.close();
  });

  it('is not asked for anything by work that is aborted already', async () => {
    const runtime = onnxRuntime();
    const signal = AbortSignal.abort();
    await expect(runtime.open(slowModel(), { signal })).rejects.toMatchObject({ code: 'aborted' });
    expect(inferenceProcesses()).toEqual([]);
    const session = await runtime.open(slowModel());
    await expect(session.run(BRIEF, { signal })).rejects.toMatchObject({ code: 'aborted' });
    expect(await turns(session)).toBe(1);
    await session.close();
  });

  it('an abort after the answer changes nothing', async () => {
    const session = await onnxRuntime().open(slowModel());
    const controller = new AbortController();
    await session.run(BRIEF, { signal: controller.signal });
    controller.abort();
    expect(await turns(session)).toBe(1);
    await session.close();
  });

  describe('of a program', () => {
    let folder: string;
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'snp-processes-'));
      await writeModel(slowModel(), join(folder, 'model.onnx'));
    });
    afterAll(() => rm(folder, { recursive: true, force: true }));

    const built = JSON.stringify(new URL('../dist/index.js', import.meta.url).href);

    it('leaves no copy of a model when it exits while that is opened', async () => {
      const temporary = join(folder, 'temporary');
      await mkdir(temporary);
      const text = `
        import { readdirSync } from 'node:fs';
        import { tmpdir } from 'node:os';
        import { onnxRuntime } from ${built};
        onnxRuntime().open(new Uint8Array(1e6));
        setInterval(() => readdirSync(tmpdir()).length > 0 && process.exit(3), 1);`;
      const options = { env: { ...process.env, TMPDIR: temporary }, stdio: 'inherit' as const };
      const [code] = await once(spawn(process.execPath, ['--input-type=module', '-e', text], options), 'exit');
      expect(code).toBe(3);
      expect(await readdir(temporary)).toEqual([]);
    });

    /** Starts a program that opens a model, prints the process that runs it, and goes on with `rest`. */
    async function program(rest: string): Promise<{ parent: ChildProcess; pid: number }> {
      const text = `
        import { execFileSync } from 'node:child_process';
        import { onnxRuntime } from ${built};
        const session = await onnxRuntime().open(${JSON.stringify(join(folder, 'model.onnx'))});
        console.log(execFileSync('pgrep', ['-P', process.pid, '-f', 'worker.js'], { encoding: 'utf8' }));
        ${rest}`;
      const parent = spawn(process.execPath, ['--input-type=module', '-e', text], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const [line] = await once(parent.stdout!, 'data');
      return { parent, pid: Number(line) };
    }

    const gone = (pid: number) => vi.waitFor(() => expect(isRunning(pid)).toBe(false), PATIENT);

    it('lets it end by itself, even with a model open, and ends with it', async () => {
      const { parent, pid } = await program('');
      expect(pid).toBeGreaterThan(0);
      const [code] = await once(parent, 'exit');
      expect(code).toBe(0);
      await gone(pid);
    });

    it.each([
      ['nothing is asked of it', 'setInterval(() => {}, 1000);'],
      [
        'it runs a model',
        `await session.run({
        start: { type: 'FLOAT', dims: [256, 256], data: new Float32Array(65536) },
        times: { type: 'INT64', dims: [], data: BigInt64Array.of(500n) },
      }); setInterval(() => {}, 1000);`,
      ],
    ])('ends when that is killed while %s', async (_, rest) => {
      const { parent, pid } = await program(rest);
      expect(isRunning(pid)).toBe(true);
      parent.kill('SIGKILL');
      await gone(pid);
    });
  });
});
