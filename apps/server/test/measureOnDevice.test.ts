import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { SnpError } from '@snp/onnx';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../src/database/database.js';
import type { JobRow } from '../src/jobs/job.js';
import { JobQueue } from '../src/jobs/jobQueue.js';
import { Blobs } from '../src/storage/blobs.js';
import { FolderStore } from '../src/storage/folderStore.js';
import { measureOnDevice } from '../src/worker/measureOnDevice.js';
import { smallVit } from './support/models.js';
import { temporaryFolder } from './support/server.js';
import { TestDatabase } from './support/testDatabase.js';

const away = () => new SnpError('io', 'The database cannot be reached. Try again in a moment.');

/** A database that is away for a moment at each of its statements and transactions, before it is asked and before it answers. */
class Shaky implements Database {
  /** How many times it was away. */
  times = 0;
  readonly #tried = new Map<string, number>();

  constructor(private readonly database: Database) {}

  query: Database['query'] = (text, values) => this.#shake(text, () => this.database.query(text, values));
  transaction: Database['transaction'] = (work) => this.#shake('transaction', () => this.database.transaction(work));
  exclusively: Database['exclusively'] = (work) => this.database.exclusively(work);
  listen: Database['listen'] = (...all) => this.database.listen(...all);
  close = () => this.database.close();

  async #shake<T>(what: string, work: () => Promise<T>): Promise<T> {
    const tried = (this.#tried.get(what) ?? 0) + 1;
    this.#tried.set(what, tried);
    if (tried <= 2) this.times++;
    if (tried === 1) throw away();
    const result = await work();
    if (tried === 2) throw away();
    return result;
  }
}

describe('a measurement in the middle of a job', () => {
  let database: TestDatabase;
  let queue: JobQueue;
  const store = new FolderStore(temporaryFolder());

  beforeAll(async () => {
    database = await TestDatabase.create();
    queue = new JobQueue(
      database,
      async () => undefined,
      (error) => {
        throw error;
      },
    );
    await queue.start();
    await queue.createQueue('device-d');
  });
  afterAll(async () => {
    await queue.stop();
    await database.close();
  });

  it('is asked for once, and heard of, while the database comes and goes', async () => {
    const shaky = new Shaky(database);
    const folder = temporaryFolder();
    copyFileSync(await smallVit(), join(folder, 'model.onnx'));
    const title = 'Prune';
    const whole = {
      type: 'prune',
      key: 'whole',
      title,
      input: {},
      work: {},
      queue: 'other',
      createdBy: 'test',
    } as const;
    await queue.createQueue('other');
    const { job } = await database.transaction((sql) => queue.submit(sql, { ...whole, token: null }));
    const measured = measureOnDevice(
      { database: shaky, queue, blobs: new Blobs(shaky, store, 1e9) },
      job,
      { device: 'd', target: 'cpu' },
      { models: [{ name: 'small', path: 'model.onnx', inputs: { batch: 1 } }], protocol: { name: 'quick' } as never },
      folder,
      new AbortController().signal,
    );
    const taken = async () => {
      for (;;) {
        const held = await queue.take('device-d', 'agent');
        if (held) return held;
        await setTimeout(20);
      }
    };
    const part = await Promise.race([taken(), measured.then(() => expect.unreachable())]);
    const blobs = new Blobs(database, store, 1e9);
    const path = join(folder, 'benchmark.json');
    copyFileSync(join(import.meta.dirname, '../package.json'), path);
    const artefact = { name: 'benchmark.json', type: 'application/json', ...(await blobs.add(path)) };
    expect(await queue.finish(part, { result: {}, artefacts: [artefact] })).toBe(true);
    expect(await measured).toMatchObject({ name: '@snp/server' });
    const parts = await database.query<JobRow>('select * from snp.jobs where parent = $1', [job.id]);
    expect(parts.map(({ id, state }) => ({ id, state }))).toEqual([{ id: part.id, state: 'done' }]);
    // What was stored, what was submitted, what was asked for.
    expect(shaky.times).toBe(6);
  });
});
