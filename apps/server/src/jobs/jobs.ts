import { type Database, first } from '../database/database.js';
import { Failure } from '../failure.js';
import type { Cursor } from '../http/cursor.js';
import type { Artefact, Job, JobRow } from './job.js';

/** Which jobs a list is about. */
export interface JobFilter {
  types?: readonly string[] | undefined;
  states?: readonly string[] | undefined;
  model?: string | undefined;
  device?: string | undefined;
  parent?: string | undefined;
}

/** A job with how many parts it has. */
export interface CountedJob extends JobRow {
  parts: number;
  parts_done: number;
}

const COUNTED = `select j.*, (select count(*) from snp.parts p where p.whole = j.id) as parts,
  (select count(*) from snp.parts p join snp.jobs own on own.id = p.part where p.whole = j.id and own.state = 'done') as parts_done
  from snp.jobs j`;

/** Jobs as they are read. */
export class Jobs {
  constructor(private readonly database: Database) {}

  /** @throws Failure `not-found` */
  async get(id: string): Promise<CountedJob> {
    return (await this.find(id)) ?? Failure.notFound('job', id);
  }

  find(id: string): Promise<CountedJob | undefined> {
    return first<CountedJob>(this.database, `${COUNTED} where j.id = $1`, [id]);
  }

  /** One more than a page, newest first. */
  list(
    { types, states, model, device, parent }: JobFilter,
    { created, id }: Cursor,
    limit: number,
  ): Promise<CountedJob[]> {
    return this.database.query<CountedJob>(
      `${COUNTED} where (j.created, j.id) < ($1::timestamptz, $2)
         and ($3::text[] is null or j.type = any($3)) and ($4::text[] is null or j.state = any($4))
         and ($5::text is null or j.model = $5 or j.input -> 'models' ? $5) and ($6::text is null or j.device = $6)
         and case when $7::text is null then j.parent is null or $6 is not null
             else j.id in (select part from snp.parts where whole = $7) end
       order by j.created desc, j.id desc limit $8`,
      [created, id, types ?? null, states ?? null, model ?? null, device ?? null, parent ?? null, limit + 1],
    );
  }

  async logs(job: string, after: number, limit: number): Promise<LogRow[]> {
    return this.database.query<LogRow>(
      'select seq, at, level, text from snp.job_logs where job = $1 and seq > $2 order by seq limit $3',
      [job, after, limit],
    );
  }

  /** @throws Failure `not-found` */
  async artefact(id: string, name: string): Promise<Artefact> {
    const { artefacts } = await this.get(id);
    return artefacts.find((file) => file.name === name) ?? Failure.notFound('artefact', name);
  }
}

/** A line of a job's log as it is stored. */
export interface LogRow {
  seq: number;
  at: Date;
  level: 'info' | 'warn' | 'error';
  text: string;
}

/** A line of a job's log as clients see it. */
export function presentLog({ seq, at, level, text }: LogRow) {
  return { seq: Number(seq), at: at.toISOString(), level, text };
}

/** A job as clients see it. */
export function presentJob(row: JobRow & Partial<CountedJob>): Job {
  const total = Number(row.parts ?? 0);
  const seconds = row.started ? ((row.ended ?? new Date()).getTime() - row.started.getTime()) / 1000 : 0;
  return {
    id: row.id,
    type: row.type,
    state: row.state,
    title: row.title,
    parent: row.parent,
    parts: total > 0 ? { total, done: Number(row.parts_done) } : null,
    progress: row.progress && { ...row.progress, seconds: Math.round(10 * Math.max(0, seconds)) / 10 },
    attempt: row.attempt,
    worker: row.worker,
    error: row.error,
    artefacts: row.artefacts.map((file) => ({
      ...file,
      url: `/api/jobs/${row.id}/artefacts/${encodeURIComponent(file.name)}`,
    })),
    createdBy: row.created_by,
    created: row.created.toISOString(),
    started: row.started?.toISOString() ?? null,
    ended: row.ended?.toISOString() ?? null,
    input: row.input,
    result: row.result,
  } as Job;
}
