import type { z } from '@hono/zod-openapi';
import type { calibrationInput } from '../../api/job.js';
import type { DatasetRow } from '../../catalog/datasets.js';
import type { ModelRow } from '../../catalog/models.js';
import type { Sql } from '../../database/database.js';
import { contentKey, RELEASE } from '../contentKey.js';
import type { JobRow } from '../job.js';
import { COMPUTE, type JobQueue, type Submitter } from '../jobQueue.js';
import { type WorkModel, workModel } from '../workModel.js';
import { modelFiles, statisticsFile } from './files.js';
import type { Kind } from './kind.js';

/** What a calibration is asked for. */
export type CalibrationInput = z.infer<typeof calibrationInput>;

interface CalibrateWork {
  model: WorkModel;
  dataset: string;
  samples: object;
  effects: boolean;
  plugins?: CalibrationInput['plugins'];
  shard?: { number: number; of: number };
}

interface AddWork {
  model: WorkModel;
  parts: number;
}

/** Submits a calibration: one job, or one for each shard and one that adds them up. */
export async function submitCalibration(
  queue: JobQueue,
  sql: Sql,
  input: CalibrationInput,
  { model, dataset, createdBy, token }: { model: ModelRow; dataset: DatasetRow } & Submitter,
): Promise<{ job: JobRow; fresh: boolean }> {
  const { model: _, dataset: __, shards: wanted, effects, plugins, ...samples } = input;
  const shards = dataset.kind === 'pictures' ? Math.min(wanted, dataset.files) : wanted;
  const whole: CalibrateWork = { model: workModel(model), dataset: dataset.sha256, samples, effects, plugins };
  const common = { queue: COMPUTE, model: model.id, createdBy, token };
  const title = `Calibrate ${model.name} on ${dataset.name}`;
  if (shards === 1)
    return queue.submit(sql, {
      ...common,
      type: 'calibrate',
      key: contentKey(RELEASE, 'calibrate', whole),
      title,
      input,
      work: whole,
    });
  const parts: JobRow[] = [];
  for (let number = 1; number <= shards; number++) {
    const work: CalibrateWork = { ...whole, shard: { number, of: shards } };
    const { shards: ___, ...rest } = input;
    const { job } = await queue.submit(sql, {
      ...common,
      type: 'calibrate-shard',
      key: contentKey(RELEASE, 'calibrate', work),
      title: `${title}, part ${number} of ${shards}`,
      input: { ...rest, shard: number, of: shards },
      work,
    });
    parts.push(job);
  }
  const needs = parts.map(({ id }) => id);
  const work: AddWork = { model: whole.model, parts: shards };
  const key = contentKey(RELEASE, 'calibrate', whole, shards);
  const submitted = await queue.submit(sql, { ...common, type: 'calibrate', key, title, input, work, needs });
  await sql.query('update snp.jobs set parent = $1 where id = any($2) and parent is null', [submitted.job.id, needs]);
  return submitted;
}

export const calibrate: Kind = {
  stage({ work }, needs) {
    if ('parts' in (work as object)) {
      const { model, parts } = work as AddWork;
      const skipped = needs.flatMap(({ result }) => (result as { skipped: unknown[] }).skipped);
      return {
        task: 'add-shards',
        options: { parts, skipped },
        files: [...modelFiles(model), ...needs.map(statisticsFile)],
      };
    }
    const { model, dataset, samples, effects, plugins, shard } = work as CalibrateWork;
    const options = { samples, effects, plugins, ...(shard && { shard }) };
    return { task: shard ? 'gather-shard' : 'gather-all', options, files: modelFiles(model), dataset };
  },
};
