import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningServer } from '../dist/index.js';
import { Client, type Job, type Model } from './support/client.js';
import { HandDevice } from './support/handDevice.js';
import { smallVit } from './support/models.js';
import { temporaryFolder, testServer } from './support/server.js';

const SNP = fileURLToPath(new URL('../../cli/bin/snp.js', import.meta.url));
const MEGABYTE = 2 ** 20;

interface Usage {
  tokens: { token: string; name: string | null; jobs: number; uploads: number; uploadBytes: number; devices: number }[];
}

describe('one token', () => {
  const data = temporaryFolder();
  let server: RunningServer;
  let admin: Client;
  /** Takes all that it gets. */
  let greedy: Client;
  let greedyId: string;
  let other: Client;
  let model: Model;

  const tokenOf = async (name: string) => {
    const { id, secret } = await admin.post<{ id: string; secret: string }>('/api/tokens', { name, role: 'run' });
    return { id, client: new Client(server.url, secret) };
  };
  const usage = async () => {
    const { tokens } = await admin.get<Usage>('/api/usage');
    return tokens.find(({ token }) => token === greedyId);
  };
  const announce = (client: Client, length: number) =>
    client.fetch(`/api/uploads/${randomUUID()}`, { method: 'PUT', headers: { 'upload-length': String(length) } });

  beforeAll(async () => {
    const limits = { storedBytes: 100 * MEGABYTE, uploadBytes: 20 * MEGABYTE, activeJobs: 40 };
    ({ server, client: admin } = await testServer({ data, slots: 1, ...limits }));
    ({ id: greedyId, client: greedy } = await tokenOf('greedy'));
    ({ client: other } = await tokenOf('other'));
    model = await admin.addModel(await smallVit());
  });
  afterAll(() => server.close());

  it('does not take all room by announcing uploads, and gives it back when it is revoked', async () => {
    const short = await tokenOf('short');
    for (const [at, status] of [200, 507, 507, 507, 507].entries())
      expect([at, (await announce(short.client, 20 * MEGABYTE)).status]).toEqual([at, status]);
    expect((await announce(other, 20 * MEGABYTE)).status).toBe(200);
    const used = async () => (await admin.get<{ limits: { usedBytes: number } }>('/api/about')).limits.usedBytes;
    const before = await used();
    await admin.fetch(`/api/tokens/${short.id}`, { method: 'DELETE' });
    expect(await used()).toBe(before - 20 * MEGABYTE);
  });

  it('does not take the queue: new models are looked into, and others have their turn', async () => {
    const prune = (client: Client, ratio: number) =>
      client.status('/api/prunings', { model: model.id, target: { ratios: { ffn: ratio } }, name: `${ratio}` });
    const statuses = [];
    for (let at = 0; at < 14; at++) statuses.push(await prune(greedy, 0.1 + at / 100));
    expect(statuses).toEqual([...Array(10).fill(202), ...Array(4).fill(507)]);
    expect(await usage()).toMatchObject({ name: 'greedy', jobs: expect.any(Number) });

    expect(await other.addModel(await smallVit({ ffn: 32 }), 'new.onnx')).toMatchObject({ state: 'ready' });
    const waiting = async () => (await usage())?.jobs ?? 0;
    expect(await waiting()).toBeGreaterThanOrEqual(7);
    const own = await other.post<Job>('/api/prunings', { model: model.id, target: { ratios: { ffn: 0.6 } } });
    expect(await other.wait(own.id)).toMatchObject({ state: 'done' });
    expect(await waiting()).toBeGreaterThanOrEqual(4);
  });

  it('takes up nothing any more when an administrator clears it', async () => {
    await announce(greedy, MEGABYTE);
    await new HandDevice(greedy).register();
    expect(await usage()).toMatchObject({ uploads: 1, uploadBytes: MEGABYTE, devices: 1 });
    expect((await admin.fetch(`/api/usage/${greedyId}`, { method: 'DELETE' })).status).toBe(204);
    expect(await usage()).toBeUndefined();
    const { items } = await admin.get<{ items: Job[] }>('/api/jobs?state=waiting,queued,running');
    expect(items.filter(({ createdBy }) => createdBy === 'greedy')).toEqual([]);
    expect(await greedy.status('/api/usage', {})).toBe(405);
    expect((await greedy.fetch('/api/usage')).status).toBe(403);
  });

  it('does not take all streams of events', async () => {
    const stop = new AbortController();
    const kept: Response[] = [];
    const listen = async (client: Client) => {
      const response = await client.fetch('/api/events', { signal: stop.signal });
      // One that nobody holds is closed.
      kept.push(response);
      return response;
    };
    const counts: Record<number, number> = {};
    for (let at = 0; at < 260; at++) {
      const { status } = await listen(greedy);
      counts[status] = (counts[status] ?? 0) + 1;
    }
    expect(counts).toEqual({ 200: 250, 429: 10 });
    expect((await listen(other)).status).toBe(200);
    stop.abort();
  });

  it('does not take all predictions', async () => {
    const predict = (client: Client) =>
      client.status(`/api/models/${model.id}/predictions`, { target: { budget: { macs: 0.5 } } });
    await predict(other);
    const flood = Array.from({ length: 60 }, () => predict(greedy));
    expect(await predict(other)).toBe(200);
    const statuses = await Promise.all(flood);
    expect(statuses).toContain(200);
    expect(statuses).toContain(429);
  });

  it('does not register devices without end, and what is removed leaves the disk', async () => {
    const size = () => {
      const entries = readdirSync(join(data, 'database/base'), { recursive: true, withFileTypes: true });
      return entries
        .filter((entry) => entry.isFile())
        .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
    };
    // A table of its own for each device took 190 kB.
    const before = size();
    const devices = Array.from({ length: 52 }, () => new HandDevice(greedy));
    const statuses = [];
    // Many at once, as a flood comes: what is counted holds until it was added to.
    for (const some of [devices.slice(0, 26), devices.slice(26)])
      statuses.push(...(await Promise.all(some.map(async (device) => (await device.register()).status))));
    expect(statuses.sort()).toEqual([...Array(50).fill(200), 507, 507]);
    expect((await new HandDevice(other).register()).status).toBe(200);
    const removed = [];
    for (const { id } of devices) removed.push((await admin.fetch(`/api/devices/${id}`, { method: 'DELETE' })).status);
    expect(removed.sort()).toEqual([...Array(50).fill(204), 404, 404]);
    expect(size() - before).toBeLessThan(50 * 100_000);
  });

  it('holds one question for work per device', async () => {
    const device = new HandDevice(greedy);
    await device.register();
    const first = greedy.fetch(`/api/devices/${device.id}/take`, { method: 'POST' });
    await new Promise((resolve) => setTimeout(resolve, 300));
    const stop = new AbortController();
    const second = greedy.fetch(`/api/devices/${device.id}/take`, { method: 'POST', signal: stop.signal });
    expect((await first).status).toBe(409);
    stop.abort();
    await expect(second).rejects.toThrow();
  });

  it('signs in a hundred browsers at once, no more', async () => {
    const cookies: string[] = [];
    for (let at = 0; at < 102; at++) {
      const body = JSON.stringify({ token: greedy.token });
      const init = { method: 'POST', body, headers: { 'content-type': 'application/json' } };
      const response = await fetch(`${server.url}/api/session`, init);
      cookies.push(response.headers.get('set-cookie')!.split(';')[0]);
    }
    const status = async (cookie: string) => (await fetch(`${server.url}/api/session`, { headers: { cookie } })).status;
    expect([await status(cookies[0]), await status(cookies[101])]).toEqual([401, 200]);
  });
});

describe('one address', () => {
  let child: ChildProcess;
  let url: string;
  const data = temporaryFolder();
  const sockets: Socket[] = [];

  beforeAll(async () => {
    child = spawn(process.execPath, [SNP, 'serve', '--port', '0', '--data', data, '--log-level', 'silent'], {
      env: { ...process.env, DATABASE_URL: '' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    url = await new Promise<string>((resolve) => {
      child.stdout!.on('data', (text) => {
        const found = /(http:\S+) serves/.exec(String(text))?.[1];
        if (found) resolve(found);
      });
    });
  });
  afterAll(() => {
    for (const socket of sockets) socket.destroy();
    child.kill('SIGKILL');
  });

  it('with thousands of connections that ask for nothing, or never end asking, keeps nobody out', async () => {
    const { hostname, port } = new URL(url);
    const open = (text: string) =>
      new Promise<void>((resolve) => {
        const socket = connect(Number(port), hostname, () => {
          socket.write(text);
          resolve();
        });
        socket.on('error', () => resolve());
        sockets.push(socket);
      });
    const half = `POST /api/session HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{`;
    for (let at = 0; at < 4200; at += 100)
      await Promise.all(Array.from({ length: 100 }, (_, one) => open(one % 2 ? half : '')));
    const client = new Client(url, readFileSync(join(data, 'token'), 'utf8').trim());
    for (let at = 0; at < 5; at++) expect((await client.fetch('/api/models')).status).toBe(200);
  });
});
