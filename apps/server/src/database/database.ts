/** A row, by column. */
export type Row = Record<string, unknown>;

/** Where SQL runs: the database itself, or a transaction of it. */
export interface Sql {
  /** Runs one statement with `$1`, `$2`, ... or, without values, several of them. */
  query<R = Row>(text: string, values?: readonly unknown[]): Promise<R[]>;
}

/** The metadata's database: PostgreSQL, or PGlite in a process of its own. */
export interface Database extends Sql {
  /** All of it or nothing. */
  transaction<T>(work: (sql: Sql) => Promise<T>): Promise<T>;
  /** Does what only one process may do at a time, such as making tables. */
  exclusively<T>(work: () => Promise<T>): Promise<T>;
  /** Calls `heard` for every notification on a channel, and `again` when some may have been missed. */
  listen(channel: string, heard: (payload: string) => void, again: () => void): Promise<void>;
  close(): Promise<void>;
}

/** Lets no other transaction count the same until this one ends: what is counted and then added to stays within its limit. */
export async function countAlone(sql: Sql, what: 'jobs' | 'devices'): Promise<void> {
  await sql.query('select pg_advisory_xact_lock(hashtext($1))', [`snp.${what}`]);
}

/** The first row, or undefined. */
export async function first<R = Row>(sql: Sql, text: string, values?: readonly unknown[]): Promise<R | undefined> {
  return (await sql.query<R>(text, values))[0];
}
