import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { setTimeout } from 'node:timers/promises';
import type { AgentJob, BenchResult } from '@snp/bench';
import { SnpError } from '@snp/onnx';
import { externalDataFiles } from '@snp/onnx/node';
import { type Database, first, type Sql } from '../database/database.js';
import { storableText } from '../database/storable.js';
import { openPlain, within } from '../folder/plainFile.js';
import { contentKey } from '../jobs/contentKey.js';
import { ENDS, type JobRow } from '../jobs/job.js';
import type { JobQueue } from '../jobs/jobQueue.js';
import type { DeviceTarget } from '../jobs/kinds/kind.js';
import type { Blobs } from '../storage/blobs.js';
import type { MeasureRequest } from '../tasks/task.js';
import { persist } from './persist.js';

/** Milliseconds between questions how far a measurement is. */
const POLL = 500;

/** What measures for a job that asks for it in its middle. */
export interface Measurer {
  database: Database;
  queue: JobQueue;
  blobs: Blobs;
}

/** Lets a device measure models that a job has just made, as a part of the job. */
export async function measureOnDevice(
  { database, queue, blobs }: Measurer,
  job: JobRow,
  { device, target }: DeviceTarget,
  { models, protocol }: MeasureRequest,
  folder: string,
  signal: AbortSignal,
): Promise<BenchResult> {
  const store = async (path: string) => {
    const file = await openPlain(await within(folder, relative(folder, resolve(folder, path))));
    const copy = join(folder, randomUUID());
    await pipeline(file.createReadStream({ start: 0 }), createWriteStream(copy, { flags: 'wx' }));
    return (await persist(() => blobs.add(copy), signal)).sha256;
  };
  const stored: AgentJob['models'] = [];
  for (const { name, path, inputs } of models) {
    const data: AgentJob['models'][number]['data'] = [];
    for (const file of await externalDataFiles(resolve(folder, path)))
      data.push({ location: file.location, sha256: await store(file.path) });
    const { batch, dims } = inputs;
    stored.push({
      name: storableText(name),
      sha256: await store(path),
      data,
      inputs: { batch, ...(dims && { dims: { ...dims } }) },
    });
  }
  const work: AgentJob = { models: stored, target, protocol };
  // One key for all attempts: what was submitted before its answer was lost is found again.
  const key = contentKey('measure', job.id, randomUUID());
  const submit = async (sql: Sql) => {
    const submitted = await queue.submit(sql, {
      type: 'benchmark',
      key,
      title: `Measure for: ${job.title}`,
      input: {
        models: models.map(() => job.model),
        device,
        target,
        protocol: protocol.name,
        batch: models[0].inputs.batch,
      },
      work,
      queue: `device-${device}`,
      parent: job.id,
      model: job.model ?? undefined,
      device,
      createdBy: job.created_by,
      token: job.token,
    });
    await blobs.need(
      sql,
      `job:${submitted.job.id}`,
      stored.flatMap(({ sha256, data }) => [sha256, ...data.map((file) => file.sha256)]),
    );
    return submitted.job.id;
  };
  const part = await persist(() => database.transaction(submit), signal);
  for (;;) {
    const row = await first<JobRow>(database, 'select * from snp.jobs where id = $1', [part]).catch(() => undefined);
    if (row && ENDS.includes(row.state)) {
      const file = row.artefacts.find(({ name }) => name === 'benchmark.json');
      if (!file) throw new SnpError('runtime', `The device did not measure: ${row.error?.message ?? row.state}`);
      const content = await persist(async () => buffer(await blobs.store.read(file.sha256)), signal);
      return JSON.parse(content.toString('utf8')) as BenchResult;
    }
    if (signal.aborted) {
      await database.transaction((sql) => queue.cancel(sql, part)).catch(() => undefined);
      throw new SnpError('aborted', 'The job was stopped.');
    }
    await setTimeout(POLL);
  }
}
