import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { zipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningServer } from '../dist/index.js';
import type { Client, Dataset, Job, Model } from './support/client.js';
import { pictures, smallVit } from './support/models.js';
import { temporaryFolder, testServer } from './support/server.js';

const SNP = fileURLToPath(new URL('../../cli/bin/snp.js', import.meta.url));

describe('what goes wrong around a server', () => {
  const data = temporaryFolder();
  let server: RunningServer;
  let client: Client;
  let model: Model;
  let dataset: Dataset;
  beforeAll(async () => {
    ({ server, client } = await testServer({ data, slots: 1 }));
    model = await client.addModel(await smallVit());
    dataset = await client.addDataset(await pictures(24));
  });
  afterAll(() => server.close());

  /** Processes of jobs of this server. */
  const taskProcesses = () =>
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .filter((pid) => {
        try {
          const parent = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')[1];
          return (
            Number(parent) === process.pid && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('taskProcess.js')
          );
        } catch {
          return false;
        }
      })
      .map(Number);
  /** Kills the processes of a job as they begin, so many. */
  const kill = async (count: number) => {
    const killed = new Set<number>();
    while (killed.size < count) {
      for (const pid of taskProcesses().filter((one) => !killed.has(one))) {
        // Seen at work, with memory of its own.
        await setTimeout(700);
        process.kill(pid, 'SIGKILL');
        killed.add(pid);
      }
      await setTimeout(20);
    }
  };
  const begin = (every: number) =>
    client.post<Job>('/api/calibrations', { model: model.id, dataset: dataset.id, every, effects: true });

  it('a job whose process is killed is tried once more', async () => {
    const { id } = await begin(1);
    await kill(1);
    expect(await client.wait(id)).toMatchObject({ state: 'done', attempt: 1 });
    const { items } = await client.get<{ items: { level: string; text: string }[] }>(`/api/jobs/${id}/logs`);
    expect(items).toContainEqual(
      expect.objectContaining({ level: 'warn', text: expect.stringMatching(/SIGKILL.*memory.*once more/) }),
    );
  });

  it('killed again, it fails, with the likely reason and the memory that it was seen to hold', async () => {
    const { id } = await begin(2);
    await kill(2);
    const { state, error } = await client.wait(id);
    expect(state).toBe('failed');
    expect(error!.message).toMatch(/SIGKILL, most likely because .* memory\. It was seen to hold \d+ MB of the \d+ MB/);
  });

  it('an archive is unpacked no longer than someone waits for it', async () => {
    const entries: Record<string, Uint8Array> = {};
    for (let at = 0; at < 20_000; at++) entries[`${at}.png`] = Buffer.from(`picture ${at}`);
    const upload = await client.upload(zipSync(entries, { level: 0 }));
    const used = async () => (await client.get<{ limits: { usedBytes: number } }>('/api/about')).limits.usedBytes;
    const before = await used();
    const stop = new AbortController();
    const body = JSON.stringify({ name: 'left', files: [{ path: 'a.zip', upload }] });
    const headers = { 'content-type': 'application/json' };
    const answer = client.fetch('/api/datasets', { method: 'POST', body, headers, signal: stop.signal });
    await client.until(used, (now) => now > before);
    stop.abort();
    await expect(answer).rejects.toThrow();
    await client.until(
      async () => readdirSync(join(data, 'scratch')),
      (names) => names.length === 0,
    );
    const after = await used();
    await setTimeout(500);
    expect(await used()).toBe(after);
    expect(after - before).toBeLessThan(Buffer.concat(Object.values(entries)).length / 2);
    expect((await client.get<{ items: Dataset[] }>('/api/datasets')).items.map(({ name }) => name)).not.toContain(
      'left',
    );
  });

  it.each([
    ['lists', (depth: number) => `{"model":"x","target":{"plan":${'['.repeat(depth)}${']'.repeat(depth)}}}`],
    ['lists without an end', (depth: number) => `{"model":"x","a":${'['.repeat(depth)}`],
    [
      'objects in a plan',
      (depth: number) =>
        `{"model":"x","target":{"plan":{"format":"snp-plan","version":1,"model":{"fingerprint":"x"},"groups":{},"more":${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}}}}`,
    ],
  ])('a body nested thousands deep is refused: %s', async (_, bodyOf) => {
    const init = (depth: number) => ({
      method: 'POST',
      body: bodyOf(depth),
      headers: { 'content-type': 'application/json', 'idempotency-key': `deep-${depth}-${bodyOf(1).length}` },
    });
    for (const depth of [3000, 100_000]) expect((await client.fetch('/api/prunings', init(depth))).status).toBe(400);
    // Brackets in text are text.
    const text = { ...init(1), body: JSON.stringify({ token: '['.repeat(150) }) };
    expect((await client.fetch('/api/session', text)).status).toBe(401);
  });
});

describe('a server that is told to stop', () => {
  it('says that it is not ready before it refuses connections', async () => {
    const child = spawn(process.execPath, [SNP, 'serve', '--port', '0', '--data', temporaryFolder()], {
      env: { ...process.env, DATABASE_URL: '' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const url = await new Promise<string>((resolve) => {
      child.stdout!.on('data', (text) => {
        const found = /(http:\S+) serves/.exec(String(text))?.[1];
        if (found) resolve(found);
      });
    });
    /** On a connection of its own, as a load balancer asks. */
    const ready = () =>
      new Promise<number | string>((resolve) => {
        get(`${url}/readyz`, { agent: false }, (response) => {
          response.resume();
          resolve(response.statusCode!);
        }).on('error', (error: NodeJS.ErrnoException) => resolve(error.code!));
      });
    expect(await ready()).toBe(200);
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    const seen: (number | string)[] = [];
    while (seen.at(-1) !== 'ECONNREFUSED') {
      seen.push(await ready());
      await setTimeout(20);
    }
    expect(await ended).toBe(0);
    const answers = seen.filter((one, at) => one !== seen[at - 1] && one !== 'ECONNRESET');
    expect(answers.slice(-2)).toEqual([503, 'ECONNREFUSED']);
    expect(seen.filter((one) => one === 503).length).toBeGreaterThan(3);
  });
});
