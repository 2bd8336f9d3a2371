import { availableParallelism, totalmem } from 'node:os';
import type { S3Options } from './storage/s3Store.js';

/** Where a server or a worker keeps things, and how much it allows. */
export interface Settings {
  /** Folder for everything that has no other place. */
  data: string;
  /** PostgreSQL (`postgres://...`). Default: the embedded database in `data`. */
  databaseUrl?: string | undefined;
  /** Artefacts in an S3-compatible store. Default: in `artefacts`. */
  s3?: S3Options | undefined;
  /** Folder for artefacts, which workers on other machines must share. Default: in `data`. */
  artefacts?: string | undefined;
  /** Jobs at once. 0: none, workers do them all. */
  slots: number;
  /** Largest file. */
  uploadBytes: number;
  /** Seconds after which an upload is cut off that brings nothing; it can go on in another request. */
  uploadSilenceSeconds: number;
  /** Most that all files together may take. */
  storedBytes: number;
  /** Kept free on the disks for the database: with less, the server takes no files and says that it is not ready. */
  reserveBytes: number;
  /** Jobs that may wait or run at once. */
  activeJobs: number;
  jobSeconds: number;
  /** Of a job's process and all that it starts. */
  jobMemoryBytes: number;
  /** Seconds that running jobs have to end when the server stops; then they are handed back. */
  stopSeconds: number;
  /** Days after which jobs that ended, and what they made, are removed. Models that came of them stay. */
  retentionDays: number;
  /** `debug`, `info`, `warn`, `error`, `silent`. */
  logLevel: string;
}

/** A job keeps about four cores busy. */
const SLOTS = Math.max(1, Math.floor(availableParallelism() / 4));

/** Of the machine or, where it is less, of the container. */
const MEMORY = Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY);

/** Defaults of `Settings`. */
export const SETTINGS: Omit<Settings, 'data'> = {
  slots: SLOTS,
  uploadBytes: 8 * 2 ** 30,
  uploadSilenceSeconds: 30,
  storedBytes: 200 * 2 ** 30,
  reserveBytes: 256 * 2 ** 20,
  activeJobs: 1000,
  jobSeconds: 4 * 3600,
  jobMemoryBytes: Math.floor((0.7 * MEMORY) / SLOTS),
  stopSeconds: 10,
  retentionDays: 90,
  logLevel: 'info',
};
