import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PGlite } from '@electric-sql/pglite';
import { afterAll, describe, expect, it } from 'vitest';
import type { RunningServer } from '../dist/index.js';
import { unpackFolder } from '../src/database/packedFolder.js';
import { Client, type Job, type Model } from './support/client.js';
import { pictures, smallVit } from './support/models.js';
import { temporaryFolder, testServer } from './support/server.js';

const SNP = fileURLToPath(new URL('../../cli/bin/snp.js', import.meta.url));

describe('tokens of administrators that have expired', () => {
  const data = temporaryFolder();
  /** Status of signing in with the link that a server prints. */
  const signIn = async (server: RunningServer) => {
    const code = new URL(await server.signInUrl()).hash.replace('#code=', '');
    const headers = { 'content-type': 'application/json' };
    const init = { method: 'POST', headers, body: JSON.stringify({ code }) };
    return (await fetch(`${server.url}/api/session`, init)).status;
  };
  /** Lets tokens expire while no server runs. */
  const expire = async (which: string) => {
    const database = await PGlite.create(join(data, 'database'));
    await database.query(`update snp.tokens set expires = now() - interval '1 day' where ${which}`);
    await database.close();
  };

  it('are no way in, and another one is made where there is no other', async () => {
    let { server, client } = await testServer({ data });
    const second = await client.post<{ secret: string }>('/api/tokens', { name: 'second', role: 'admin' });
    await server.close();

    await expire(`name <> 'second'`);
    ({ server, client } = await testServer({ data }));
    expect(await signIn(server)).toBe(200);
    expect((await client.fetch('/api/models')).status).toBe(401);
    expect((await new Client(server.url, second.secret).fetch('/api/models')).status).toBe(200);
    await server.close();

    await expire('true');
    ({ server, client } = await testServer({ data }));
    expect(await signIn(server)).toBe(200);
    expect((await client.fetch('/api/models')).status).toBe(200);
    await server.close();
  });
});

describe('a request whose server died', () => {
  it('is done when it comes again', async () => {
    const data = temporaryFolder();
    let { server, client } = await testServer({ data });
    const input = { name: 'x', role: 'read' };
    const key = { 'idempotency-key': 'unanswered' };
    await client.post('/api/tokens', input, key);
    await server.close();
    const database = await PGlite.create(join(data, 'database'));
    await database.query(`update snp.answers set status = null, body = null, created = now() - interval '1 minute'`);
    await database.close();
    ({ server, client } = await testServer({ data }));
    expect(await client.status('/api/tokens', { ...input, name: 'y' }, key)).toBe(422);
    expect(await client.status('/api/tokens', input, key)).toBe(201);
    expect(await client.status('/api/tokens', input, key)).toBe(200);
    await server.close();
  });
});

describe('a server with nothing else running', () => {
  const data = temporaryFolder();
  let child: ChildProcess;
  let client: Client;
  afterAll(() => child.kill('SIGKILL'));

  async function serve(): Promise<Client> {
    child = spawn(
      process.execPath,
      [SNP, 'serve', '--port', '0', '--data', data, '--jobs', '1', '--log-level', 'silent'],
      {
        env: { ...process.env, DATABASE_URL: '' },
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    const url = await new Promise<string>((resolve) => {
      child.stdout!.on('data', (text) => {
        const found = /(http:\S+) serves/.exec(String(text))?.[1];
        if (found) resolve(found);
      });
    });
    return new Client(url, readFileSync(join(data, 'token'), 'utf8').trim());
  }
  const kill = (signal: NodeJS.Signals) =>
    new Promise<number | null>((resolve) => {
      child.once('exit', resolve);
      child.kill(signal);
    });

  it('begins with a copy of the empty database, which is quicker than making one', async () => {
    client = await serve();
    const copy = join(temporaryFolder(), 'database');
    await unpackFolder(new URL('../dist/database.gz', import.meta.url), copy);
    // Whoever makes a database draws a number for it: the first eight bytes.
    const [own, empty] = [join(data, 'database'), copy].map((folder) =>
      readFileSync(join(folder, 'global/pg_control')).subarray(0, 8),
    );
    expect(own).toEqual(empty);
  });

  it('goes on where it was killed, and loses nothing', async () => {
    const model = await client.addModel(await smallVit());
    const dataset = await client.addDataset(await pictures(16));
    const { id } = await client.post<Job>('/api/prunings', {
      model: model.id,
      dataset: { id: dataset.id },
      target: { budget: { macs: 0.6 } },
    });
    await client.runs(id);
    await kill('SIGKILL');
    client = await serve();
    expect(await client.get<Model>(`/api/models/${model.id}`)).toMatchObject({ state: 'ready', sha256: model.sha256 });
    expect(await client.wait(id)).toMatchObject({ state: 'done', attempt: 2 });
  });

  it('opens its database anew where that is killed', async () => {
    const holder = () => readFileSync(join(data, 'database.lock'), 'utf8').split(' ')[0];
    const before = holder();
    process.kill(Number(before), 'SIGKILL');
    await client.until(
      async () => holder(),
      (now) => now !== before,
    );
    await client.until(
      async () => (await client.fetch('/readyz')).status,
      (status) => status === 200,
    );
    const { items } = await client.get<{ items: Job[] }>('/api/jobs?type=prune');
    expect(items).toHaveLength(1);
    // Workers hear of jobs as before.
    expect(await client.addModel(await smallVit({ ffn: 40 }), 'other.onnx')).toMatchObject({ state: 'ready' });
  });

  it('leaves everything to the server that has the folder', async () => {
    const kept = ['scratch', 'predictions'].map((folder) => join(data, folder, 'kept'));
    for (const path of kept) writeFileSync(path, '');
    await expect(testServer({ data })).rejects.toMatchObject({
      code: 'io',
      message: expect.stringContaining('in use'),
    });
    expect(kept.map(existsSync)).toEqual([true, true]);
  });

  it('ends in order, and the same token still opens it', async () => {
    expect(await kill('SIGTERM')).toBe(0);
    client = await serve();
    const { items } = await client.get<{ items: Job[] }>('/api/jobs?type=prune');
    expect(items.map(({ state }) => state)).toEqual(['done']);
    expect(await kill('SIGTERM')).toBe(0);
  });
});
