import { randomUUID } from 'node:crypto';
import type { z } from '@hono/zod-openapi';
import type { modelSchema } from '../api/models.js';
import { type Database, first, type Sql } from '../database/database.js';
import { Failure } from '../failure.js';
import { contentKey } from '../jobs/contentKey.js';
import type { JobError, JobRow } from '../jobs/job.js';
import type { JobQueue, Submitter } from '../jobs/jobQueue.js';
import type { Blobs } from '../storage/blobs.js';
import { inspectionOf } from './inspection.js';

/** A model as clients see it. */
export type Model = z.infer<typeof modelSchema>;

/** A model's files, by what they hold. */
interface ModelFiles {
  sha256: string;
  data: { location: string; sha256: string; bytes: number }[];
}

/** A model as it is stored. */
export interface ModelRow extends ModelFiles {
  id: string;
  name: string;
  bytes: number;
  state: Model['state'];
  problem: JobError | null;
  cost: Model['cost'];
  analysis_job: string;
  origin_model: string | null;
  origin_job: string | null;
  created: Date;
}

/** A model that is to be put into the catalog; its files are in the store already. */
export interface NewModel extends ModelFiles, Submitter {
  name: string;
  bytes: number;
  origin?: { model: string; job: string };
}

/** Models that were uploaded or made. */
export class Models {
  constructor(
    private readonly database: Database,
    private readonly blobs: Blobs,
    private readonly queue: JobQueue,
  ) {}

  /**
   * Puts a model into the catalog and lets it be looked into. The very same files under the same name are one model; where nothing came of its
   * analysis, it is looked into again.
   */
  async add(sql: Sql, model: NewModel): Promise<{ row: ModelRow; fresh: boolean }> {
    const { name, sha256, data, bytes, origin } = model;
    const key = contentKey(name, sha256, data);
    const own = randomUUID();
    const known = await first<ModelRow>(
      sql,
      // What is there already is locked, so that it is not taken out of the catalog unnoticed by a job that made it again.
      `insert into snp.models (id, name, sha256, bytes, data, key, state, origin_model, origin_job)
       values ($1, $2, $3, $4, $5, $6, 'checking', $7, $8) on conflict (key) do update set key = excluded.key returning *`,
      [own, name, sha256, bytes, JSON.stringify(data), key, origin?.model ?? null, origin?.job ?? null],
    );
    const { id, state } = known!;
    const fresh = id === own;
    if (state === 'ready') return { row: known!, fresh };
    await this.blobs.need(sql, `model:${id}`, [sha256, ...data.map((file) => file.sha256)]);
    const { job } = await this.queue.submit(sql, inspectionOf({ id, name, sha256, data }, model));
    const done = job.state === 'done' ? (job.result as { cost: Model['cost'] }) : undefined;
    const row = await first<ModelRow>(
      sql,
      'update snp.models set analysis_job = $2, state = $3, problem = null, cost = $4 where id = $1 returning *',
      [id, job.id, done ? 'ready' : 'checking', done ? JSON.stringify(done.cost) : null],
    );
    return { row: row!, fresh };
  }

  /** @throws Failure `not-found` */
  async get(id: string): Promise<ModelRow> {
    const row = await first<ModelRow>(this.database, 'select * from snp.models where id = $1', [id]);
    return row ?? Failure.notFound('model', id);
  }

  /** A model that was looked into, and is sound. */
  async ready(id: string): Promise<ModelRow> {
    const row = await this.get(id);
    if (row.state === 'ready') return row;
    const why = row.state === 'checking' ? 'is still being checked' : `was refused: ${row.problem?.message}`;
    throw new Failure('conflict', `The model ${row.name} ${why}.`);
  }

  /** The analysis of a model as JSON text. */
  async analysisOf(row: ModelRow): Promise<string> {
    const job = await first<JobRow>(this.database, 'select * from snp.jobs where id = $1', [row.analysis_job]);
    const file = job?.artefacts.find(({ name }) => name === 'analysis.json');
    if (!file) return Failure.notFound('analysis of model', row.id);
    const chunks: Uint8Array[] = [];
    for await (const chunk of await this.blobs.store.read(file.sha256)) chunks.push(chunk);
    return Buffer.concat(chunks).toString('utf8');
  }

  async remove(id: string): Promise<void> {
    await this.database.transaction(async (sql) => {
      const row = await first<ModelRow>(sql, 'select * from snp.models where id = $1 for update', [id]);
      if (!row) return Failure.notFound('model', id);
      const busy = await first<{ title: string }>(
        sql,
        `select title from snp.jobs where (model = $1 or input -> 'models' ? $1) and type <> 'inspect' and state in ('waiting', 'queued', 'running') limit 1`,
        [id],
      );
      if (busy) throw new Failure('conflict', `A job is using the model: ${busy.title}. Cancel it first.`);
      await this.blobs.release(sql, `model:${id}`);
      await sql.query('delete from snp.models where id = $1', [id]);
      // Asked for again, whatever made it is done again.
      await sql.query(`update snp.jobs set key = key || ':' || id where state = 'done' and result ->> 'model' = $1`, [
        id,
      ]);
    });
  }
}

/** A model as clients see it. */
export function presentModel(row: ModelRow): Model {
  return {
    id: row.id,
    name: row.name,
    sha256: row.sha256,
    bytes: Number(row.bytes),
    data: row.data,
    state: row.state,
    analysisJob: row.analysis_job,
    problem: row.problem,
    cost: row.cost,
    origin: row.origin_job ? { model: row.origin_model!, job: row.origin_job } : null,
    created: row.created.toISOString(),
  };
}
