import type { Analysis } from '@snp/graph';
import { SnpError } from '@snp/onnx';
import { type Calibration, DEFAULT_BATCH_SIZE, type Runtime } from '@snp/runtime';
import type { Criterion, StatisticRequest, Statistics } from '@snp/score';
import type { RecoveryKind } from '../recovery/recovery.js';
import { crossMoments, crossTaps } from '../statistics/crossMoments.js';
import { type Assignment, gatherStatistics } from '../statistics/gatherStatistics.js';
import { gatherTaken } from '../statistics/gatherTaken.js';
import type { MomentsRequest } from '../statistics/momentsRequest.js';
import { outputSums, outputTaps } from '../statistics/outputSums.js';
import { pairMoments } from '../statistics/pairMoments.js';
import { secondMoments } from '../statistics/secondMoments.js';
import { type CalibrationStatistics, type GroupMoments, modelContent } from '../statistics/statistics.js';
import { streamMoments } from '../statistics/streamMoments.js';

export interface MeasureOptions {
  /** Groups that may lose units. */
  assignments: readonly Assignment[];
  /** Wants to know something beside. */
  criterion?: Criterion | undefined;
  recovery: RecoveryKind;
  /** Whether branches may leave. Default false. */
  branches?: boolean | undefined;
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
): Promise<{ statistics: ReadonlyMap<string, Statistics>; moments: CalibrationStatistics; warnings: string[] }> {
  const { recovery, calibration, batchSize = DEFAULT_BATCH_SIZE } = options;
  const { model, shapes } = analysis;
  const batches = calibration.count === undefined ? undefined : Math.ceil(calibration.count / batchSize);
  const wanted: Record<string, MomentsRequest> = {};
  if (recovery !== 'none') wanted.secondMoments = secondMoments({ batches });
  if (recovery === 'ridge' || recovery === 'full') wanted.pairMoments = pairMoments({ batches });
  if (recovery === 'full') wanted.streamMoments = streamMoments({ batches });
  // A criterion may call its requests as it likes, also as recovery does.
  const requests: Record<string, StatisticRequest> = {};
  for (const [name, request] of Object.entries(options.criterion?.statistics ?? {}))
    requests[OF_CRITERION + name] = request;
  const rankOf = (name: string) => shapes.shape(model.graph.value(name))?.length;
  const outputs = recovery === 'full' ? outputTaps(model, rankOf) : [];
  const crosses =
    (recovery === 'ridge' || recovery === 'full') && options.branches ? crossTaps(analysis, { batches }) : [];
  // Of all groups, whichever lose units: runtimes fuse operators as taps let them, and the same plan is to give the same bytes, planned or given.
  const moments = { requests: wanted, groups: options.assignments.length > 0 ? analysis.groups : [] };
  const gathering = { ...options, model, requests, moments, sums: [...outputs, ...crosses] };
  const warnings: string[] = [];
  const gathered = await gatherStatistics(gathering).catch(async (cause) => {
    if (await isOfTaps(cause, analysis, options)) throw refusedTaps(options.criterion!, cause);
    return gatherTaken(gathering, cause, warnings);
  });
  const { sums, samples } = gathered;
  const statistics = new Map<string, Statistics>();
  const groups = new Map<string, GroupMoments>();
  for (const [id, all] of gathered.statistics) {
    const [own, asked] = divided(all);
    if (Object.keys(own).length > 0) groups.set(id, own);
    statistics.set(id, asked);
  }
  for (const [id, own] of crossMoments(analysis, sums)) groups.set(id, { crossMoments: own });
  const found = { model: modelContent(model), samples, groups, outputs: outputSums(sums), effects: {} };
  return { statistics, moments: found, warnings };
}

/** Whether a runtime that failed takes the model without what a criterion added to it. */
async function isOfTaps(cause: unknown, { model }: Analysis, options: MeasureOptions): Promise<boolean> {
  const { criterion, runtime, signal } = options;
  if (!(cause instanceof SnpError && cause.code === 'runtime' && criterion?.statistics)) return false;
  return runtime.open(model, { signal }).then(
    (session) => session.close().then(() => true),
    () => false,
  );
}

function refusedTaps({ name, statistics }: Criterion, cause: SnpError): SnpError {
  const names = Object.keys(statistics!).join(', ');
  const message = `The runtime does not take the model with the taps that criterion '${name}' adds to it for its statistics (${names}): ${cause.message}`;
  return new SnpError('plugin', message, cause.place, { cause });
}

const OF_CRITERION = 'criterion: ';

/** What recovery asked for, and what a criterion did, by the names it knows. */
function divided(all: Statistics): [GroupMoments, Statistics] {
  const entries = Object.entries(all);
  const isAsked = ([name]: [string, unknown]) => name.startsWith(OF_CRITERION);
  const asked = entries.filter(isAsked).map(([name, statistic]) => [name.slice(OF_CRITERION.length), statistic]);
  return [Object.fromEntries(entries.filter((entry) => !isAsked(entry))), Object.fromEntries(asked)];
}
