import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningServer } from '../dist/index.js';
import type { Client } from './support/client.js';
import { temporaryFolder, testServer } from './support/server.js';

const MIB = 2 ** 20;
const folder = temporaryFolder();
const canMount = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=200m,mode=700', 'tmpfs', folder]).status === 0;
afterAll(() => {
  if (canMount) spawnSync('umount', [folder]);
});

async function problemOf(answer: Response): Promise<{ status: number; detail: string }> {
  return (await answer.json()) as { status: number; detail: string };
}

describe.skipIf(!canMount)('a disk that is full', () => {
  let server: RunningServer;
  let client: Client;
  const rest = join(folder, 'rest');
  beforeAll(async () => {
    ({ server, client } = await testServer({ data: join(folder, 'data'), reserveBytes: 20 * MIB }));
  });
  afterAll(() => server.close());

  /** Leaves so many bytes. */
  function fill(left: number): void {
    rmSync(rest, { force: true });
    const free = Number(execFileSync('df', ['--output=avail', '-B1', folder], { encoding: 'utf8' }).split('\n')[1]);
    writeFileSync(rest, Buffer.alloc(free - left));
  }
  const put = (bytes: Uint8Array) =>
    client.fetch(`/api/uploads/${crypto.randomUUID()}`, {
      method: 'PUT',
      body: bytes as never,
      headers: { 'upload-length': String(bytes.length), 'content-type': 'application/octet-stream' },
    });
  const freeBytes = async () =>
    Number(/snp_disk_free_bytes\{folder="data"\} (\S+)/.exec(await (await client.fetch('/metrics')).text())?.[1]);

  it('is told by readiness, by a metric, and to who brings files, before there is nothing left', async () => {
    expect((await client.fetch('/readyz')).status).toBe(200);
    fill(10 * MIB);
    const readiness = await client.fetch('/readyz');
    expect(await problemOf(readiness)).toMatchObject({ status: 503, detail: expect.stringContaining('disk') });
    expect(await freeBytes()).toBeLessThan(11 * MIB);
    expect(await problemOf(await put(randomBytes(100)))).toMatchObject({
      status: 507,
      detail: expect.stringMatching(/disk.*Delete/),
    });
    rmSync(rest);
    expect((await client.fetch('/readyz')).status).toBe(200);
    expect(await freeBytes()).toBeGreaterThan(20 * MIB);
    expect((await put(randomBytes(100))).status).toBe(200);
  });

  it('is told where an archive finds no room', async () => {
    const zip = zipSync({ 'a.npy': new Uint8Array(40 * MIB) });
    const upload = await client.upload(zip);
    fill(40 * MIB);
    const body = JSON.stringify({ name: 'large', files: [{ path: 'a.zip', upload }] });
    const answer = await client.fetch('/api/datasets', {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json' },
    });
    expect(await problemOf(answer)).toMatchObject({ status: 507, detail: expect.stringContaining('disk') });
    rmSync(rest);
  });

  it('with nothing at all left: writes are answered with what to do, and work once there is room', async () => {
    fill(0);
    const body = JSON.stringify({ files: [], name: 'x'.repeat(200), role: 'read' });
    const statuses = new Set<number>();
    for (let at = 0; at < 30; at++)
      statuses.add(await client.status('/api/tokens', { name: body.slice(0, 100), role: 'read' }));
    for (const status of statuses) expect([201, 503, 507]).toContain(status);
    rmSync(rest);
    await client.until(
      async () => (await client.fetch('/readyz')).status,
      (status) => status === 200,
    );
    expect(await client.status('/api/tokens', { name: 'after', role: 'read' })).toBe(201);
  });
});
