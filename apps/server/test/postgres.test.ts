import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningServer } from '../dist/index.js';
import type { Sql } from '../src/database/database.js';
import { Postgres } from '../src/database/postgres.js';
import { COMPUTE, JobQueue, type NewJob } from '../src/jobs/jobQueue.js';
import type { Client } from './support/client.js';
import { testServer } from './support/server.js';

const support = new URL('../../../bench/support/temporaryPostgres.mjs', import.meta.url).href;
const { findPostgres, temporaryPostgres } = await import(support);
const { reason } = findPostgres() as { reason?: string };
if (reason) console.warn(`Tests on PostgreSQL are skipped: ${reason}.`);

describe.skipIf(reason)('PostgreSQL', () => {
  let cluster: { url: string; stop(): void };
  let server: RunningServer;
  let client: Client;
  let database: Postgres;

  beforeAll(async () => {
    cluster = await temporaryPostgres();
    ({ server, client } = await testServer({ databaseUrl: cluster.url, slots: 0 }));
    database = await Postgres.open(cluster.url);
  });
  afterAll(async () => {
    await database.close();
    await server.close();
  });

  it('lets transactions through that wait for each other', async () => {
    await database.query('create table pairs (name text primary key, count integer not null)');
    await database.query(`insert into pairs values ('a', 0), ('b', 0)`);
    const count = 'update pairs set count = count + 1 where name = $1';
    let holders = 0;
    const bothHold = async () => {
      holders++;
      while (holders < 2) await setTimeout(10);
    };
    const countBoth = (...names: string[]) =>
      database.transaction(async (sql) => {
        await sql.query(count, [names[0]]);
        await bothHold();
        await sql.query(count, [names[1]]);
      });
    await Promise.all([countBoth('a', 'b'), countBoth('b', 'a')]);
    expect(await database.query('select count from pairs')).toEqual([{ count: 2 }, { count: 2 }]);
  });

  it('ends no job unnoticed by those who are about to wait for it', async () => {
    await database.query('create table waiters (job text not null)');
    const queue = new JobQueue(database, async () => undefined, console.error);
    await queue.start();
    const job: NewJob = {
      type: 'inspect',
      key: 'the same',
      title: 'Look',
      input: {},
      work: {},
      queue: COMPUTE,
      createdBy: 'test',
      token: null,
    };
    await database.transaction((sql) => queue.submit(sql, job));
    const held = (await queue.take(COMPUTE, 'worker'))!;
    let ends = false;
    let told: object[] = [];
    let end: Promise<boolean> | undefined;
    await database.transaction(async (sql) => {
      expect(await queue.submit(sql, job)).toMatchObject({ job: { id: held.id }, fresh: false });
      const settle = async (own: Sql) => {
        told = await own.query('select job from waiters');
      };
      end = queue.finish(held, { result: 1, artefacts: [] }, settle).finally(() => {
        ends = true;
      });
      const blocked = 'select 1 from pg_locks where not granted';
      while (!ends && (await database.query(blocked)).length === 0) await setTimeout(10);
      await sql.query('insert into waiters values ($1)', [held.id]);
    });
    expect(await end).toBe(true);
    expect(told).toEqual([{ job: held.id }]);
    await queue.stop();
  });

  it('that goes away is no fault of the server: whoever asks is told to come again', async () => {
    cluster.stop();
    const response = await client.fetch('/api/models');
    expect(response.status).toBe(503);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await response.json()).toMatchObject({ code: 'io', detail: expect.stringContaining('cannot be reached') });
    expect((await client.fetch('/healthz')).status).toBe(200);
  });
});
