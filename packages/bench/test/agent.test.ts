import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { AgentClient, type AgentJob, type BenchModel, measure, remoteTarget } from '../src/index.js';
import { smallModel, temporaryFolder } from './support/models.js';
import { BRIEF } from './support/protocol.js';

const SCRIPT = fileURLToPath(new URL('support/agentProcess.mjs', import.meta.url));
const TOKEN = 'correct horse battery staple';
const folder = temporaryFolder();
const running: ChildProcess[] = [];
let model: BenchModel;

interface Running {
  url: string;
  process: ChildProcess;
  port: number;
}

/** An agent in a process of its own, as on a device. */
async function agent(data: string, { port = 0, quota = 1e9 } = {}): Promise<Running> {
  const child = spawn(process.execPath, [SCRIPT, data, TOKEN, String(port), String(quota)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  running.push(child);
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout!.once('data', (text) => resolve(String(text).trim()));
    child.once('exit', (code) => reject(new Error(`the agent ended with ${code}`)));
  });
  return { url, process: child, port: Number(new URL(url).port) };
}

const client = (url: string, token = TOKEN) => new AgentClient({ url, token, pollMs: 20, patienceMs: 20_000 });
const ended = async (child: ChildProcess) => {
  if (child.exitCode === null && child.signalCode === null) await new Promise((resolve) => child.once('exit', resolve));
};
const jobFor = (models: AgentJob['models'], runs = 8): AgentJob => ({
  models,
  target: 'cpu-1',
  protocol: { ...BRIEF, launches: 1, runs },
});

beforeAll(async () => {
  model = await smallModel(join(folder, 'model.onnx'), { weights: 'external' });
});

afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
});

describe('an agent', () => {
  it('answers under its own name alone, and lets nobody try tokens one after the other', async () => {
    const { url, port } = await agent(join(folder, 'guarded'));
    const asked = (headers: Record<string, string>) =>
      new Promise<number>((resolve, reject) => {
        const sent = request({ host: '127.0.0.1', port, path: '/jobs', headers }, (response) => {
          response.resume();
          resolve(response.statusCode!);
        });
        sent.on('error', reject);
        sent.end();
      });
    const authorization = `Bearer ${TOKEN}`;
    expect(await asked({ authorization, host: 'evil.example' })).toBe(403);
    expect(await asked({ authorization, host: `localhost:${port}` })).toBe(200);
    const statuses: number[] = [];
    for (let at = 0; at < 25; at++) statuses.push(await asked({ authorization: `Bearer ${at}` }));
    expect(statuses).toEqual([...Array(20).fill(401), ...Array(5).fill(429)]);
    expect((await fetch(`${url}/jobs`, { headers: { authorization } })).status).toBe(200);
  });

  it('measures as a target of its own', async () => {
    const { url } = await agent(join(folder, 'a'));
    const target = remoteTarget({ url, token: TOKEN, target: 'cpu-1', pollMs: 20 });
    expect(await target.probe()).toMatchObject({ available: true, runtime: 'onnxruntime-node' });
    const steps = new Set<string>();
    const result = await measure({
      models: [model],
      target,
      protocol: BRIEF,
      onProgress: ({ step }) => steps.add(step),
    });
    expect(result).toMatchObject({
      target: { name: `${url}#cpu-1` },
      models: [{ name: 'model.onnx', state: 'measured' }],
    });
    expect(steps).toContain('load');
    expect(await (await fetch(`${url}/jobs`, { headers: { authorization: `Bearer ${TOKEN}` } })).json()).toEqual([]);
  });

  it('lets nobody in without the token', async () => {
    const { url } = await agent(join(folder, 'b'));
    for (const [at, authorization] of [
      '',
      'Bearer ',
      `Bearer ${TOKEN}x`,
      `Bearer ${TOKEN.slice(1)}`,
      `Basic ${TOKEN}`,
      TOKEN,
    ].entries()) {
      // Each of its own, for wrong tokens are limited.
      const { url: own } = await agent(join(folder, `b${at}`));
      for (const [method, path] of [
        ['GET', '/'],
        ['GET', `/files/${'0'.repeat(64)}`],
        ['PATCH', `/files/${'0'.repeat(64)}`],
        ['PUT', '/jobs/1'],
        ['GET', '/jobs'],
        ['DELETE', '/jobs/1'],
        ['GET', '/no/such/place'],
      ]) {
        const response = await fetch(own + path, { method, headers: { authorization } });
        expect([method, path, response.status]).toEqual([method, path, 401]);
      }
    }
    const target = remoteTarget({ url, token: 'a token that is wrong' });
    expect(await target.probe()).toMatchObject({
      available: false,
      reason: expect.stringMatching(/token is missing or wrong/),
    });
    await expect(measure({ models: [model], target })).rejects.toThrow(/token is missing or wrong/);
    expect(readdirSync(join(folder, 'b', 'files'))).toEqual([]);
  });

  it('takes up an upload where it stopped, and throws away what has another hash', async () => {
    const { url } = await agent(join(folder, 'c'));
    const bytes = readFileSync(model.path);
    const hash = createHash('sha256').update(bytes).digest('hex');
    const send = (to: string, part: Buffer, offset: number, total = bytes.length) =>
      fetch(`${url}/files/${to}`, {
        method: 'PATCH',
        headers: { authorization: `Bearer ${TOKEN}`, 'upload-offset': String(offset), 'upload-length': String(total) },
        body: new Uint8Array(part),
      });
    expect(await (await send(hash, bytes.subarray(0, 1000), 0)).json()).toEqual({ bytes: 1000, complete: false });
    expect((await send(hash, bytes.subarray(500), 500)).status).toBe(409);
    expect(await (await send(hash, bytes.subarray(1000), 1000)).json()).toEqual({
      bytes: bytes.length,
      complete: true,
    });
    const wrong = 'f'.repeat(64);
    expect((await send(wrong, bytes, 0)).status).toBe(409);
    expect((await send(wrong, bytes, 0, 10)).status).toBe(409);
    expect((await send('../../etc/passwd'.padEnd(64, 'x'), bytes, 0)).status).toBeGreaterThanOrEqual(400);
    expect(readdirSync(join(folder, 'c', 'files')).filter((name) => !name.endsWith('.part'))).toEqual([hash]);
  });

  it('refuses jobs that reach out of their folder, name no file, or are too large', async () => {
    const { url } = await agent(join(folder, 'd'));
    const own = client(url);
    const uploaded = await own.upload(model);
    for (const location of ['../x', '/etc/passwd', 'a/../../b', 'a//b', 'c:\\x', '', '.'])
      await expect(
        own.submit(jobFor([{ ...uploaded, data: [{ location, sha256: uploaded.sha256 }] }])),
      ).rejects.toThrow(/location/);
    await expect(own.submit(jobFor([{ ...uploaded, sha256: '0'.repeat(64) }]))).rejects.toThrow(
      /is not there. Upload it/,
    );
    await expect(own.submit({ ...jobFor([uploaded]), target: 'gpu' })).rejects.toThrow(
      /no target 'gpu', but cpu, cpu-1/,
    );
    await expect(own.submit({ ...jobFor([uploaded]), protocol: { ...BRIEF, runs: 1e12 } })).rejects.toThrow(
      /protocol.runs/,
    );
    const large = await fetch(`${url}/jobs/1`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
      body: `"${'x'.repeat(2 ** 21)}"`,
    });
    expect(large.status).toBe(413);
  });

  it('makes one job of what is sent twice', async () => {
    const { url } = await agent(join(folder, 'e'));
    const own = client(url);
    const job = jobFor([await own.upload(model)]);
    const [first, second] = await Promise.all([own.submit(job, 'twice'), own.submit(job, 'twice')]);
    expect(second.submitted).toBe(first.submitted);
    await expect(own.submit({ ...job, target: 'cpu' }, 'twice')).rejects.toThrow(/another job 'twice'/);
    const end = await own.wait('twice');
    expect(end).toMatchObject({ state: 'done', result: { models: [{ state: 'measured' }] } });
    expect((await own.submit(job, 'twice')).ended).toBe(end.ended);
  });

  it('removes what was not used for longest where the quota is reached, but nothing that a job needs', async () => {
    const bytes = readFileSync(model.path).length + readFileSync(`${model.path}.data`).length;
    const { url } = await agent(join(folder, 'f'), { quota: Math.round(1.5 * bytes) });
    const own = client(url);
    const first = await own.upload(model);
    const other = await smallModel(join(folder, 'other.onnx'), { ffn: 49, weights: 'external' });
    const long = await own.submit(jobFor([first], 1_000_000), 'long');
    expect(long.state).toMatch(/queued|running/);
    await expect(own.upload(other)).rejects.toThrow(/no room/);
    await own.remove('long');
    await own.wait('long').catch(() => undefined);
    // The file is let go of when the measurement has ended.
    await expect.poll(() => own.upload(other).catch(String)).toMatchObject({ sha256: expect.any(String) });
    await expect(own.submit(jobFor([first]))).rejects.toThrow(/is not there/);
  });

  const root = process.platform === 'linux' && process.getuid?.() === 0;
  if (!root) console.warn('No test on a full disk: only root may mount one.');
  it.skipIf(!root)('says that its disk is full, and works on where there is room again', async ({ skip }) => {
    const disk = join(folder, 'disk');
    mkdirSync(disk);
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k,mode=700', 'tmpfs', disk], { stdio: 'pipe' });
    } catch {
      skip('mounting is not allowed here');
    }
    try {
      const { url } = await agent(disk);
      const large = await smallModel(join(folder, 'large.onnx'), { ffn: 2000 });
      await expect(client(url).upload(large)).rejects.toThrow(/disk of the agent is full/);
      execFileSync('mount', ['-o', 'remount,size=100m,mode=700', disk]);
      expect(await client(url).upload(large)).toMatchObject({ name: 'large.onnx' });
    } finally {
      for (const child of running.splice(0)) {
        child.kill('SIGKILL');
        await ended(child);
      }
      execFileSync('umount', [disk]);
    }
  });
});

describe('agents that come and go', () => {
  it('lose nothing, and run nothing twice by themselves', async () => {
    const data = join(folder, 'g');
    const first = await agent(data);
    const other = await agent(join(folder, 'h'));
    const own = client(first.url);
    const uploaded = await own.upload(model);
    const elsewhere = client(other.url).upload(model);
    await own.submit(jobFor([uploaded], 1_000_000), 'running');
    await own.submit(jobFor([uploaded]), 'waiting');
    await expect.poll(async () => (await own.submit(jobFor([uploaded], 1_000_000), 'running')).state).toBe('running');
    first.process.kill('SIGKILL');
    await ended(first.process);
    // Who waits goes on waiting while the agent is away.
    const end = own.wait('waiting');
    const second = await agent(data, { port: first.port });
    expect(await end).toMatchObject({ state: 'done' });
    const interrupted = await own.wait('running');
    expect(interrupted).toMatchObject({
      state: 'interrupted',
      error: expect.stringMatching(/ended while it measured/),
    });
    expect((await own.submit(interrupted.job, 'running')).state).toBe('interrupted');
    // Nothing is left of the run that was killed.
    expect(readdirSync(join(data, 'jobs')).sort()).toEqual(['running.json', 'waiting.json']);
    // The other agent did not notice.
    expect(
      await client(other.url)
        .submit(jobFor([await elsewhere]), 'there')
        .then(() => client(other.url).wait('there')),
    ).toMatchObject({ state: 'done' });
    second.process.kill('SIGTERM');
    await ended(second.process);
    const third = await agent(data, { port: first.port });
    expect(await client(third.url).wait('waiting')).toMatchObject({ state: 'done', result: { format: 'snp-bench' } });
  });

  it('are given up after a while', async () => {
    const { url, process: child } = await agent(join(folder, 'i'));
    child.kill('SIGKILL');
    await ended(child);
    const impatient = new AgentClient({ url, token: TOKEN, patienceMs: 300 });
    await expect(impatient.upload(model)).rejects.toMatchObject({
      code: 'io',
      message: expect.stringMatching(/cannot be reached/),
    });
  });
});
