import { join } from 'node:path';
import type { Log } from '../log.js';
import type { Database } from './database.js';
import { Embedded } from './embedded.js';
import { migrate } from './migrate.js';
import { Postgres } from './postgres.js';

/** The database at an address, or, without one, the embedded one in the folder of the server; brought up to this release. */
export async function openDatabase(url: string | undefined, folder: string, log: Log): Promise<Database> {
  const database = url === undefined ? await Embedded.open(join(folder, 'database'), log) : await Postgres.open(url);
  try {
    await database.exclusively(() => migrate(database));
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}
