import { readdir, readFile } from 'node:fs/promises';
import type { Database } from './database.js';

const FOLDER = new URL('../migrations/', import.meta.url);

/** Brings the database up to this release: every file of `migrations/` that it has not seen, in order, each all or nothing. */
export async function migrate(database: Database): Promise<void> {
  const files = (await readdir(FOLDER)).filter((name) => name.endsWith('.sql')).sort();
  await database.transaction(async (sql) => {
    await sql.query(
      'create schema if not exists snp; create table if not exists snp.migrations (name text primary key, at timestamptz not null default now())',
    );
    const known = new Set(
      (await sql.query<{ name: string }>('select name from snp.migrations')).map(({ name }) => name),
    );
    for (const name of files.filter((file) => !known.has(file))) {
      await sql.query(await readFile(new URL(name, FOLDER), 'utf8'));
      await sql.query('insert into snp.migrations (name) values ($1)', [name]);
    }
  });
}
