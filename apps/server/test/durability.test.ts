import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ServedFolder } from './support/command.js';
import { temporaryFolder } from './support/server.js';

// What is open is told by /proc.
describe.skipIf(process.platform !== 'linux')('what is acknowledged is on the disk', () => {
  const data = temporaryFolder();
  const record = join(temporaryFolder(), 'syncs');
  let server: ServedFolder;
  beforeAll(async () => {
    writeFileSync(record, '');
    const preload = new URL(`./support/recordSyncs.mjs?record=${record}`, import.meta.url).href;
    server = await ServedFolder.start(data, { node: ['--import', preload] });
  });
  afterAll(() => server.end());

  /** Files that were synced until a request was answered. */
  async function syncedBy(request: () => Promise<unknown>): Promise<string[]> {
    writeFileSync(record, '');
    await request();
    return readFileSync(record, 'utf8').split('\n');
  }
  const isLog = (path: string) => path.startsWith(join(data, 'database', 'pg_wal', '0'));

  it('before each answer of five transactions', async () => {
    for (let at = 0; at < 5; at++) {
      const synced = await syncedBy(() => server.client.post('/api/tokens', { name: `token ${at}`, role: 'read' }));
      expect(synced.filter(isLog).length).toBeGreaterThan(0);
    }
  });

  it('before an upload is said to be complete: the file, its name, the name of its folder, and who needs it', async () => {
    const bytes = Buffer.from('what was stored');
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const synced = await syncedBy(() => server.client.upload(bytes));
    const artefacts = join(data, 'artefacts');
    const folder = join(artefacts, sha256.slice(0, 2));
    expect(synced).toEqual(expect.arrayContaining([artefacts, folder]));
    expect(synced.findIndex((path) => path.endsWith('.part'))).toBeLessThan(synced.indexOf(folder));
    expect(synced.filter(isLog).length).toBeGreaterThan(0);
    // Who needs it is noted after the file is there.
    expect(synced.findLastIndex(isLog)).toBeGreaterThan(synced.indexOf(folder));
  });

  it('before a part of an upload is said to be there', async () => {
    const id = crypto.randomUUID();
    const headers = { 'upload-length': '10', 'content-type': 'application/octet-stream' };
    const synced = await syncedBy(() =>
      server.client
        .fetch(`/api/uploads/${id}`, { method: 'PUT', body: 'half', headers })
        .then((answer) => answer.text()),
    );
    expect(synced).toContain(join(data, 'uploads', `${id}.part`));
  });

  it('without a sync where something is only read', async () => {
    await server.client.get('/api/models');
    expect((await syncedBy(() => server.client.get('/api/models'))).filter(isLog)).toEqual([]);
  });

  it('or begins anew: a part that the machine may have lost when it went down is not counted on', async () => {
    const id = crypto.randomUUID();
    const headers = { 'upload-length': '10', 'content-type': 'application/octet-stream' };
    const path = `/api/uploads/${id}`;
    await (await server.client.fetch(path, { method: 'PUT', body: 'half', headers })).text();
    const offset = async () => (await server.client.get<{ offset: number }>(path)).offset;
    await server.end('SIGKILL');
    server = await ServedFolder.start(data);
    expect(await offset()).toBe(4);
    await server.end('SIGKILL');
    const lock = readFileSync(join(data, 'lock'), 'utf8').split(' ');
    writeFileSync(join(data, 'lock'), lock.with(3, 'another-boot').join(' '));
    server = await ServedFolder.start(data);
    expect(await offset()).toBe(0);
  });
});
