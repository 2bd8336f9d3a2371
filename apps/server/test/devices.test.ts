import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { RunningServer } from '../dist/index.js';
import type { components } from '../openapi.js';
import { breakingProxy } from './support/breakingProxy.js';
import { Client, type Job, type Model } from './support/client.js';
import { smallVit } from './support/models.js';
import { temporaryFolder, testServer } from './support/server.js';

type Device = components['schemas']['Device'];

const SNP = fileURLToPath(new URL('../../cli/bin/snp.js', import.meta.url));

describe('a device', () => {
  let server: RunningServer;
  let client: Client;
  let token: string;
  let models: Model[];
  const data = temporaryFolder();
  const running: ChildProcess[] = [];

  /** An agent as it runs on a device. */
  function agent(folder = data, own = token, url = server.url): ChildProcess {
    const child = spawn(process.execPath, [SNP, 'agent', '--server', url, '--data', folder, '--name', 'this machine'], {
      env: { ...process.env, SNP_AGENT_TOKEN: own },
      stdio: 'pipe',
    });
    running.push(child);
    return child;
  }

  const device = () =>
    client.until(
      async () => (await client.get<{ items: Device[] }>('/api/devices')).items[0],
      (found) => found !== undefined,
    );
  const benchmark = async (input: object = {}) => {
    const { id } = await device();
    return client.post<Job>('/api/benchmarks', {
      models: models.map((model) => model.id),
      device: id,
      target: 'cpu-1',
      protocol: 'quick',
      ...input,
    });
  };
  const ended = (child: ChildProcess) => new Promise((resolve) => child.once('exit', resolve));
  const registered = (child: ChildProcess) =>
    new Promise<void>((resolve) =>
      child.stdout!.on('data', (text) => {
        if (String(text).includes('registered')) resolve();
      }),
    );

  beforeAll(async () => {
    ({ server, client } = await testServer());
    ({ secret: token } = await client.post<{ secret: string }>('/api/tokens', { name: 'pi', role: 'device' }));
    const inline = await client.addModel(await smallVit(), 'a.onnx');
    const path = await smallVit({ weights: 'external', name: 'b.onnx', ffn: 24 });
    models = [inline, await client.addModel(path, 'b.onnx', [{ location: 'b.onnx.data', path: `${path}.data` }])];
  });
  // Until they are gone, they may still be given what the next test asks for.
  afterEach(async () => {
    const alive = running.splice(0).filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
    const gone = alive.map(ended);
    for (const child of alive) child.kill('SIGKILL');
    await Promise.all(gone);
  });
  afterAll(() => server.close());

  it('registers, measures what it is given, and its result can be taken home', async () => {
    agent();
    const found = await device();
    expect(found).toMatchObject({ name: 'this machine', state: 'idle', fingerprint: { cores: expect.any(Number) } });
    expect(found.targets).toContainEqual(expect.objectContaining({ name: 'cpu-1', available: true }));
    const job = (await client.wait((await benchmark()).id)) as Job & { type: 'benchmark' };
    expect(job.error).toBeNull();
    const [first, second] = job.result!.models;
    expect(first).toMatchObject({ state: 'measured', name: 'a.onnx', id: models[0].id });
    expect(second).toMatchObject({ state: 'measured', name: 'b.onnx', speedUp: { ratio: expect.any(Number) } });
    const whole = JSON.parse((await client.artefact(job.id, 'benchmark.json')).toString());
    expect(whole).toMatchObject({
      format: 'snp-bench',
      models: [{ sha256: models[0].sha256 }, { sha256: models[1].sha256 }],
    });
    expect((await client.artefact(job.id, 'benchmark.csv')).toString().split('\n').length).toBeGreaterThan(2);
    expect((await device()).done).toBe(1);
    const history = await client.get<{ items: Job[] }>(`/api/jobs?device=${found.id}`);
    expect(history.items.map(({ id }) => id)).toEqual([job.id]);
  });

  it('says how fast a pruned model is to be: the plan is made from what it measures', async () => {
    agent();
    const { id } = await device();
    // So many tokens and neurons that widths outweigh all else; hardly anything is asked for, so that it is met on a machine that is busy too.
    const large = await client.addModel(await smallVit({ patch: 2, ffn: 384, name: 'large.onnx' }), 'large.onnx');
    const input = { model: large.id, target: { latency: { device: id, target: 'cpu-1', share: 0.97 } } };
    const job = (await client.wait((await client.post<Job>('/api/prunings', input)).id)) as Job & { type: 'prune' };
    expect(job.error).toBeNull();
    expect(job.result!.latency).toMatchObject({ on: 'this machine cpu-1', measured: { ratio: expect.any(Number) } });
    expect(job.parts!.done).toBe(job.parts!.total);
    expect(job.result!.cost.after.macs).toBeLessThan(job.result!.cost.before.macs);
  });

  it('that stops hands its job back, and goes on with it when it is there again', async () => {
    const child = agent();
    await registered(child);
    const job = await benchmark({ protocol: 'default' });
    await client.runs(job.id);
    child.kill('SIGTERM');
    await ended(child);
    expect((await client.get<Job>(`/api/jobs/${job.id}`)).state).toBe('queued');
    await client.post(`/api/jobs/${job.id}/cancel`, {});
  });

  it('that is killed loses its job to whoever comes next', async () => {
    const child = agent();
    const job = await benchmark({ protocol: 'snp-paper' });
    await client.runs(job.id);
    child.kill('SIGKILL');
    await ended(child);
    agent();
    const end = await client.wait(job.id);
    expect(end).toMatchObject({ state: 'done', attempt: 2 });
  });

  it('goes on where an answer breaks off, of a file and of its report', async () => {
    const broken = await breakingProxy(server.url, [/\/files\//, /\/jobs\//]);
    // A device that has no file yet.
    const child = agent(temporaryFolder(), token, broken.url);
    const found = await client.until(
      async () => (await client.get<{ items: Device[] }>('/api/devices')).items,
      (devices) => devices.length === 2,
    );
    const { id } = found.sort((a, b) => a.created.localeCompare(b.created))[1];
    const end = await client.wait((await benchmark({ device: id })).id);
    expect(end).toMatchObject({ state: 'done', error: null, attempt: 1 });
    expect(broken.left()).toBe(0);
    // One that runs would register again.
    child.kill('SIGKILL');
    await ended(child);
    expect((await client.fetch(`/api/devices/${id}`, { method: 'DELETE' })).status).toBe(204);
    await broken.close();
  });

  it('stops measuring what is cancelled', async () => {
    agent();
    const job = await benchmark({ protocol: 'mlperf-single-stream' });
    await client.runs(job.id);
    await client.post(`/api/jobs/${job.id}/cancel`, {});
    const idle = await client.until(device, ({ running: one }) => one === null);
    expect(idle.queued).toBe(0);
    expect((await client.wait((await benchmark()).id)).state).toBe('done');
  });

  it('of another token cannot take its name, its jobs or its files', async () => {
    const { id, name, fingerprint, targets } = await device();
    const { secret } = await client.post<{ secret: string }>('/api/tokens', { name: 'thief', role: 'device' });
    const thief = new Client(server.url, secret);
    const put = await thief.fetch(`/api/devices/${id}`, {
      method: 'PUT',
      body: JSON.stringify({ name, fingerprint, targets }),
      headers: { 'content-type': 'application/json' },
    });
    expect(put.status).toBe(409);
    expect(await thief.status(`/api/devices/${id}/take`, {})).toBe(404);
    expect((await thief.fetch(`/api/devices/${id}/files/${models[0].sha256}`)).status).toBe(404);
  });

  it('may fetch only files of jobs that it holds', async () => {
    const { id } = await device();
    const own = new Client(server.url, token);
    expect((await own.fetch(`/api/devices/${id}/files/${models[0].sha256}`)).status).toBe(404);
  });

  it('with a wrong token is told so', async () => {
    const child = agent(join(data, 'other'), 'snp_wrong');
    let said = '';
    child.stderr!.on('data', (chunk) => {
      said += chunk;
    });
    expect(await ended(child)).toBe(1);
    expect(said).toContain('token is missing or wrong');
  });
});
