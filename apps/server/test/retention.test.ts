import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { describe, expect, it } from 'vitest';
import type { Client, Dataset, Job, Model } from './support/client.js';
import { pictures, smallVit } from './support/models.js';
import { temporaryFolder, testServer } from './support/server.js';

const DAYS = 30;

/** As if everything in the database had happened so many days earlier. */
async function age(data: string, days: number): Promise<void> {
  const database = await PGlite.create(join(data, 'database'));
  for (const column of ['jobs.created', 'jobs.started', 'jobs.ended', 'blobs.created', 'audit.at', 'tokens.created']) {
    const [table, name] = column.split('.');
    await database.query(`update snp.${table} set ${name} = ${name} - make_interval(days => $1)`, [days]);
  }
  await database.close();
}

const usedBytes = async (client: Client) =>
  (await client.get<{ limits: { usedBytes: number } }>('/api/about')).limits.usedBytes;
const list = async <T>(client: Client, path: string) => (await client.get<{ items: T[] }>(path)).items;

describe('over months, month by month', () => {
  it('jobs and their files go after their time, models, data sets and what they need stay', async () => {
    const data = temporaryFolder();
    const options = { data, retentionDays: DAYS };
    let { server, client } = await testServer(options);
    const model = await client.addModel(await smallVit());
    const dataset = await client.addDataset(await pictures(16));
    let kept = 0;
    for (let month = 0; month < 4; month++) {
      const input = { model: model.id, dataset: { id: dataset.id }, target: { ratios: { ffn: 0.2 + month / 10 } } };
      const { id } = await client.post<Job>('/api/prunings', { ...input, name: `${month}.onnx` });
      expect(await client.wait(id)).toMatchObject({ state: 'done' });
      await server.close();
      await age(data, DAYS - 1);
      ({ server, client } = await testServer(options));
      // Within its time, it is all there.
      expect((await client.artefact(id, 'plan.json')).length).toBeGreaterThan(0);
      kept = await usedBytes(client);
      await server.close();
      await age(data, 2);
      ({ server, client } = await testServer(options));
      await client.until(
        () => list<Job>(client, '/api/jobs?type=prune'),
        (jobs) => jobs.length === 0,
      );
      await client.until(
        () => usedBytes(client),
        (bytes) => bytes < kept,
      );
      // Whoever wants a model away, deletes it.
      // A model that came about last may still be looked into.
      const models = await client.until(
        () => list<Model>(client, '/api/models'),
        (all) => all.every(({ state }) => state !== 'checking'),
      );
      expect(models.map(({ name }) => name).sort()).toEqual(
        ['vit.onnx', ...Array.from({ length: month + 1 }, (_, at) => `${at}.onnx`)].sort(),
      );
      for (const one of models) {
        expect(one.state).toBe('ready');
        expect((await client.fetch(`/api/models/${one.id}/file`)).status).toBe(200);
        expect((await client.fetch(`/api/models/${one.id}/analysis`)).status).toBe(200);
      }
    }
    expect((await list<Dataset>(client, '/api/datasets')).map(({ id }) => id)).toEqual([dataset.id]);
    const audit = await list<{ at: string }>(client, '/api/audit?limit=200');
    const oldest = Math.min(...audit.map(({ at }) => Date.parse(at)));
    expect(Date.now() - oldest).toBeLessThan(4 * DAYS * 86_400_000 + 60_000);
    await server.close();
  });
});
