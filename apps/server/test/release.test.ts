import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { describe, expect, it } from 'vitest';
import { checkServer } from '../dist/index.js';
import { VERSION } from '../src/version.js';
import type { Client, Dataset, Job, Model } from './support/client.js';
import { unpackRelease } from './support/releaseData.js';
import { temporaryFolder, testServer } from './support/server.js';

/** What was made before is there, whole, and can be worked with. */
async function expectAll(client: Client): Promise<void> {
  const list = async <T>(path: string) => (await client.get<{ items: T[] }>(path)).items;
  const models = await list<Model>('/api/models');
  expect(models.map(({ name, state }) => [name, state]).sort()).toEqual([
    ['vit.onnx', 'ready'],
    ['vit.snp.onnx', 'ready'],
  ]);
  expect((await list<Dataset>('/api/datasets')).map(({ name }) => name)).toEqual(['typical']);
  const [pruning] = await list<Job>('/api/jobs?type=prune');
  expect(pruning).toMatchObject({ state: 'done' });
  expect((await list<{ name: string }>('/api/tokens')).map(({ name }) => name)).toContain('reader');
  expect((await client.artefact(pruning.id, 'vit.snp.onnx')).length).toBeGreaterThan(10_000);
}

const schema = async (data: string, work: (database: PGlite) => Promise<unknown>) => {
  const database = await PGlite.create(join(data, 'database'));
  await work(database);
  await database.close();
};

describe('data of the previous release', () => {
  it('are all there after an update, after a backup was restored, and work goes on', async () => {
    const data = temporaryFolder();
    unpackRelease('0.1.0', data);
    let { server, client } = await testServer({ data });
    await expectAll(client);
    await server.close();
    expect(JSON.parse(readFileSync(join(data, 'release.json'), 'utf8'))).toMatchObject({ release: VERSION });

    const backup = join(temporaryFolder(), 'backup');
    cpSync(data, backup, { recursive: true, preserveTimestamps: true });
    const restored = join(temporaryFolder(), 'restored');
    cpSync(backup, restored, { recursive: true });
    ({ server, client } = await testServer({ data: restored }));
    await expectAll(client);
    const [model] = (await client.get<{ items: Model[] }>('/api/models')).items;
    const { id } = await client.post<Job>('/api/prunings', { model: model.id, target: { ratios: { ffn: 0.25 } } });
    expect(await client.wait(id)).toMatchObject({ state: 'done' });
    await server.close();
    expect((await checkServer({ data: restored, logLevel: 'silent' })).bad).toEqual([]);
  });
});

describe('data of a later release', () => {
  const refused = { code: 'io', message: expect.stringMatching(new RegExp(`release 9\\.8\\.7 .*release ${VERSION}`)) };

  it('are left alone: by the folder and by its database alone, it says which releases they are', async () => {
    const data = temporaryFolder();
    const { server } = await testServer({ data });
    await server.close();
    const before = readFileSync(join(data, 'release.json'), 'utf8');
    writeFileSync(join(data, 'release.json'), JSON.stringify({ release: '9.8.7', schema: '999-later.sql' }));
    await expect(testServer({ data })).rejects.toMatchObject(refused);
    writeFileSync(join(data, 'release.json'), before);
    await schema(data, (database) =>
      database.query(`insert into snp.migrations (name, release) values ('999-later.sql', '9.8.7')`),
    );
    await expect(testServer({ data })).rejects.toMatchObject(refused);
    await expect(checkServer({ data, logLevel: 'silent' })).rejects.toMatchObject(refused);
    await schema(data, (database) => database.query(`delete from snp.migrations where name = '999-later.sql'`));
    const again = await testServer({ data });
    await again.server.close();
  });
});
