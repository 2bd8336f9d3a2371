// PGlite in a process of its own: its hundreds of megabytes are not the server's, and a query never keeps requests waiting.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { PGlite } from '@electric-sql/pglite';
import type { Answer, Question } from './embedded.js';

const [folder] = process.argv.slice(2);
const lock = `${folder}.lock`;

function send(answer: Answer): void {
  if (process.connected) process.send!(answer);
}

/** Two processes on one folder would destroy it. The one before may still be writing what it has to. */
async function takeLock(): Promise<void> {
  for (let tries = 0; ; tries++) {
    const [holder, began] = existsSync(lock) ? readFileSync(lock, 'utf8').split(' ') : [];
    if (!holder || !isAlive(Number(holder)) || startOf(Number(holder)) !== began) break;
    if (tries === 100) throw new Error(`it is in use by process ${holder}`);
    await setTimeout(100);
  }
  writeFileSync(lock, `${process.pid} ${startOf(process.pid)}`);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** When a process began, where the system tells: numbers of processes come again, in containers at once. */
function startOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')[19];
  } catch {
    return '';
  }
}

/** A new folder begins as a copy of an empty database, which is quicker than making one. */
async function open(): Promise<PGlite> {
  const fresh = !existsSync(join(folder, 'PG_VERSION'));
  const template = new URL('database.tgz', import.meta.url);
  const loadDataDir = fresh && existsSync(template) ? new Blob([readFileSync(template)]) : undefined;
  return PGlite.create({ dataDir: folder, ...(loadDataDir && { loadDataDir }) });
}

async function close(database: PGlite): Promise<void> {
  await database.close();
  await rm(lock, { force: true });
  process.exit(0);
}

// Signals to the group are the server's to act on: it asks for what it has to write first.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined);

try {
  await takeLock();
  const database = await open();
  let ending = false;
  process.on('disconnect', () => {
    if (!ending) close(database);
    ending = true;
  });
  process.on('message', async (question: Question) => {
    if ('close' in question) {
      ending = true;
      return close(database);
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
