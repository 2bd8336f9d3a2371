import type { Analysis } from '@snp/graph';
import { type Calibration, DEFAULT_BATCH_SIZE, type Runtime } from '@snp/runtime';
import type { StatisticRequest, Statistics } from '@snp/score';
import type { RecoveryKind } from '../recovery/recovery.js';
import { type Assignment, gatherStatistics } from '../statistics/gatherStatistics.js';
import type { MomentsRequest } from '../statistics/momentsRequest.js';
import { outputSums, outputTaps } from '../statistics/outputSums.js';
import { pairMoments } from '../statistics/pairMoments.js';
import { secondMoments } from '../statistics/secondMoments.js';
import { type CalibrationStatistics, type GroupMoments, modelContent } from '../statistics/statistics.js';
import { streamMoments } from '../statistics/streamMoments.js';

export interface MeasureOptions {
  assignments: readonly Assignment[];
  /** What a criterion wants to know beside. */
  requests?: Readonly<Record<string, StatisticRequest>> | undefined;
  recovery: RecoveryKind;
  calibration: Calibration;
  runtime: Runtime;
  batchSize?: number | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((done: number, total: number | undefined) => void) | undefined;
}

/** One pass over the calibration data for all that a criterion and recovery want to know. */
export async function measure(
  analysis: Analysis,
  options: MeasureOptions,
): Promise<{ statistics: ReadonlyMap<string, Statistics>; moments: CalibrationStatistics }> {
  const { recovery, calibration, batchSize = DEFAULT_BATCH_SIZE } = options;
  const { model, shapes } = analysis;
  const batches = calibration.count === undefined ? undefined : Math.ceil(calibration.count / batchSize);
  const wanted: Record<string, MomentsRequest> = {};
  if (recovery !== 'none') wanted.secondMoments = secondMoments({ batches });
  if (recovery === 'ridge' || recovery === 'full') wanted.pairMoments = pairMoments({ batches });
  if (recovery === 'full') wanted.streamMoments = streamMoments({ batches });
  const rankOf = (name: string) => shapes.shape(model.graph.value(name))?.length;
  const outputs = recovery === 'full' ? outputTaps(model, rankOf) : [];
  const { statistics, sums, samples } = await gatherStatistics({
    ...options,
    model,
    requests: options.requests ?? {},
    moments: wanted,
    sums: outputs,
  });
  const groups = statistics as ReadonlyMap<string, GroupMoments>;
  const moments = { model: modelContent(model), samples, groups, outputs: outputSums(sums), effects: {} };
  return { statistics, moments };
}
