// PGlite in a process of its own: its hundreds of megabytes are not the server's, and a query never keeps requests waiting.
import { existsSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { PGlite } from '@electric-sql/pglite';
import { FolderLock } from '../folder/folderLock.js';
import { syncTree } from '../folder/sync.js';
import { DurableFolder, durableParameters } from './durableFolder.js';
import type { Answer, Question } from './embedded.js';
import { unpackFolder } from './packedFolder.js';

/** Two processes on one folder would destroy it. The one before may still be writing what it has to, for so many milliseconds. */
const PATIENCE = 10_000;

const [folder] = process.argv.slice(2);

// Only what runs very often is compiled once more, to run faster: for all that opening takes, this costs more than it gives. An engine without the flag says so and goes on.
setFlagsFromString('--wasm-tiering-budget=100000000');

/** To a server that may just have died: `disconnect` tells of it. */
function send(answer: Answer): void {
  if (process.connected) process.send!(answer, undefined, undefined, () => undefined);
}

/** A new folder begins as a copy of an empty database, which is quicker than making one. */
async function open(): Promise<PGlite> {
  await unpackFolder(new URL('database.gz', import.meta.url), folder);
  // It stays there where the process was killed.
  if (existsSync(`${folder}/postmaster.pid`)) await syncTree(folder);
  return PGlite.create({
    fs: new DurableFolder(folder),
    startParams: durableParameters(PGlite.defaultStartParams),
  });
}

async function close(database: PGlite, lock: FolderLock): Promise<void> {
  await database.close();
  await lock.release();
  process.exit(0);
}

// Signals to the group are the server's to act on: it asks for what it has to write first.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined);

try {
  const lock = await FolderLock.take(`${folder}.lock`, PATIENCE);
  const database = await open();
  let ending = false;
  process.on('disconnect', () => {
    if (!ending) close(database, lock);
    ending = true;
  });
  process.on('message', async (question: Question) => {
    if ('close' in question) {
      ending = true;
      return close(database, lock);
    }
    const { id } = question;
    try {
      if ('listen' in question) {
        await database.listen(question.listen, (payload) => send({ channel: question.listen, payload }));
        return send({ id, rows: [] });
      }
      const { text, values } = question;
      if (values?.length) send({ id, rows: (await database.query(text, values)).rows as object[] });
      else send({ id, rows: ((await database.exec(text)).at(-1)?.rows ?? []) as object[] });
    } catch (error) {
      const { message, code } = error as Error & { code?: string };
      send({ id, error: { message, code } });
    }
  });
  send({ ready: true });
} catch (error) {
  send({ failed: (error as Error).message });
  process.exitCode = 1;
  process.disconnect();
}
