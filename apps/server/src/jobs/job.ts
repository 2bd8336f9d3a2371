import type { z } from '@hono/zod-openapi';
import type { JOB_STATES, jobSchema } from '../api/job.js';

/** A job as clients see it. */
export type Job = z.infer<typeof jobSchema>;

/** What a job does. */
export type JobType = Job['type'];

/** Where a job stands. */
export type JobState = (typeof JOB_STATES)[number];

/** States that do not change any more. */
export const ENDS: readonly JobState[] = ['done', 'failed', 'cancelled'];

/** A file that a job made. */
export interface Artefact {
  name: string;
  /** Media type. */
  type: string;
  bytes: number;
  sha256: string;
}

/** How far a job is. */
export interface JobProgress {
  step: string;
  done: number;
  total: number | null;
}

/** Why a job failed. */
export interface JobError {
  code: string;
  message: string;
}

/** A job as it is stored. */
export interface JobRow {
  id: string;
  type: JobType;
  key: string;
  state: JobState;
  title: string;
  input: Record<string, unknown>;
  work: unknown;
  queue: string;
  parent: string | null;
  model: string | null;
  device: string | null;
  progress: JobProgress | null;
  attempt: number;
  lease: string | null;
  worker: string | null;
  delivery: string | null;
  error: JobError | null;
  result: unknown;
  artefacts: Artefact[];
  created_by: string;
  token: string | null;
  created: Date;
  started: Date | null;
  ended: Date | null;
}
