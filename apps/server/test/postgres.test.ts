import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningServer } from '../dist/index.js';
import { Postgres } from '../src/database/postgres.js';
import type { Client } from './support/client.js';
import { testServer } from './support/server.js';

const support = new URL('../../../bench/support/temporaryPostgres.mjs', import.meta.url).href;
const { findPostgres, temporaryPostgres } = await import(support);
const { reason } = findPostgres() as { reason?: string };
if (reason) console.warn(`Tests on PostgreSQL are skipped: ${reason}.`);

describe.skipIf(reason)('PostgreSQL', () => {
  let cluster: { url: string; stop(): void };
  let database: Postgres;

  beforeAll(async () => {
    cluster = await temporaryPostgres();
    database = await Postgres.open(cluster.url);
  });
  afterAll(() => database.close());

  it('lets transactions through that wait for each other', async () => {
    await database.query('create table pairs (name text primary key, count integer not null)');
    await database.query(`insert into pairs values ('a', 0), ('b', 0)`);
    const count = 'update pairs set count = count + 1 where name = $1';
    let holders = 0;
    const bothHold = async () => {
      holders++;
      while (holders < 2) await new Promise((resolve) => setTimeout(resolve, 10));
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

  describe('that goes away', () => {
    let server: RunningServer;
    let client: Client;
    beforeAll(async () => {
      ({ server, client } = await testServer({ databaseUrl: cluster.url, slots: 0 }));
    });
    afterAll(() => server.close());

    it('is no fault of the server: whoever asks is told to come again', async () => {
      cluster.stop();
      const response = await client.fetch('/api/models');
      expect(response.status).toBe(503);
      expect(response.headers.get('content-type')).toBe('application/problem+json');
      expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(await response.json()).toMatchObject({ code: 'io', detail: expect.stringContaining('cannot be reached') });
      expect((await client.fetch('/healthz')).status).toBe(200);
    });
  });
});
