import type { Analysis, NeuronGroup } from '@snp/graph';
import { Algebra } from '../algebra/algebra.js';
import type { Context } from '../context/context.js';
import type { GroupMoments } from '../statistics/moments.js';
import { type CalibrationStatistics, requireModel } from '../statistics/statistics.js';
import { affineMaps } from './affineMap.js';
import type { Compensation } from './compensation.js';
import { areFinite } from './finite.js';
import { keepHeads, valuePart } from './keepHeads.js';
import { leaveOut } from './leaveOut.js';
import type { MethodInput } from './method.js';
import { type CompensationKind, methodsFor } from './methods.js';
import { TaskQueues } from './taskQueues.js';

/** How the groups of a model make up for units that leave them. */
export interface Compensations {
  readonly kind: CompensationKind;
  /** Of groups of neurons, by their ids. */
  readonly neurons: ReadonlyMap<string, Compensation>;
  /** Of heads and branches that may leave, by their ids. */
  readonly beyond: ReadonlyMap<string, Compensation>;
  /** Why a group is compensated less than was asked for, or not at all, by its id. */
  readonly reasons: ReadonlyMap<string, string>;
}

/** Nothing makes up for what leaves. */
export const NO_COMPENSATION: Compensations = {
  kind: 'none',
  neurons: new Map(),
  beyond: new Map(),
  reasons: new Map(),
};

/** Options of `solveCompensation`. */
export interface SolveOptions {
  /** Default `full`. */
  kind?: CompensationKind | undefined;
  /** Ids of the groups of neurons that may lose units. Default all. */
  groups?: readonly string[] | undefined;
  /** Whether heads and branches may leave. Default false. */
  beyond?: boolean | undefined;
  /** Whether error-versus-width curves are wanted, to allocate a budget by. Default true; without them, hidden neurons are chosen with a firmer ridge, which follows chance less. */
  curves?: boolean | undefined;
}

/** Hidden layers at a time: while one is in the runtime, the next are made ready. */
const AT_ONCE = 3;

/**
 * Works out how each group of a model is compensated. The model stays as it is.
 *
 * @param statistics Of the model, as `calibrate` gathers them.
 * @throws SnpError `calibration` if they belong to another model.
 * @example
 * const compensations = await solveCompensation(context, await calibrate(context));
 */
export async function solveCompensation(
  context: Context,
  statistics: CalibrationStatistics,
  options: SolveOptions = {},
): Promise<Compensations> {
  const { analysis, runtime, clock } = context;
  requireModel(statistics, context.modelContent());
  const algebra = new Algebra(runtime);
  return clock
    .time('solve', (onProgress) => solveAll(analysis, statistics.groups, { ...options, algebra, onProgress }))
    .finally(() => algebra.close());
}

interface Solving extends SolveOptions {
  algebra: Algebra;
  onProgress(done: number, total: number): void;
}

async function solveAll(
  analysis: Analysis,
  moments: ReadonlyMap<string, GroupMoments>,
  { kind = 'full', groups, beyond = false, curves = true, algebra, onProgress }: Solving,
): Promise<Compensations> {
  const wanted = analysis.groups.filter(({ id }) => !groups || groups.includes(id));
  const found = new Map<NeuronGroup, Solved>();
  const solve = async (group: NeuronGroup) => {
    found.set(
      group,
      await solveGroup(group, kind, { analysis, moments: moments.get(group.id) ?? {}, algebra, curves }),
    );
    onProgress(found.size, wanted.length);
  };
  for (const group of wanted) for (const method of methodsFor(kind, group.kind)) method.expect?.(group, algebra);
  await inQueues(wanted, solve);
  // In the order of the groups, whichever was done first.
  const neurons = new Map(wanted.map((group) => [group.id, found.get(group)!] as const));
  const others = beyond
    ? await solveBeyond(analysis, moments, kind, compensationsIn(neurons), algebra)
    : new Map<string, Solved>();
  const reasons = [...neurons, ...others].flatMap(([id, { reason }]) =>
    reason === undefined ? [] : [[id, reason] as const],
  );
  return { kind, neurons: compensationsIn(neurons), beyond: compensationsIn(others), reasons: new Map(reasons) };
}

/** How a group is compensated, and what keeps it from a better way, or from any. */
interface Solved {
  compensation?: Compensation;
  reason?: string;
}

function solved(found: Compensation | string): Solved {
  return typeof found === 'string' ? { reason: found } : { compensation: found };
}

function compensationsIn(all: ReadonlyMap<string, Solved>): Map<string, Compensation> {
  return new Map([...all].flatMap(([id, { compensation }]) => (compensation ? [[id, compensation] as const] : [])));
}

/** Streams and hidden layers wait for the runtime most of the time; the others are worked out meanwhile. */
async function inQueues(groups: readonly NeuronGroup[], solve: (group: NeuronGroup) => Promise<void>): Promise<void> {
  const queues = new TaskQueues<NeuronGroup>(solve);
  const of = (...kinds: string[]) => groups.filter(({ kind }) => kinds.includes(kind));
  const [streams, hidden] = [of('residual'), of('ffn')];
  const others = groups.filter((group) => !streams.includes(group) && !hidden.includes(group));
  const dealt = Array.from({ length: AT_ONCE }, (_, hand) => hidden.filter((_, at) => at % AT_ONCE === hand));
  // Streams first: each of their many small products would wait for an elimination.
  const inRuntime = queues.inTurn(streams).then(() => queues.all(dealt.map((own) => queues.inTurn(own))));
  await queues.all([inRuntime, queues.inTurn(others)]);
}

/** The best method that there is for a group. */
async function solveGroup(group: NeuronGroup, kind: CompensationKind, input: MethodInput): Promise<Solved> {
  if (!areFinite(input.moments))
    return { reason: 'has statistics that are not finite: the data hold numbers that the model cannot take' };
  const methods = methodsFor(kind, group.kind);
  let reason = methods.length === 0 ? `has no ${kind} compensation for groups of kind ${group.kind}` : undefined;
  for (const method of methods) {
    const found = await method.prepare(group, input);
    if (typeof found !== 'string') return { compensation: found, ...(reason !== undefined && { reason }) };
    reason ??= found;
  }
  return reason === undefined ? {} : { reason };
}

async function solveBeyond(
  { heads, branches }: Analysis,
  moments: ReadonlyMap<string, GroupMoments>,
  kind: CompensationKind,
  neurons: ReadonlyMap<string, Compensation>,
  algebra: Algebra,
): Promise<Map<string, Solved>> {
  const found = new Map<string, Solved>();
  for (const set of heads.filter(({ frozen }) => !frozen)) {
    const value = valuePart(set)?.group.id ?? '';
    found.set(set.id, solved(keepHeads(set, moments.get(value)?.secondMoments, neurons.get(value))));
  }
  const maps = kind === 'mean' ? new Map() : await affineMaps(branches, moments, algebra);
  for (const branch of branches) found.set(branch.id, solved(leaveOut(branch, { branches, moments, neurons, maps })));
  return found;
}
