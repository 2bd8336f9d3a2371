import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import S3rver from 's3rver';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPlain } from '../src/folder/plainFile.js';
import type { ArtefactStore } from '../src/storage/artefactStore.js';
import { FolderStore } from '../src/storage/folderStore.js';
import { hashOf } from '../src/storage/hashOf.js';
import { S3Store } from '../src/storage/s3Store.js';
import { breakingProxy } from './support/breakingProxy.js';
import type { Client, Job } from './support/client.js';
import { smallVit } from './support/models.js';
import { temporaryFolder, testServer } from './support/server.js';

const s3 = new S3rver({
  port: 0,
  address: '127.0.0.1',
  silent: true,
  directory: temporaryFolder(),
  configureBuckets: [{ name: 'snp', configs: [] }],
});
let options: { url: string; accessKeyId: string; secretAccessKey: string };

beforeAll(async () => {
  const { port } = await s3.run();
  options = { url: `http://127.0.0.1:${port}/snp`, accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' };
});
afterAll(() => s3.close());

/** Hands a file over as the server does. */
async function take(store: ArtefactStore, sha256: string, path: string): Promise<void> {
  const file = await openPlain(path);
  await store.take(sha256, path, file).finally(() => file.close());
}

describe.each(['folder', 's3'])('a store in a %s', (kind) => {
  const folder = temporaryFolder();
  const store = () => (kind === 'folder' ? new FolderStore(join(folder, 'store')) : new S3Store(options));

  it.each([0, 1000, 40 * 2 ** 20])('keeps files of %i bytes, gives them whole and in parts', async (size) => {
    const own = store();
    await own.open();
    const bytes = randomBytes(size);
    const path = join(folder, 'in');
    writeFileSync(path, bytes);
    const sha256 = await hashOf(path);
    expect(await own.state(sha256)).toBe('missing');
    await take(own, sha256, path);
    expect(await own.state(sha256)).toBe('whole');
    expect((await buffer(await own.read(sha256))).equals(bytes)).toBe(true);
    if (size > 0)
      expect((await buffer(await own.read(sha256, { start: 5, end: 99 }))).equals(bytes.subarray(5, 100))).toBe(true);
    const place = join(folder, `out-${size}`, 'file');
    await own.place(sha256, place);
    expect(await hashOf(place)).toBe(sha256);
    await own.remove(sha256);
    expect(await own.state(sha256)).toBe('missing');
    await expect(own.read(sha256)).rejects.toMatchObject({ code: 'damaged' });
  });
});

/** A folder on another disk than that of temporary files, where there is one. */
const OTHER_DISK = '/dev/shm';
const hasOtherDisk = existsSync(OTHER_DISK) && statSync(OTHER_DISK).dev !== statSync(tmpdir()).dev;

describe('files that are there', () => {
  it.skipIf(!hasOtherDisk)('are whole, also where several bring the same one from another disk', async () => {
    const folder = temporaryFolder();
    const other = mkdtempSync(join(OTHER_DISK, 'snp-server-'));
    const store = new FolderStore(folder);
    const bytes = randomBytes(8 * 2 ** 20);
    const paths = Array.from({ length: 4 }, (_, at) => join(other, String(at)));
    for (const path of paths) writeFileSync(path, bytes);
    const sha256 = await hashOf(paths[0]);
    await Promise.all(paths.map((path) => take(store, sha256, path)));
    expect(await hashOf(join(folder, sha256.slice(0, 2), sha256))).toBe(sha256);
    expect(readdirSync(join(folder, sha256.slice(0, 2)))).toEqual([sha256]);
    await store.place(sha256, join(other, 'placed'));
    expect(readdirSync(other)).toEqual(['placed']);
    rmSync(other, { recursive: true });
  });

  it('are whole as soon as they have their name, also from S3', async () => {
    const folder = temporaryFolder();
    const store = new S3Store(options);
    const path = join(folder, 'in');
    const bytes = randomBytes(32 * 2 ** 20);
    writeFileSync(path, bytes);
    const sha256 = await hashOf(path);
    await take(store, sha256, path);
    const place = join(folder, 'out');
    const placed = store.place(sha256, place);
    let ended = false;
    placed.finally(() => {
      ended = true;
    });
    while (!existsSync(place) && !ended) await new Promise((resolve) => setImmediate(resolve));
    expect(statSync(place).size).toBe(bytes.length);
    await placed;
    expect(readdirSync(folder)).toEqual(['out']);
  });
});

describe('an answer of S3 that breaks off', () => {
  it('is a store that is away, and leaves nothing at the place', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'in');
    writeFileSync(path, randomBytes(2 ** 20));
    const sha256 = await hashOf(path);
    await take(new S3Store(options), sha256, path);
    const proxy = await breakingProxy(new URL(options.url).origin, [/./]);
    const store = new S3Store({ ...options, url: options.url.replace(/http:..[^/]+/, proxy.url) });
    const place = join(folder, 'out');
    await expect(store.place(sha256, place)).rejects.toMatchObject({ code: 'io' });
    expect(readdirSync(folder)).toEqual([]);
    await store.place(sha256, place);
    expect(await hashOf(place)).toBe(sha256);
    await proxy.close();
  });
});

describe('a server with its artefacts in S3', () => {
  it('prunes, and gives what came of it', async () => {
    const { server, client }: { server: { close(): Promise<void> }; client: Client } = await testServer({
      s3: options,
    });
    const model = await client.addModel(await smallVit());
    const { id } = await client.post<Job>('/api/prunings', { model: model.id, target: { ratios: { ffn: 0.5 } } });
    expect((await client.wait(id)).error).toBeNull();
    expect((await client.artefact(id, 'vit.snp.onnx')).length).toBeGreaterThan(1000);
    await server.close();
  });
});
