// Run by the build: an empty database of this release, as a file that new folders begin with. Copying takes a second where making one takes five.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PGlite } from '@electric-sql/pglite';
import type { Database, Row } from './database/database.js';
import { migrate } from './database/migrate.js';
import { packFolder } from './database/packedFolder.js';
import { JobQueue } from './jobs/jobQueue.js';

const folder = mkdtempSync(join(tmpdir(), 'snp-template-'));
const pglite = await PGlite.create(join(folder, 'database'));

const database: Database = {
  async query<R = Row>(text: string, values?: readonly unknown[]) {
    if (values?.length) return (await pglite.query<R>(text, [...values])).rows;
    return ((await pglite.exec(text)).at(-1)?.rows ?? []) as R[];
  },
  transaction: (work) => work(database),
  exclusively: (work) => work(),
  listen: () => Promise.resolve(),
  close: () => pglite.close(),
};

await migrate(database);
const queue = new JobQueue(
  database,
  async () => undefined,
  (error) => {
    throw error;
  },
);
await queue.start();
await queue.stop();
// Copies are of different servers.
await database.query('delete from snp.server');
// Closed in order, a copy of it has nothing to recover.
await database.close();
writeFileSync(fileURLToPath(new URL('database.gz', import.meta.url)), packFolder(join(folder, 'database')));
rmSync(folder, { recursive: true });
