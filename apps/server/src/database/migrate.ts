import { readdir, readFile } from 'node:fs/promises';
import { laterRelease } from '../folder/release.js';
import { VERSION } from '../version.js';
import type { Database } from './database.js';

const FOLDER = new URL('../migrations/', import.meta.url);

/** Names of the steps that this release knows, in order. */
export async function migrations(): Promise<string[]> {
  return (await readdir(FOLDER)).filter((name) => name.endsWith('.sql')).sort();
}

/**
 * Brings the database up to this release: every file of `migrations/` that it has not seen, in order, each all or nothing.
 *
 * @throws SnpError `io` if a later release brought it further already.
 */
export async function migrate(database: Database): Promise<void> {
  const files = await migrations();
  await database.transaction(async (sql) => {
    await sql.query(
      `create schema if not exists snp;
       create table if not exists snp.migrations (name text primary key, at timestamptz not null default now());
       alter table snp.migrations add column if not exists release text`,
    );
    const done = await sql.query<{ name: string; release: string | null }>('select name, release from snp.migrations');
    const later = done.filter(({ name }) => !files.includes(name)).pop();
    if (later) throw laterRelease(later.release ?? `later than ${VERSION}`, 'The database');
    const known = new Set(done.map(({ name }) => name));
    for (const name of files.filter((file) => !known.has(file))) {
      await sql.query(await readFile(new URL(name, FOLDER), 'utf8'));
      await sql.query('insert into snp.migrations (name, release) values ($1, $2)', [name, VERSION]);
    }
  });
}
