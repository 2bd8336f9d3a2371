import type { Models } from '../../catalog/models.js';
import type { Sql } from '../../database/database.js';
import type { JobRow } from '../job.js';
import type { Lost } from '../jobQueue.js';

/** A file that a job's process finds in its folder. */
export interface StagedFile {
  path: string;
  sha256: string;
}

/** A device's target. */
export interface DeviceTarget {
  device: string;
  target: string;
}

/** What a job's process is given. */
export interface Stage {
  /** Name of the task. */
  task: string;
  options: object;
  files: readonly StagedFile[];
  /** A data set, by its manifest. */
  dataset?: string | undefined;
  /** Where the process may have models measured. */
  device?: DeviceTarget | undefined;
  /** Seconds after which it is stopped, where it is to be less than for other jobs. */
  seconds?: number;
}

/** What a kind of job makes of what came out of its process: the result as clients see it, and rows that belong to it. */
export interface Settled {
  result: unknown;
  settle?: (sql: Sql) => Promise<void>;
}

/** What kinds use. */
interface KindServices {
  models: Models;
}

/** What a kind of job takes and what follows from its end. How it is done is its task's (`tasks/`). */
export interface Kind {
  /** @param needs The jobs that it builds on, all done, in the order of its `needs`. */
  stage(job: JobRow, needs: readonly JobRow[]): Stage;
  done?(
    job: JobRow,
    result: unknown,
    files: ReadonlyMap<string, { sha256: string; bytes: number }>,
    services: KindServices,
  ): Settled;
  lost?: Lost;
}
