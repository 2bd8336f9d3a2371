import { createHash } from 'node:crypto';
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningServer } from '../dist/index.js';
import { checkServer } from '../dist/index.js';
import type { Client, Job, Model } from './support/client.js';
import { runSnp } from './support/command.js';
import { smallVit } from './support/models.js';
import { temporaryFolder, testServer } from './support/server.js';

const data = temporaryFolder();
let server: RunningServer;
let client: Client;
let bytes: Buffer;
let model: Model;
let path: string;

/** Changes what is stored, as a disk may. */
function damage(change: (bytes: Buffer) => Uint8Array): void {
  const before = Buffer.from(bytes);
  chmodSync(path, 0o644);
  writeFileSync(path, change(before));
}
const flipped = (content: Buffer) => {
  content[content.length >> 1] ^= 4;
  return content;
};
const download = () => client.fetch(`/api/models/${model.id}/file`, { signal: AbortSignal.timeout(10_000) });
const problemOf = async (answer: Response) => [answer.status, ((await answer.json()) as { code: string }).code];
const heal = () => client.upload(bytes);

beforeAll(async () => {
  ({ server, client } = await testServer({ data }));
  const file = await smallVit();
  bytes = readFileSync(file);
  model = await client.addModel(file);
  path = join(data, 'artefacts', model.sha256.slice(0, 2), model.sha256);
});
afterAll(() => server.close());

describe('a stored file that is not as it was', () => {
  const damages: [string, () => void][] = [
    ['with a bit that flipped', () => damage(flipped)],
    ['emptied', () => damage(() => new Uint8Array())],
    ['cut', () => damage((content) => content.subarray(0, 100))],
    ['gone', () => rmSync(path, { force: true })],
  ];
  it.each(damages)('%s: is not served, not computed with, and mended by an upload', async (_, harm) => {
    harm();
    expect(await problemOf(await download())).toEqual([500, 'damaged']);
    const range = await client.fetch(`/api/models/${model.id}/file`, { headers: { range: 'bytes=0-9' } });
    expect(await problemOf(range)).toEqual([500, 'damaged']);
    const ratios = { ffn: 0.1 + Math.round(1000 * Math.random()) / 2000 };
    const { id } = await client.post<Job>('/api/prunings', { model: model.id, target: { ratios } });
    expect(await client.wait(id)).toMatchObject({ state: 'failed', error: { code: 'damaged' } });
    await heal();
    const good = await download();
    expect(
      createHash('sha256')
        .update(Buffer.from(await good.arrayBuffer()))
        .digest('hex'),
    ).toBe(model.sha256);
  });

  it('is mended also where the upload is announced by its hash', async () => {
    damage(flipped);
    const headers = {
      'upload-length': String(bytes.length),
      'upload-sha256': model.sha256,
      'content-type': 'application/octet-stream',
    };
    const id = crypto.randomUUID();
    await client.fetch(`/api/uploads/${id}`, { method: 'PUT', body: bytes as never, headers });
    expect((await download()).status).toBe(200);
  });

  it('is told of by a check, with what needs it', async () => {
    await server.close();
    try {
      expect((await checkServer({ data, logLevel: 'silent' })).bad).toEqual([]);
      damage(flipped);
      const { code, output } = await runSnp(['serve', '--check', '--data', data]);
      expect(code).toBe(1);
      expect(output).toContain(`damaged ${model.sha256}: `);
      expect(output).toContain('model vit.onnx');
    } finally {
      ({ server, client } = await testServer({ data }));
    }
  });
});
