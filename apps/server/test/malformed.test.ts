import { setTimeout } from 'node:timers/promises';
import { zipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningServer } from '../dist/index.js';
import type { Client, Dataset, Job, Model } from './support/client.js';
import { pictures, smallVit } from './support/models.js';
import { testServer } from './support/server.js';

/** The header of a NumPy file, and no numbers. */
function npy(header: string): Uint8Array {
  const text = `${header}\n`;
  return Buffer.concat([
    Buffer.from('\x93NUMPY\x01\x00', 'latin1'),
    Buffer.from([text.length & 255, text.length >> 8]),
    Buffer.from(text),
  ]);
}

/** A PNG that says it has 60,000 by 60,000 pixels. */
function bomb(png: Uint8Array): Uint8Array {
  const copy = Buffer.from(png);
  copy.writeUInt32BE(60_000, 16);
  copy.writeUInt32BE(60_000, 20);
  return copy;
}

describe('a data set with what is no picture and no array', () => {
  let server: RunningServer;
  let client: Client;
  let model: Model;
  let good: Record<string, Uint8Array>;
  beforeAll(async () => {
    ({ server, client } = await testServer());
    model = await client.addModel(await smallVit());
    good = await pictures(16);
  });
  afterAll(() => server.close());

  const pruneWith = async (files: Record<string, Uint8Array>, more: object = {}) => {
    const dataset = await client.addDataset(files);
    const input = { model: model.id, dataset: { id: dataset.id, ...more }, target: { ratios: { ffn: 0.5 } } };
    return client.wait((await client.post<Job>('/api/prunings', input)).id);
  };
  const first = () => Object.values(good)[0];

  it('uses the pictures that can be read, and says which cannot', async () => {
    const bad = {
      'bad/cut.png': first().slice(0, first().length / 2),
      'bad/empty.png': new Uint8Array(0),
      'bad/text.jpg': Buffer.from('no picture'),
      'bad/bomb.png': bomb(first()),
      'bad/turned.png': first().map((byte, at) => (at > 30 ? byte ^ 85 : byte)),
    };
    const job = (await pruneWith({ ...good, ...bad })) as Job & { type: 'prune' };
    expect(job.error).toBeNull();
    expect(job.state).toBe('done');
    const report = JSON.parse(String(await client.artefact(job.id, 'report.json')));
    expect(report.calibration.skipped.map(({ name }: { name: string }) => name)).toEqual(Object.keys(bad).sort());
  });

  it.each([
    ['nothing but text', { 'a.png': Buffer.from('x') }],
    ['an array of nothing', { 'a.npy': npy(`{'descr': '<f4', 'fortran_order': False, 'shape': (4, 3, 32, 32), }`) }],
    [
      'an array without end',
      { 'a.npy': npy(`{'descr': '<f4', 'fortran_order': False, 'shape': (999999999999, 3), }`) },
    ],
    ['an array of objects', { 'a.npy': npy(`{'descr': '|O', 'fortran_order': False, 'shape': (4,), }`) }],
    ['an array whose header is none', { 'a.npy': npy('__import__("os").system("true")') }],
    ['a damaged archive of arrays', { 'a.npz': Buffer.from('PK\x03\x04 and no more') }],
  ])('fails with a reason where there is nothing else: %s', async (_, files) => {
    const job = await pruneWith(files as Record<string, Uint8Array>);
    expect(job.state).toBe('failed');
    expect(job.error!.code).not.toBe('internal');
    expect(job.error!.message).toMatch(/a\.(png|npy|npz)|picture|array/);
    expect((await client.fetch('/readyz')).status).toBe(200);
  });
});

describe('an archive', () => {
  it('of thousands of files is a data set, and of more than 50,000 is refused; others are answered meanwhile', async () => {
    const { server, client } = await testServer({ slots: 0 });
    const entries: Record<string, Uint8Array> = {};
    for (let at = 0; at <= 50_000; at++) entries[`${at % 100}/${at}.png`] = Buffer.from(`picture ${at}`);
    const archive = zipSync(Object.fromEntries(Object.entries(entries).slice(0, 4000)), { level: 0 });
    const larger = zipSync(entries, { level: 0 });
    const start = async (bytes: Uint8Array) => {
      const files = [{ path: 'all.zip', upload: await client.upload(bytes) }];
      let done = false;
      const answer = client
        .fetch('/api/datasets', {
          method: 'POST',
          body: JSON.stringify({ name: 'all', files }),
          headers: { 'content-type': 'application/json' },
        })
        .finally(() => {
          done = true;
        });
      let longest = 0;
      while (!done) {
        const began = performance.now();
        await fetch(`${server.url}/healthz`);
        longest = Math.max(longest, performance.now() - began);
        await setTimeout(20);
      }
      expect(longest).toBeLessThan(10_000);
      return answer;
    };
    const made = await start(archive);
    expect(made.status).toBe(201);
    expect(((await made.json()) as Dataset).files).toBe(4000);
    expect((await start(larger)).status).toBe(422);
    expect((await client.get<{ items: Dataset[] }>('/api/datasets')).items).toHaveLength(1);
    await server.close();
  });
});
