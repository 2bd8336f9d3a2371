import type { z } from '@hono/zod-openapi';
import type { pruningInput } from '../../api/job.js';
import type { DatasetRow } from '../../catalog/datasets.js';
import type { ModelRow } from '../../catalog/models.js';
import type { Sql } from '../../database/database.js';
import type { DeviceRow } from '../../devices/devices.js';
import type { PruneTaskOptions } from '../../tasks/prune.js';
import { contentKey, RELEASE } from '../contentKey.js';
import type { JobRow } from '../job.js';
import { COMPUTE, type JobQueue, type Submitter } from '../jobQueue.js';
import { type WorkModel, workModel } from '../workModel.js';
import { modelFiles, statisticsFile, stem } from './files.js';
import type { DeviceTarget, Kind } from './kind.js';
import { settleModel } from './settleModel.js';

/** What a pruning is asked for. */
export type PruningInput = z.infer<typeof pruningInput>;

interface PruneWork {
  model: WorkModel;
  dataset?: string | undefined;
  options: PruneTaskOptions;
  device?: DeviceTarget | undefined;
}

/** What a pruning is about. */
export interface PruningSubject extends Submitter {
  model: ModelRow;
  dataset: DatasetRow | undefined;
  calibration: JobRow | undefined;
  /** Where a latency counts. */
  device: DeviceRow | undefined;
}

/** Submits a pruning. */
export function submitPruning(
  queue: JobQueue,
  sql: Sql,
  input: PruningInput,
  { model, dataset, calibration, device: latencyTarget, createdBy, token }: PruningSubject,
): Promise<{ job: JobRow; fresh: boolean }> {
  const { target, plugins, criterion, seed, recovery, allocation, least, round, holdBack, tune } = input;
  const {
    device,
    target: on,
    ...limit
  } = 'latency' in target ? target.latency : { device: undefined, target: undefined };
  const { id: _, ...samples } = input.dataset ?? { id: undefined };
  const options: PruneTaskOptions = {
    ...target,
    latency: latencyTarget && { ...limit, name: `${latencyTarget.name} ${on}` },
    model: model.name,
    output: resultName(input, model),
    statistics: calibration !== undefined,
    samples: dataset && samples,
    plugins,
    criterion,
    seed,
    recovery,
    allocation,
    least,
    round,
    holdBack,
    tune,
  } as PruneTaskOptions;
  const work: PruneWork = {
    model: workModel(model),
    dataset: dataset?.sha256,
    options,
    ...(device !== undefined && { device: { device, target: on } }),
  };
  return queue.submit(sql, {
    type: 'prune',
    key: contentKey(RELEASE, 'prune', work, calibration?.key ?? null),
    title: `Prune ${model.name} ${describe(target)}`,
    input,
    work,
    queue: COMPUTE,
    needs: calibration ? [calibration.id] : [],
    model: model.id,
    createdBy,
    token,
  });
}

/** Named after the original as the command names it. */
function resultName({ name }: PruningInput, model: ModelRow): string {
  const wanted = name ?? `${stem(model.name)}.snp.onnx`;
  return /\.onnx$/i.test(wanted) ? wanted : `${wanted}.onnx`;
}

function describe(target: PruningInput['target']): string {
  if ('preset' in target) return `as ${target.preset}`;
  if ('plan' in target) return 'by a plan';
  if ('ratios' in target)
    return `by ratios ${Object.entries(target.ratios)
      .map(([of, ratio]) => `${of} ${ratio}`)
      .join(', ')}`;
  if ('latency' in target) return 'to a latency';
  return `to ${Object.entries(target.budget)
    .map(([of, limit]) => `${limit} of ${of}`)
    .join(', ')}`;
}

export const prune: Kind = {
  stage({ work }, [calibration]) {
    const { model, dataset, options, device } = work as PruneWork;
    const files = [...modelFiles(model), ...(calibration ? [statisticsFile(calibration, 0)] : [])];
    return { task: 'prune', options, files, dataset, device };
  },
  done(job, result, files, { models }) {
    const { output } = (job.work as PruneWork).options;
    return settleModel(job, output, result as object, files, models);
  },
};
