import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { PGlite } from '@electric-sql/pglite';
import type { Database, Row } from '../../src/database/database.js';

const MIGRATIONS = fileURLToPath(new URL('../../migrations/', import.meta.url));

/** A real database in this process, of this release. */
export class TestDatabase implements Database {
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(private readonly pglite: PGlite) {}

  static async create(): Promise<TestDatabase> {
    const database = new TestDatabase(await PGlite.create());
    await database.query('create schema snp');
    for (const name of readdirSync(MIGRATIONS).sort()) await database.query(readFileSync(MIGRATIONS + name, 'utf8'));
    return database;
  }

  query<R = Row>(text: string, values?: readonly unknown[]): Promise<R[]> {
    return this.#inTurn(() => this.#run<R>(text, values));
  }

  transaction<T>(work: (sql: { query: Database['query'] }) => Promise<T>): Promise<T> {
    return this.#inTurn(async () => {
      await this.#run('begin');
      try {
        const result = await work({ query: (text, values) => this.#run(text, values) });
        await this.#run('commit');
        return result;
      } catch (error) {
        await this.#run('rollback');
        throw error;
      }
    });
  }

  exclusively = <T>(work: () => Promise<T>) => work();
  listen = () => Promise.resolve();
  close = () => this.pglite.close();

  async #run<R>(text: string, values?: readonly unknown[]): Promise<R[]> {
    if (values?.length) return (await this.pglite.query<R>(text, [...values])).rows;
    return ((await this.pglite.exec(text)).at(-1)?.rows ?? []) as R[];
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => undefined);
    return result;
  }
}
