import { join } from 'node:path';
import { privateFolder } from '@snp/onnx/node';
import { Models } from './catalog/models.js';
import type { Database } from './database/database.js';
import { openDatabase } from './database/openDatabase.js';
import { COMPUTE, JobQueue, type Lost } from './jobs/jobQueue.js';
import { KINDS } from './jobs/kinds/index.js';
import type { Log } from './log.js';
import type { Settings } from './settings.js';
import type { ArtefactStore } from './storage/artefactStore.js';
import { Blobs } from './storage/blobs.js';
import { FolderStore } from './storage/folderStore.js';
import { S3Store } from './storage/s3Store.js';
import { Worker } from './worker/worker.js';

/** What servers and workers have in common. */
export interface Core {
  database: Database;
  blobs: Blobs;
  queue: JobQueue;
  models: Models;
  worker: Worker;
}

/** Makes the folder of a server or worker, or sees that nobody else can enter it. */
export async function closeToOthers(folder: string, log: Log): Promise<void> {
  if (await privateFolder(folder)) log.warn({ folder }, 'the folder could be read by others; it is closed to them now');
}

/** Where artefacts lie that are in no S3-compatible store. */
export function artefactFolder({ artefacts, data }: Settings): string {
  return artefacts ?? join(data, 'artefacts');
}

/** The store of artefacts, which can be used. */
export async function openStore(settings: Settings): Promise<ArtefactStore> {
  const store = settings.s3 ? new S3Store(settings.s3) : new FolderStore(artefactFolder(settings));
  await store.open();
  return store;
}

/** Says so where a power cut may take what was acknowledged. */
async function warnOfLoss(database: Database, { databaseUrl }: Settings, log: Log): Promise<void> {
  const [row] = databaseUrl
    ? await database.query<{ sync: string; commit: string }>(
        `select current_setting('fsync') as sync, current_setting('synchronous_commit') as commit`,
      )
    : [];
  if (row && (row.sync === 'off' || row.commit === 'off'))
    log.warn(
      { fsync: row.sync, synchronous_commit: row.commit },
      'a power cut may lose what the server has acknowledged: the database does not wait for its disk',
    );
  if (process.platform === 'win32')
    log.warn('a power cut may lose files that the server has acknowledged: Windows syncs no names of files');
}

/** Opens the database, the store and the queue. */
export async function openCore(settings: Settings, log: Log): Promise<Core> {
  const database = await openDatabase(settings.databaseUrl, settings.data, log);
  try {
    await warnOfLoss(database, settings, log);
    const store = await openStore(settings);
    const blobs = new Blobs(database, store, settings.storedBytes);
    const lost: Lost = async (sql, job, error) => KINDS[job.type]?.lost?.(sql, job, error);
    const queue = new JobQueue(database, lost, (error) => log.warn({ err: error }, 'the queue reports an error'));
    await database.exclusively(() => queue.start());
    // An embedded database has one server: whoever took its jobs was the one before.
    if (settings.databaseUrl === undefined) await queue.expire(COMPUTE);
    const models = new Models(database, blobs, queue);
    const limits = { seconds: settings.jobSeconds, memoryBytes: settings.jobMemoryBytes };
    const options = { scratch: join(settings.data, 'jobs'), slots: settings.slots, limits };
    return { database, blobs, queue, models, worker: new Worker({ database, queue, blobs, models, log }, options) };
  } catch (error) {
    await database.close();
    throw error;
  }
}
