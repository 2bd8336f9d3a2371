import { SnpError } from '@snp/onnx';
import { DEFAULT_BATCH_SIZE } from '@snp/runtime';
import type { Context } from '../context/context.js';
import type { GroupMoments } from '../statistics/moments.js';
import type { CalibrationRequests } from '../statistics/requests.js';
import type { CalibrationStatistics } from '../statistics/statistics.js';
import { crossMoments, crossTaps } from './crossMoments.js';
import { gatherStatistics } from './gatherStatistics.js';
import { gatherTaken } from './gatherTaken.js';
import type { MomentsRequest } from './momentsRequest.js';
import { outputSums, outputTaps } from './outputSums.js';
import { pairMoments } from './pairMoments.js';
import { type SecondMomentsOptions, secondMoments } from './secondMoments.js';
import { streamMoments } from './streamMoments.js';

/** Cross moments are those of branches. */
type GroupMoment = Exclude<keyof GroupMoments, 'crossMoments'>;

/** What is asked for of groups. */
const REQUESTS: Record<GroupMoment, (options: SecondMomentsOptions) => MomentsRequest> = {
  secondMoments,
  pairMoments,
  streamMoments,
};

/** All that there is, of branches where some may leave. */
function allMoments({ units }: Context): (keyof GroupMoments)[] {
  const beyond = units.some(({ groups }) => groups.length > 0);
  return [...(Object.keys(REQUESTS) as GroupMoment[]), ...(beyond ? (['crossMoments'] as const) : [])];
}

/** One pass over the calibration data for all that is asked for. */
export async function gather(
  context: Context,
  { moments = allMoments(context), outputs = true }: CalibrationRequests,
  onProgress: (done: number, total: number | undefined) => void,
): Promise<CalibrationStatistics> {
  const { analysis, data: calibration, runtime, batchSize, signal, warn } = context;
  if (!calibration) throw new SnpError('calibration', 'There are no typical inputs to calibrate with (--calib DIR).');
  const { model, shapes } = analysis;
  const batches =
    calibration.count === undefined ? undefined : Math.ceil(calibration.count / (batchSize ?? DEFAULT_BATCH_SIZE));
  const requests = Object.fromEntries(
    Object.entries(REQUESTS).flatMap(([name, request]) =>
      moments.includes(name as keyof GroupMoments) ? [[name, request({ batches })]] : [],
    ),
  );
  const rankOf = (name: string) => shapes.shape(model.graph.value(name))?.length;
  const ends = outputs ? outputTaps(model, rankOf) : [];
  const crosses = moments.includes('crossMoments') ? crossTaps(analysis, { batches }) : [];
  const gathering = {
    model,
    runtime,
    calibration,
    batchSize,
    signal,
    onProgress,
    assignments: [],
    requests: {},
    // Of all groups, whichever lose units: runtimes fuse operators as taps let them, and the same plan is to give the same bytes, made or given.
    moments: { requests, groups: analysis.groups },
    sums: [...ends, ...crosses],
  };
  const { statistics, sums, samples } = await gatherStatistics(gathering).catch((cause) =>
    gatherTaken(gathering, cause, warn),
  );
  const groups = new Map<string, GroupMoments>(statistics as Map<string, GroupMoments>);
  for (const [id, own] of crossMoments(analysis, sums)) groups.set(id, { crossMoments: own });
  return { model: context.modelContent(), samples, groups, outputs: outputSums(sums), sensitivity: {} };
}
