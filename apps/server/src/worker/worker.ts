import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { SnpError } from '@snp/onnx';
import type { DatasetFile } from '../catalog/datasets.js';
import type { Models } from '../catalog/models.js';
import type { Database, Sql } from '../database/database.js';
import { within } from '../folder/plainFile.js';
import { WorkFolder } from '../folder/workFolder.js';
import type { Artefact, JobError, JobProgress } from '../jobs/job.js';
import { COMPUTE, type HeldJob, type JobQueue, LEASE_SECONDS } from '../jobs/jobQueue.js';
import { KINDS } from '../jobs/kinds/index.js';
import type { Kind, Stage } from '../jobs/kinds/kind.js';
import type { Log } from '../log.js';
import type { Blobs } from '../storage/blobs.js';
import { PLACES, type TaskContext, type TaskOutcome } from '../tasks/task.js';
import { measureOnDevice } from './measureOnDevice.js';
import { persist } from './persist.js';
import { runTask, type TaskLimits } from './runTask.js';
import { TaskFailure, TaskKilled } from './taskFailure.js';

/** What a worker uses. */
export interface WorkerServices {
  database: Database;
  queue: JobQueue;
  blobs: Blobs;
  models: Models;
  log: Log;
}

/** Options of a worker. */
export interface WorkerOptions {
  /** Where the folder of this worker is made, beside those of others. */
  scratch: string;
  /** Jobs at once. */
  slots: number;
  limits: TaskLimits;
}

/** Milliseconds between questions for work where nothing told that there is some. */
const IDLE = 2000;
/** Milliseconds between words to the database about a job that runs: progress is seen as often. */
const BEAT = 500;
/** Where nothing is new, a word is enough so often. */
const QUIET_BEATS = 8;

/** Takes jobs and does them, each in a process of its own. */
export class Worker {
  readonly name = `${hostname()}:${process.pid}`;
  readonly #stop = new AbortController();
  readonly #running = new Map<string, AbortController>();
  #wake = new AbortController();
  #slots: Promise<void>[] = [];
  #folder: WorkFolder | undefined;

  constructor(
    private readonly services: WorkerServices,
    private readonly options: WorkerOptions,
  ) {}

  get running(): number {
    return this.#running.size;
  }

  async start(): Promise<void> {
    const { scratch, slots } = this.options;
    if (slots > 0) this.#folder = await WorkFolder.make(scratch);
    await this.services.database.listen(
      'snp_jobs',
      (payload) => this.#hear(payload),
      () => this.#wakeUp(),
    );
    this.#slots = Array.from({ length: slots }, () => this.#work());
    this.#slots.push(this.#watch());
  }

  /** Takes no more jobs; those that run have so many seconds to end, and are handed back then. */
  async stop(seconds: number): Promise<void> {
    this.#stop.abort();
    this.#wakeUp();
    const late = new AbortController();
    const timer = setTimeout(1000 * seconds, undefined, { signal: late.signal }).then(
      () => {
        for (const job of this.#running.values()) job.abort('hand back');
      },
      () => undefined,
    );
    await Promise.all(this.#slots);
    late.abort();
    await timer;
    await this.#folder?.remove();
  }

  #hear(payload: string): void {
    const [id, state] = payload.split(' ');
    if (state === 'queued') this.#wakeUp();
    if (state === 'cancelled') this.#running.get(id)?.abort('cancelled');
  }

  #wakeUp(): void {
    this.#wake.abort();
    this.#wake = new AbortController();
  }

  async #work(): Promise<void> {
    const { queue, log } = this.services;
    while (!this.#stop.signal.aborted) {
      const wake = this.#wake.signal;
      try {
        const job = await queue.take(COMPUTE, this.name);
        if (job) await this.#do(job);
        else await setTimeout(IDLE, undefined, { signal: wake }).catch(() => undefined);
      } catch (error) {
        log.warn({ err: error }, 'the database cannot be used; trying again');
        await setTimeout(1000, undefined, { signal: this.#stop.signal }).catch(() => undefined);
      }
    }
  }

  /** Looks after jobs whose worker died. */
  async #watch(): Promise<void> {
    const { queue, log } = this.services;
    while (!this.#stop.signal.aborted) {
      const dead = await queue.recover().catch(() => []);
      for (const { id, type, worker, state } of dead)
        log.warn(
          { job: id, type, worker },
          state === 'queued' ? 'its worker died: another takes it up' : 'its worker died: it is given up',
        );
      await setTimeout((1000 * LEASE_SECONDS) / 4, undefined, { signal: this.#stop.signal }).catch(() => undefined);
    }
  }

  async #do(job: HeldJob): Promise<void> {
    const { queue, log, models } = this.services;
    const stop = new AbortController();
    this.#running.set(job.id, stop);
    const heart = new Heart(queue, job, stop);
    const kind = KINDS[job.type]!;
    log.info({ job: job.id, type: job.type, attempt: job.attempt }, 'job begins');
    let folder: string | undefined;
    try {
      folder = await this.#makeFolder();
      let outcome: TaskOutcome;
      try {
        outcome = await this.#run(job, kind, folder, heart, stop.signal);
      } catch (error) {
        if (!(error instanceof TaskKilled)) throw error;
        // Another job may have taken the memory: once more, with nothing left of the first time.
        log.warn({ job: job.id, type: job.type }, `${error.message} It is tried once more.`);
        await queue.log(job.id, 'warn', `${error.message} It is tried once more.`).catch(() => undefined);
        await rm(folder, { recursive: true, force: true });
        folder = await this.#makeFolder();
        outcome = await this.#run(job, kind, folder, heart, stop.signal);
      }
      const artefacts = await this.#store(folder, outcome);
      const files = new Map(artefacts.map((file) => [file.name, file]));
      const { result, settle } = kind.done?.(job, outcome.result, files, { models }) ?? { result: outcome.result };
      const finish = async (sql: Sql) => {
        await this.services.blobs.need(
          sql,
          `job:${job.id}`,
          artefacts.map(({ sha256 }) => sha256),
        );
        await settle?.(sql);
      };
      const counted = await persist(() => queue.finish(job, { result, artefacts }, finish));
      log.info({ job: job.id, type: job.type, counted }, counted ? 'job is done' : 'job was done by another meanwhile');
    } catch (error) {
      await this.#failed(job, error, stop.signal);
    } finally {
      heart.stop();
      this.#running.delete(job.id);
      if (folder) await rm(folder, { recursive: true, force: true });
    }
  }

  #makeFolder(): Promise<string> {
    return mkdtemp(join(this.#folder!.path, 'job-'));
  }

  async #run(job: HeldJob, kind: Kind, folder: string, heart: Heart, signal: AbortSignal): Promise<TaskOutcome> {
    const { queue } = this.services;
    const stage = kind.stage(job, await persist(() => queue.needsOf(job.id)));
    await this.#place(stage, folder);
    const { limits } = this.options;
    const seconds = Math.min(limits.seconds, stage.seconds ?? Number.POSITIVE_INFINITY);
    const { device } = stage;
    const context: TaskContext = {
      measure: (request) =>
        device
          ? measureOnDevice(this.services, job, device, request, folder, signal)
          : Promise.reject(new SnpError('unsupported', 'This job has no device to measure on.')),
      progress: (progress: JobProgress) => heart.progress(progress),
      log: (level: 'info' | 'warn' | 'error', text: string) =>
        void queue.log(job.id, level, text).catch(() => undefined),
    };
    return runTask({ name: stage.task, options: stage.options }, folder, { ...limits, seconds }, context, signal);
  }

  /** Gives a job's process the files that it needs. */
  async #place({ files, dataset }: Stage, folder: string): Promise<void> {
    const { store } = this.services.blobs;
    const place = (sha256: string, path: string) => persist(() => store.place(sha256, path));
    for (const { path, sha256 } of files) await place(sha256, await within(folder, path));
    if (!dataset) return;
    const manifest = join(folder, 'manifest.json');
    await place(dataset, manifest);
    const entries = JSON.parse(await readFile(manifest, 'utf8')) as DatasetFile[];
    for (const { path, sha256 } of entries) await place(sha256, await within(folder, `${PLACES.data}/${path}`));
  }

  async #store(folder: string, { files }: TaskOutcome): Promise<Artefact[]> {
    const artefacts: Artefact[] = [];
    for (const { name, type } of files) {
      const path = await within(folder, `${PLACES.output}/${name}`);
      artefacts.push({ name, type, ...(await persist(() => this.services.blobs.add(path))) });
    }
    return artefacts;
  }

  async #failed(job: HeldJob, error: unknown, signal: AbortSignal): Promise<void> {
    const { queue, log } = this.services;
    if (signal.aborted) {
      log.info({ job: job.id, why: signal.reason }, 'job was stopped');
      if (signal.reason === 'hand back') await queue.handBack(job);
      return;
    }
    const reason: JobError = {
      code: error instanceof TaskFailure ? error.code : ((error as { code?: string }).code ?? 'internal'),
      message: (error as Error).message,
    };
    log.warn({ job: job.id, type: job.type, code: reason.code }, 'job failed');
    await persist(() => queue.fail(job, reason));
  }
}

/** Tells the database that a job is alive and how far it is, and stops it when it is no longer held. */
class Heart {
  readonly #timer: NodeJS.Timeout;
  #progress: JobProgress | undefined;
  #busy = false;
  #quiet = 0;

  constructor(queue: JobQueue, job: HeldJob, stop: AbortController) {
    this.#timer = setInterval(async () => {
      if (this.#busy || (!this.#progress && ++this.#quiet < QUIET_BEATS)) return;
      this.#busy = true;
      const progress = this.#progress;
      this.#progress = undefined;
      this.#quiet = 0;
      // Without a database, work goes on: whether it still counts turns out at its end.
      const held = await queue.beat(job, progress).catch(() => true);
      this.#busy = false;
      if (!held) stop.abort('no longer held');
    }, BEAT);
  }

  progress(progress: JobProgress): void {
    this.#progress = progress;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
