import { randomUUID } from 'node:crypto';
import { SnpError } from '@snp/onnx';
import PgBoss from 'pg-boss';
import { type Database, first, type Sql } from '../database/database.js';
import { storableJson, storableText } from '../database/storable.js';
import { type Artefact, ENDS, type JobError, type JobProgress, type JobRow, type JobType } from './job.js';
import { giveTurn } from './turns.js';

/** What all workers take jobs from; each device has a queue of its own beside. */
export const COMPUTE = 'compute';

/** Seconds after which a worker that says nothing counts as dead. */
export const LEASE_SECONDS = 20;

/** Times a job is taken up: one that kills its workers again and again is given up. */
const MOST_ATTEMPTS = 5;

/** Deliveries outlive every job; what holds is the lease. */
const DELIVERY = { retryLimit: 0, expireInHours: 23, retentionDays: 365 };

/** Lines that a job may log; what it says beyond is dropped. */
const MOST_LINES = 2000;

/** Who wants work done. */
export interface Submitter {
  /** By name. */
  createdBy: string;
  /** Whose share it counts to. */
  token: string | null;
}

/** A job that is to be done. */
export interface NewJob extends Submitter {
  type: JobType;
  key: string;
  title: string;
  input: object;
  work: unknown;
  queue: string;
  /** Jobs that must be done before. */
  needs?: readonly string[];
  parent?: string | undefined;
  model?: string | undefined;
  device?: string | undefined;
  /** It goes first: it takes seconds, and people wait for it. */
  quick?: boolean;
}

/** A job that is held: whoever has its lease may report on it. */
export type HeldJob = JobRow & { lease: string };

/** What ends a job well. */
export interface Outcome {
  result: unknown;
  artefacts: readonly Artefact[];
}

/** What else belongs to the end of a job that is lost, because it failed or was cancelled: rows that waited for its result. */
export type Lost = (sql: Sql, job: JobRow, error: JobError) => Promise<void>;

/**
 * Jobs and their states. pg-boss delivers them; what counts is the row in `snp.jobs` and its lease: a worker that was given up for dead
 * and comes back is not listened to any more. Every change of both is one transaction. What workers and devices say of jobs holds text of
 * models and other programs: it is made storable here.
 */
export class JobQueue {
  readonly #boss: PgBoss;

  constructor(
    private readonly database: Database,
    private readonly lost: Lost,
    onError: (error: Error) => void,
  ) {
    this.#boss = new PgBoss({ db: bossDb(database), schema: 'snp_queue', schedule: false });
    this.#boss.on('error', onError);
  }

  async start(): Promise<void> {
    await this.#boss.start();
    await this.#boss.createQueue(COMPUTE);
  }

  async stop(): Promise<void> {
    await this.#boss.stop({ graceful: false, wait: false });
  }

  /** Makes a queue; one that is there stays. */
  async createQueue(name: string): Promise<void> {
    await this.#boss.createQueue(name);
  }

  /** Drops a queue for good, with all that it takes in the database. */
  async removeQueue(name: string): Promise<void> {
    await this.database.query('delete from snp_queue.job where name = $1', [name]);
    await this.#boss.deleteQueue(name);
  }

  /** Submits a job; one of the same key that is not lost is the answer instead. */
  async submit(sql: Sql, job: NewJob): Promise<{ job: JobRow; fresh: boolean }> {
    const needs = [...new Set(job.needs ?? [])];
    const open = await sql.query<{ id: string; state: string }>(
      // Locked, so that none ends unnoticed between here and the line that says who waits for it.
      'select id, state from snp.jobs where id = any($1) order by id for update',
      [needs],
    );
    const lost = open.find(({ state }) => state === 'failed' || state === 'cancelled');
    if (lost || open.length < needs.length)
      throw new SnpError('invalid-argument', `Job ${lost?.id ?? needs.join()}, which this one needs, has no result.`);
    const waits = open.some(({ state }) => state !== 'done');
    const row = await first<JobRow>(
      sql,
      `insert into snp.jobs (id, type, key, state, title, input, work, queue, parent, model, device, created_by, token, quick)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
       on conflict (key) where state in ('waiting', 'queued', 'running', 'done') do nothing returning *`,
      [
        randomUUID(),
        job.type,
        job.key,
        waits ? 'waiting' : 'queued',
        job.title,
        JSON.stringify(job.input),
        JSON.stringify(job.work),
        job.queue,
        job.parent ?? null,
        job.model ?? null,
        job.device ?? null,
        job.createdBy,
        job.token,
        job.quick ?? false,
      ],
    );
    if (!row) {
      const known = await this.#byKey(sql, job.key);
      // Lost in this very moment, it is no answer any more.
      return known ? { job: known, fresh: false } : this.submit(sql, job);
    }
    for (const [at, need] of needs.entries())
      await sql.query('insert into snp.job_needs (job, needs, at) values ($1, $2, $3)', [row.id, need, at]);
    if (!waits) await this.#send(sql, row);
    return { job: row, fresh: true };
  }

  /** Takes the next job of a queue. */
  async take(queue: string, worker: string): Promise<HeldJob | undefined> {
    return this.database.transaction(async (sql) => {
      const [delivery] = await this.#boss.fetch<{ job: string }>(queue, { db: bossDb(sql) });
      if (!delivery) return undefined;
      const job = await first<HeldJob>(
        sql,
        `update snp.jobs set state = 'running', attempt = attempt + 1, lease = $2, worker = $3, started = now(), progress = null,
           lease_until = now() + make_interval(secs => ${LEASE_SECONDS})
         where id = $1 and state = 'queued' and delivery = $4 returning *`,
        [delivery.data.job, randomUUID(), worker, delivery.id],
      );
      if (!job) await this.#boss.deleteJob(queue, delivery.id, { db: bossDb(sql) });
      return job;
    });
  }

  /** The jobs that a job builds on, in their order. */
  needsOf(id: string): Promise<JobRow[]> {
    return this.database.query<JobRow>(
      'select j.* from snp.job_needs n join snp.jobs j on j.id = n.needs where n.job = $1 order by n.at',
      [id],
    );
  }

  /** Keeps a job and says how far it is; false if it is no longer held: it was cancelled, or given to another. */
  async beat(job: HeldJob, progress: JobProgress | undefined): Promise<boolean> {
    const rows = await this.database.query(
      `update snp.jobs set lease_until = now() + make_interval(secs => ${LEASE_SECONDS}), progress = coalesce($3, progress)
       where id = $1 and lease = $2 and state = 'running' returning 1`,
      [job.id, job.lease, progress ? storableJson(progress) : null],
    );
    return rows.length > 0;
  }

  async log(job: string, level: 'info' | 'warn' | 'error', text: string): Promise<void> {
    await this.database.query(
      `insert into snp.job_logs (job, level, text) select $1, $2, $3
       where (select count(*) from snp.job_logs where job = $1) < ${MOST_LINES}`,
      [job, level, storableText(text.slice(0, 4000))],
    );
  }

  /**
   * Ends a job well, with all that follows from it, if it is still held; false if not, and nothing has happened.
   *
   * @param settle What else belongs to the end: other rows that the job makes.
   */
  async finish(job: HeldJob, outcome: Outcome, settle?: (sql: Sql) => Promise<void>): Promise<boolean> {
    return this.database.transaction(async (sql) => {
      const rows = await sql.query(
        `update snp.jobs set state = 'done', ended = now(), result = $3, artefacts = $4, lease = null, error = null
         where id = $1 and lease = $2 and state = 'running' returning 1`,
        [job.id, job.lease, storableJson(outcome.result), storableJson(outcome.artefacts)],
      );
      if (rows.length === 0) return false;
      await settle?.(sql);
      await this.#boss.complete(job.queue, job.delivery!, {}, { db: bossDb(sql) });
      await this.#releaseDependents(sql, job.id);
      return true;
    });
  }

  /** Ends a job that cannot be done, and all that build on it; false if it is no longer held. */
  async fail(job: HeldJob, { code, message }: JobError): Promise<boolean> {
    const error = { code: storableText(code), message: storableText(message) };
    return this.database.transaction(async (sql) => {
      const held = await sql.query(
        `select 1 from snp.jobs where id = $1 and lease = $2 and state = 'running' for update`,
        [job.id, job.lease],
      );
      if (held.length === 0) return false;
      await this.#end(sql, job.id, 'failed', error);
      return true;
    });
  }

  /** Hands a job back that was not finished: another worker takes it up, and it counts as not tried. */
  async handBack(job: HeldJob): Promise<void> {
    await this.database.transaction(async (sql) => {
      const row = await first<JobRow>(
        sql,
        `update snp.jobs set state = 'queued', lease = null, worker = null, progress = null, attempt = attempt - 1
         where id = $1 and lease = $2 and state = 'running' returning *`,
        [job.id, job.lease],
      );
      if (row) await this.#send(sql, row);
    });
  }

  /** Takes for dead whoever holds jobs of a queue: `recover` gives them to others. */
  async expire(queue: string): Promise<void> {
    await this.database.query(
      `update snp.jobs set lease_until = now() - interval '1 second' where state = 'running' and queue = $1`,
      [queue],
    );
  }

  /** Gives jobs of workers that died to others, and gives up those that killed too many; returns how they stand then. */
  async recover(): Promise<JobRow[]> {
    return this.database.transaction(async (sql) => {
      const dead = await sql.query<JobRow>(
        `select * from snp.jobs where state = 'running' and lease_until < now() for update skip locked`,
      );
      for (const { id, attempt, progress } of dead) {
        if (attempt >= MOST_ATTEMPTS) {
          const message = `Its worker died ${attempt} times, the last time at step '${progress?.step ?? 'begin'}'. It probably takes more memory than there is.`;
          await this.#end(sql, id, 'failed', { code: 'runtime', message });
          continue;
        }
        const row = await first<JobRow>(
          sql,
          // The end of another may have been its end too.
          `update snp.jobs set state = 'queued', lease = null, progress = null where id = $1 and state = 'running' returning *`,
          [id],
        );
        if (row) await this.#send(sql, row);
      }
      return sql.query<JobRow>('select * from snp.jobs where id = any($1)', [dead.map(({ id }) => id)]);
    });
  }

  /** Cancels a job, what builds on it, and parts that nothing else needs. A job that has ended stays as it is. */
  async cancel(sql: Sql, id: string): Promise<void> {
    await this.#end(sql, id, 'cancelled', { code: 'aborted', message: 'It was cancelled.' });
  }

  async #end(sql: Sql, id: string, state: 'failed' | 'cancelled', error: JobError): Promise<void> {
    const row = await first<JobRow>(
      sql,
      `update snp.jobs set state = $2, error = $3, ended = now(), lease = null where id = $1 and not state = any($4) returning *`,
      [id, state, JSON.stringify(error), ENDS],
    );
    if (!row) return;
    if (row.delivery) await this.#boss.deleteJob(row.queue, row.delivery, { db: bossDb(sql) });
    await this.lost(sql, row, error);
    const dependents = await sql.query<{ job: string }>('select job from snp.job_needs where needs = $1 order by job', [
      id,
    ]);
    const message = state === 'failed' ? `${row.title} failed: ${error.message}` : error.message;
    for (const { job } of dependents) await this.#end(sql, job, state, { code: error.code, message });
    const idle = await sql.query<{ id: string }>(
      `select part as id from snp.parts p where whole = $1 and not exists
         (select from snp.job_needs n join snp.jobs j on j.id = n.job where n.needs = p.part and not j.state = any($2))
       order by part`,
      [id, ENDS],
    );
    for (const part of idle)
      await this.#end(sql, part.id, 'cancelled', { code: 'aborted', message: 'Nothing needs it any more.' });
  }

  /** Lets jobs begin whose last need is met. */
  async #releaseDependents(sql: Sql, id: string): Promise<void> {
    // Locked before it is looked at what they still need: of two needs that are met at once, the second sees the first.
    const waiting = await sql.query<{ id: string }>(
      `select id from snp.jobs where state = 'waiting' and id in (select job from snp.job_needs where needs = $1) order by id for update`,
      [id],
    );
    for (const { id: dependent } of waiting) {
      const row = await first<JobRow>(
        sql,
        `update snp.jobs set state = 'queued' where id = $1 and not exists
           (select from snp.job_needs n join snp.jobs j on j.id = n.needs where n.job = $1 and j.state <> 'done') returning *`,
        [dependent],
      );
      if (row) await this.#send(sql, row);
    }
  }

  async #send(sql: Sql, { id, queue, delivery }: JobRow): Promise<void> {
    if (delivery) await this.#boss.deleteJob(queue, delivery, { db: bossDb(sql) });
    const sent = randomUUID();
    const priority = -(await giveTurn(sql, id));
    await this.#boss.send(queue, { job: id }, { ...DELIVERY, id: sent, priority, db: bossDb(sql) });
    await sql.query('update snp.jobs set delivery = $2 where id = $1', [id, sent]);
  }

  #byKey(sql: Sql, key: string): Promise<JobRow | undefined> {
    return first<JobRow>(
      sql,
      // Locked, so that it does not end unnoticed by those who are about to wait for it.
      `select * from snp.jobs where key = $1 and state in ('waiting', 'queued', 'running', 'done') for update`,
      [key],
    );
  }
}

/** The database as pg-boss wants it. */
function bossDb(sql: Sql): PgBoss.Db {
  return { executeSql: async (text, values) => ({ rows: await sql.query(text, values) }) };
}
