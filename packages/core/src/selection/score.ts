import type { Group } from '@snp/graph';
import { SnpError } from '@snp/onnx';
import { type Criterion, type RowKernels, runtimeKernels, type Statistics, snp, type UnitGradients } from '@snp/score';
import { type Assignment, gatherStatistics } from '../calibration/gatherStatistics.js';
import type { Context } from '../context/context.js';
import { firstSamples } from '../data/firstSamples.js';
import { guardedCriterion } from '../plugin/guardedCriterion.js';
import { isUnitGroup } from '../plugin/unitGroup.js';
import { GRADIENT_SAMPLES, unitGradients } from '../sensitivity/unitGradients.js';
import { Ablation } from './ablation.js';

/** Scores by group id, one per unit. */
export type Scores = ReadonlyMap<string, Float64Array>;

/** Groups scored at once: while the runtime multiplies for one, the weights of the next are laid out. */
const AT_ONCE = 2;

/**
 * Gathers what a criterion asks for, and asks it for the scores of every group.
 *
 * @param criterion Default `snp()`.
 * @throws SnpError `plugin` for a criterion that breaks the contract.
 */
export async function score(
  context: Context,
  assignments: readonly Assignment[],
  criterion: Criterion = snp(),
): Promise<Scores> {
  if (assignments.length === 0) return new Map();
  const { clock, runtime, data, limits } = context;
  const guarded = guardedCriterion(criterion, limits);
  const statistics = await gathered(context, assignments, guarded);
  const gradients = await gradientsFor(context, assignments, guarded);
  const kernels = runtimeKernels(runtime);
  const ablation = data && new Ablation(context, data);
  try {
    return await clock.time('score', (onProgress) =>
      scoreAll(guarded, assignments, { statistics, gradients, kernels, ablation, onProgress }),
    );
  } finally {
    await kernels.close();
  }
}

/** Throws `calibration` for a criterion that looks at activations, where there are none. */
export function requireData({ name, statistics, gradients }: Criterion, { data }: Context): void {
  if (data || !(statistics || gradients) || name === 'snp') return;
  const what = gradients ? 'gradients' : 'activations';
  throw new SnpError('calibration', `Criterion '${name}' looks at ${what}: give it typical inputs (--calib DIR).`);
}

async function gathered(
  { clock, analysis, data, runtime, batchSize, signal }: Context,
  assignments: readonly Assignment[],
  criterion: Criterion,
): Promise<ReadonlyMap<string, Statistics>> {
  const { statistics: requests } = criterion;
  if (!requests || !data) return new Map();
  const { model } = analysis;
  const given = { model, requests, assignments, calibration: data, runtime, batchSize, signal };
  const { statistics } = await clock.time('calibrate', (onProgress) =>
    gatherStatistics({ ...given, onProgress }).catch(async (cause) => {
      throw (await isOfTaps(cause, given)) ? refusedTaps(criterion, cause) : cause;
    }),
  );
  return statistics;
}

async function gradientsFor(
  context: Context,
  assignments: readonly Assignment[],
  criterion: Criterion,
): Promise<ReadonlyMap<string, UnitGradients>> {
  const { clock, data } = context;
  if (!criterion.gradients || !data) return new Map();
  const groups = assignments.map(({ group }) => group);
  const some = firstSamples(data, GRADIENT_SAMPLES);
  try {
    return await clock.time('gradients', (onProgress) => unitGradients(context, { groups, data: some, onProgress }));
  } catch (cause) {
    if (!(cause instanceof SnpError && cause.code === 'unsupported')) throw cause;
    const message = `Criterion '${criterion.name}' needs gradients, which this model does not have: ${cause.message}`;
    throw new SnpError('unsupported', message, cause.place, { cause });
  }
}

/** Whether a runtime that failed takes the model without what a criterion added to it. */
async function isOfTaps(
  cause: unknown,
  { model, runtime, signal }: Pick<Context, 'runtime' | 'signal'> & Pick<Context['analysis'], 'model'>,
): Promise<boolean> {
  if (!(cause instanceof SnpError && cause.code === 'runtime')) return false;
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

interface Scoring {
  statistics: ReadonlyMap<string, Statistics>;
  gradients: ReadonlyMap<string, UnitGradients>;
  kernels: RowKernels;
  ablation: Ablation | undefined;
  onProgress(done: number, total: number): void;
}

async function scoreAll(
  criterion: Criterion,
  assignments: readonly Assignment[],
  { statistics, gradients, kernels, ablation, onProgress }: Scoring,
): Promise<Scores> {
  const scores = new Map<string, Float64Array>();
  const scoreOne = async ({ group, keep }: Assignment) => {
    const without = ablation && isUnitGroup(group) && ((unit: number) => ablation.without(group, unit));
    const context = { keep, kernels, gradients: gradients.get(group.id), ...(without && { without }) };
    scores.set(group.id, await criterion.score(group, statistics.get(group.id) ?? {}, context));
    onProgress(scores.size, assignments.length);
  };
  const waiting = [...assignments];
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) await scoreOne(next);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  // In the order of the groups, whichever was done first.
  return new Map(assignments.map(({ group }: { group: Group }) => [group.id, scores.get(group.id)!]));
}
