import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import S3rver from 's3rver';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hashOf } from '../src/storage/blobs.js';
import { FolderStore } from '../src/storage/folderStore.js';
import { S3Store } from '../src/storage/s3Store.js';
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

describe.each(['folder', 's3'])('a store in a %s', (kind) => {
  const folder = temporaryFolder();
  const store = () => (kind === 'folder' ? new FolderStore(join(folder, 'store')) : new S3Store(options));

  it.each([0, 1000, 40 * 2 ** 20])('keeps files of %i bytes, gives them whole and in parts', async (size) => {
    const own = store();
    await own.check();
    const bytes = randomBytes(size);
    const path = join(folder, 'in');
    writeFileSync(path, bytes);
    const sha256 = await hashOf(path);
    expect(await own.has(sha256)).toBe(false);
    await own.take(sha256, path);
    expect(await own.has(sha256)).toBe(true);
    expect((await buffer(await own.read(sha256))).equals(bytes)).toBe(true);
    if (size > 0)
      expect((await buffer(await own.read(sha256, { start: 5, end: 99 }))).equals(bytes.subarray(5, 100))).toBe(true);
    const place = join(folder, `out-${size}`, 'file');
    await own.place(sha256, place);
    expect(await hashOf(place)).toBe(sha256);
    await own.remove(sha256);
    expect(await own.has(sha256)).toBe(false);
    await expect(own.read(sha256)).rejects.toMatchObject({ code: 'io' });
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
