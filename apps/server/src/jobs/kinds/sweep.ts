import type { z } from '@hono/zod-openapi';
import type { sweepInput } from '../../api/job.js';
import type { DatasetRow } from '../../catalog/datasets.js';
import type { ModelRow } from '../../catalog/models.js';
import type { Sql } from '../../database/database.js';
import type { SweepPointTaskOptions } from '../../tasks/sweep.js';
import { contentKey, RELEASE } from '../contentKey.js';
import type { JobRow } from '../job.js';
import { COMPUTE, type JobQueue, type Submitter } from '../jobQueue.js';
import { type WorkModel, workModel } from '../workModel.js';
import { modelFiles, statisticsFile, stem } from './files.js';
import type { Kind } from './kind.js';
import { settleModel } from './settleModel.js';

/** What a sweep is asked for. */
export type SweepInput = z.infer<typeof sweepInput>;

interface PointWork {
  model: WorkModel;
  dataset?: string | undefined;
  options: SweepPointTaskOptions;
}

/** Submits a sweep: a job for each budget, and one that puts them together. */
export async function submitSweep(
  queue: JobQueue,
  sql: Sql,
  input: SweepInput,
  {
    model,
    dataset,
    calibration,
    createdBy,
    token,
  }: { model: ModelRow; dataset: DatasetRow | undefined; calibration: JobRow } & Submitter,
): Promise<{ job: JobRow; fresh: boolean }> {
  const { of, least, round, plugins } = input;
  const keep = [...new Set(input.keep)].sort((a, b) => b - a);
  const { id: _, ...samples } = input.dataset ?? { id: undefined };
  const common = { queue: COMPUTE, model: model.id, createdBy, token };
  const points: JobRow[] = [];
  for (const limit of keep) {
    const options: SweepPointTaskOptions = {
      output: `${stem(model.name)}.${of}-${limit}.onnx`,
      budget: { [of]: limit },
      samples: dataset && samples,
      least,
      round,
      plugins,
    };
    const work: PointWork = { model: workModel(model), dataset: dataset?.sha256, options };
    const { keep: __, ...rest } = input;
    const { job } = await queue.submit(sql, {
      ...common,
      type: 'sweep-point',
      key: contentKey(RELEASE, 'sweep-point', work, calibration.key),
      title: `Prune ${model.name} to ${limit} of ${of}`,
      input: { ...rest, keep: limit },
      work,
      needs: [calibration.id],
    });
    points.push(job);
  }
  const needs = points.map(({ id }) => id);
  const submitted = await queue.submit(sql, {
    ...common,
    type: 'sweep',
    // Of the very same points: one that is made again is another.
    key: contentKey(RELEASE, 'sweep', needs),
    title: `Sweep ${model.name} over ${keep.length} budgets of ${of}`,
    input: { ...input, keep },
    work: { model: model.name },
    needs,
    quick: true,
  });
  await sql.query('update snp.jobs set parent = $1 where id = any($2) and parent is null', [submitted.job.id, needs]);
  return submitted;
}

export const sweepPoint: Kind = {
  stage({ work }, [calibration]) {
    const { model, dataset, options } = work as PointWork;
    return { task: 'sweep-point', options, files: [...modelFiles(model), statisticsFile(calibration, 0)], dataset };
  },
  done: (job, result, files, { models }) =>
    settleModel(job, (job.work as PointWork).options.output, result as object, files, models),
};

export const sweep: Kind = {
  stage({ work }, needs) {
    const points = needs.map(({ result }) => result);
    return { task: 'gather-sweep', options: { ...(work as object), points }, files: [] };
  },
};
