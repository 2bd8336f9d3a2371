import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningServer } from '../dist/index.js';
import type { Client, Job } from './support/client.js';
import { HandDevice } from './support/handDevice.js';
import { smallVit } from './support/models.js';
import { temporaryFolder, testServer } from './support/server.js';

/** NUL and half a character: text that files and programs hold, and no database. */
const [NUL, HALF] = ['\0', '\ud800'];

describe('text that no database holds', () => {
  let server: RunningServer;
  let client: Client;
  beforeAll(async () => {
    ({ server, client } = await testServer({ slots: 1 }));
  });
  afterAll(() => server.close());

  it('in why a model is refused: it is refused at once, and the text shows where it was', async () => {
    const sound = readFileSync(await smallVit({ weights: 'external', name: 'big.onnx' })).toString('latin1');
    const path = join(temporaryFolder(), 'zeroed.onnx');
    writeFileSync(path, Buffer.from(sound.replaceAll('big.onnx.data', 'big\0onnx.data'), 'latin1'));
    const model = await client.addModel(path, 'zeroed.onnx');
    expect(model.state).toBe('refused');
    expect(model.problem!.message).toContain('big\ufffdonnx.data');
    expect(await client.get<Job>(`/api/jobs/${model.analysisJob}`)).toMatchObject({ state: 'failed', attempt: 1 });
  }, 20_000);

  it('in what a device says: of itself, of how far it is, of why it failed', async () => {
    const model = await client.addModel(await smallVit());
    const device = new HandDevice(client);
    expect((await device.register({ cpu: `a${NUL}b${HALF}c` })).status).toBe(200);
    expect(await client.get(`/api/devices/${device.id}`)).toMatchObject({ fingerprint: { cpu: 'a\ufffdb\ufffdc' } });
    const { id } = await client.post<Job>('/api/benchmarks', { models: [model.id], device: device.id });
    const held = await device.take();
    expect((await device.report(held, { progress: { step: `warm${NUL}${HALF}`, done: 1 } })).status).toBe(200);
    expect((await client.get<Job>(`/api/jobs/${id}`)).progress).toMatchObject({ step: 'warm\ufffd\ufffd' });
    expect((await device.report(held, { error: `no ${NUL}${HALF}` })).status).toBe(200);
    expect(await client.get<Job>(`/api/jobs/${id}`)).toMatchObject({
      state: 'failed',
      error: { message: 'no \ufffd\ufffd' },
    });
  }, 20_000);

  it('as a name that people give: refused, with the field', async () => {
    for (const name of [`a${NUL}b`, `a${HALF}b`]) {
      const response = await client.fetch('/api/tokens', {
        method: 'POST',
        body: JSON.stringify({ name, role: 'read' }),
        headers: { 'content-type': 'application/json' },
      });
      expect([response.status, await response.json()]).toMatchObject([400, { fields: [{ path: 'name' }] }]);
    }
    const files = [{ path: `a${HALF}.png`, upload: 'x' }];
    expect(await client.status('/api/datasets', { name: 'x', files })).toBe(400);
  });
});
