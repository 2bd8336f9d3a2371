import { SnpError } from '@snp/onnx';
import { checkOptions } from './checkOptions.js';
import { makeLog } from './log.js';
import { closeToOthers, openCore } from './open.js';
import { SETTINGS, type Settings } from './settings.js';

/** Options of `startWorker`; what is not given has its default. */
export type WorkerOptions = Pick<Settings, 'data'> & Partial<Settings>;

/** A worker that runs. */
export interface RunningWorker {
  /** Takes no more jobs; those that run have a while to end, and are handed back then. */
  close(): Promise<void>;
}

/**
 * Does jobs of a server that keeps them in PostgreSQL; any number of workers may, on any machine that reaches the same database and artefacts.
 *
 * @throws SnpError `invalid-argument` without a database that can be shared, `io` if it or the store cannot be used.
 * @example
 * const worker = await startWorker({ data: '/var/lib/snp-worker', databaseUrl: process.env.DATABASE_URL });
 */
export async function startWorker(options: WorkerOptions): Promise<RunningWorker> {
  checkOptions(options);
  const settings: Settings = { ...SETTINGS, ...options };
  if (settings.databaseUrl === undefined)
    throw new SnpError(
      'invalid-argument',
      'A worker needs the database of its server: set DATABASE_URL to postgres://...',
    );
  const log = makeLog(settings.logLevel);
  await closeToOthers(settings.data, log);
  const { database, queue, worker } = await openCore(settings, log);
  await worker.start();
  log.info({ worker: worker.name, slots: settings.slots }, 'worker is ready');
  return {
    async close() {
      await worker.stop(settings.stopSeconds);
      await queue.stop();
      await database.close();
    },
  };
}
