import { setTimeout } from 'node:timers/promises';
import { SnpError } from '@snp/onnx';
import pg from 'pg';
import type { Database, Row, Sql } from './database.js';

// Sizes and sequence numbers are far below 2^53.
pg.types.setTypeParser(pg.types.builtins.INT8, Number);

/** Pause before a lost connection for notifications is made anew, in milliseconds. */
const PAUSE = 1000;

/** Number of the lock that `exclusively` takes: any that nobody else uses. */
const LOCK = 7_365_101;

/** Of transactions that wait for each other PostgreSQL gives one up, with one of these codes: begun again, it goes through. */
const GIVEN_UP: readonly unknown[] = ['40P01', '40001'];
const ATTEMPTS = 5;

/** Classes of errors that are no fault of a statement: the connection, what there is of it, and a server that stops or starts. */
const AWAY = /^(08|53|57P)/;

/** PostgreSQL at a `postgres://` address. Connections that break are made anew; what was running on them fails. */
export class Postgres implements Database {
  readonly #pool: pg.Pool;
  readonly #listeners = new Set<pg.Client>();
  #closed = false;

  constructor(private readonly url: string) {
    this.#pool = new pg.Pool({ connectionString: url, max: 10, connectionTimeoutMillis: 10_000 });
    // An idle connection that breaks is replaced with the next query.
    this.#pool.on('error', () => undefined);
  }

  query<R = Row>(text: string, values?: readonly unknown[]): Promise<R[]> {
    return run<R>(this.#pool, text, values);
  }

  async transaction<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#attempt(work);
      } catch (error) {
        if (attempt === ATTEMPTS || !GIVEN_UP.includes((error as pg.DatabaseError).code)) throw error;
      }
    }
  }

  async #attempt<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    const client = await reached(this.#pool.connect());
    let broken: Error | undefined;
    const lost = (error: Error) => {
      broken = error;
    };
    client.on('error', lost);
    try {
      await run(client, 'begin');
      const result = await work({ query: (text, values) => run(client, text, values) });
      await run(client, 'commit');
      return result;
    } catch (error) {
      await client.query('rollback').catch(lost);
      throw error;
    } finally {
      client.off('error', lost);
      client.release(broken);
    }
  }

  exclusively<T>(work: () => Promise<T>): Promise<T> {
    return this.transaction(async (sql) => {
      await sql.query('select pg_advisory_xact_lock($1)', [LOCK]);
      return work();
    });
  }

  async listen(channel: string, heard: (payload: string) => void, again: () => void): Promise<void> {
    const client = new pg.Client({ connectionString: this.url });
    const lost = async () => {
      this.#listeners.delete(client);
      await client.end().catch(() => undefined);
      while (!this.#closed) {
        await setTimeout(PAUSE, undefined, { ref: false });
        try {
          await this.listen(channel, heard, again);
          return again();
        } catch {
          // Not back yet.
        }
      }
    };
    client.on('notification', ({ payload = '' }) => heard(payload));
    await client.connect();
    client.once('error', lost);
    client.once('end', () => !this.#closed && this.#listeners.has(client) && lost());
    this.#listeners.add(client);
    await client.query(`listen ${channel}`);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#listeners].map((client) => client.end().catch(() => undefined)));
    await this.#pool.end();
  }

  /** @throws SnpError `io` if it cannot be reached. */
  static async open(url: string): Promise<Postgres> {
    const database = new Postgres(url);
    await database.#pool.query('select 1').catch(async (cause) => {
      await database.close();
      throw new SnpError('io', `The database of DATABASE_URL cannot be used: ${cause.message}.`, {}, { cause });
    });
    return database;
  }
}

async function run<R>(on: pg.Pool | pg.PoolClient, text: string, values?: readonly unknown[]): Promise<R[]> {
  const result = await reached(values?.length ? on.query(text, [...values]) : on.query(text));
  // Several statements have several results, the last of which counts.
  const last = Array.isArray(result) ? result[result.length - 1] : result;
  return last.rows as R[];
}

/** @throws SnpError `io` if the database cannot be reached; what it has against a statement, as it says so. */
async function reached<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (cause) {
    const isStatement =
      cause instanceof TypeError || (cause instanceof pg.DatabaseError && !AWAY.test(cause.code ?? ''));
    if (isStatement) throw cause;
    throw new SnpError('io', 'The database cannot be reached. Try again in a moment.', {}, { cause });
  }
}
