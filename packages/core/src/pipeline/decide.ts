import type { Analysis, Group } from '@snp/graph';
import { type Model, SnpError } from '@snp/onnx';
import type { Runtime } from '@snp/runtime';
import { type Criterion, runtimeKernels, type Statistics, snp } from '@snp/score';
import { checkBudget, type EvenOptions, evenWidths, excessOf } from '../plan/budget.js';
import { CostModel } from '../plan/costModel.js';
import type { LatencyModel } from '../plan/latency.js';
import { checkPlan, emptyPlan, type Plan } from '../plan/plan.js';
import { presetWidths } from '../plan/presets.js';
import { selectUnits } from '../plan/selectUnits.js';
import { laneWidth, type Widths } from '../plan/widths.js';
import type { FoundUnits } from '../plugin/findUnits.js';
import { callLimits } from '../plugin/foreignCalls.js';
import { guardedCriterion } from '../plugin/guardedCriterion.js';
import { Recovery, type RecoveryKind } from '../recovery/recovery.js';
import type { Planning } from '../report/report.js';
import type { Assignment } from '../statistics/gatherStatistics.js';
import { type CalibrationStatistics, modelContent } from '../statistics/statistics.js';
import { chooseUnits, neuronRatios } from './chooseUnits.js';
import type { Clock } from './clock.js';
import { divide } from './divide.js';
import { judgeRatios } from './judgeRatios.js';
import { measure } from './measure.js';
import { type LatencyOutcome, meetLatency } from './meetLatency.js';
import type { PruneOptions } from './prune.js';
import { scoreGroups } from './scoreGroups.js';
import { targetWidths } from './target.js';

/** What is to be done to a model, and all that led to it. */
export interface Decision {
  plan: Plan;
  /** How what stays makes up for what leaves, not applied yet. */
  recovery: Recovery | undefined;
  /** What calibration data said. */
  moments: CalibrationStatistics | undefined;
  /** What the planner expects; undefined where it did not divide a budget. */
  planning: Planning | undefined;
  /** What became of a latency budget. */
  latency: LatencyOutcome | undefined;
  /** What picked the units, in a word or two. */
  criterion: string;
  scores: ReadonlyMap<string, Float64Array>;
  /** Calibration samples that were used. */
  samples: number;
  warnings: string[];
}

export type DecideOptions = PruneOptions & { recovery: RecoveryKind; runtime: Runtime };

/** Decides which units of which group stay. */
export async function decide(
  analysis: Analysis,
  original: Model,
  found: readonly FoundUnits[],
  options: DecideOptions,
  clock: Clock,
): Promise<Decision> {
  const divides = options.budget !== undefined || options.latency !== undefined;
  const planned = divides && options.recovery === 'full' && options.allocation !== 'even';
  if (options.allocation === 'planned' && !planned)
    throw new SnpError(
      'invalid-argument',
      `Allocation 'planned' divides a budget, and needs recovery 'full' and calibration data.`,
    );
  const warnings = judgeRatios(options.ratios ?? {}, analysis, options.plan ? [] : found, options);
  const criterion = guardedCriterion(criterionFor(options), callLimits(options));
  const given = options.plan && checkPlan(options.plan, analysis);
  const preset = options.preset === undefined ? {} : presetWidths(options.preset, analysis);
  const {
    leaving,
    open,
    scores: unitScores,
  } = await chooseUnits(analysis, given ? [] : found, preset, criterion, options, clock);
  const ratios = options.ratios ?? (divides || options.preset !== undefined ? undefined : {});
  const target = { ...options, ratios: ratios && neuronRatios(ratios, found), fixed: leaving.widths(analysis) };
  // Before anything is measured for nothing. Units beyond neurons may do what neurons cannot.
  if (planned && options.budget && open.length === 0) checkBudget(analysis, options.budget, target);
  const even =
    !given && !planned && options.latency ? await evenForLatency(analysis, original, target, clock) : undefined;
  const widths = given ? widthsOf(given) : planned ? undefined : (even?.widths ?? targetWidths(analysis, target));
  const units = planned ? open : [];
  // What heads and branches leave behind is made up for by neurons of any group.
  const reaching = units.length > 0 || Object.keys(given ? widths! : target.fixed).some((id) => isBeyond(id, analysis));
  const assignments = analysis.groups.flatMap((group): Assignment[] => {
    const keep = widths ? (widths[group.id] ?? laneWidth(group)) : 0;
    return reaching || keep < laneWidth(group) ? [{ group, keep }] : [];
  });
  const {
    statistics,
    moments,
    warnings: left,
  } = await gather(analysis, criterion, assignments, reaching, options, clock);
  warnings.push(...left);
  const { recovery: kind } = options;
  const recovery =
    kind === 'none' || !moments
      ? undefined
      : await clock.time('solve', (onProgress) =>
          Recovery.create(analysis, moments.groups, kind, {
            curves: planned,
            groups: assignments.map(({ group }) => group.id),
            beyond: reaching ? [...analysis.heads, ...analysis.branches].map(({ id }) => id) : [],
            runtime: options.runtime,
            onProgress,
          }),
        );
  const division = planned
    ? await divide(
        { analysis, original, recovery: recovery!, moments: moments!, units, leaving },
        options,
        clock,
        warnings,
      )
    : undefined;
  const latency = (even ?? division)?.latency;
  const common = { recovery, moments, latency, planning: division?.planning, samples: moments?.samples ?? 0, warnings };
  if (moments && recovery) warnings.push(...fewSamples(assignments, moments));
  const mayLeave = (branch: Group) =>
    units.some(({ cuts }) => cuts.flat().some(({ group }) => group === branch.id)) ||
    (widths ?? target.fixed)[branch.id] !== undefined;
  if (options.statistics && recovery && kind !== 'mean' && analysis.branches.some(mayLeave))
    warnings.push(...unknownBranches(options.statistics));
  if (given) return { ...common, plan: given, criterion: 'given plan', scores: new Map() };
  const final = widths ?? division!.widths;
  const plan = emptyPlan(analysis);
  const rest: Assignment[] = [];
  for (const group of analysis.groups) {
    const keep = final[group.id] ?? laneWidth(group);
    if (keep >= laneWidth(group)) continue;
    const method = choosesItself(group, options) ? recovery?.methods.get(group.id) : undefined;
    if (method) plan.groups[group.id] = entry(group, method.select(keep));
    else rest.push({ group, keep });
  }
  warnings.push(...blindPairs(rest, criterion, options));
  const scores = await score(criterion, rest, statistics, options, clock);
  for (const { group, keep } of rest) {
    plan.groups[group.id] = entry(group, selectUnits(group, scores.get(group.id)!, keep));
  }
  return {
    ...common,
    plan: checkPlan(leaving.without(plan, analysis), analysis),
    criterion: criterionName(criterion, recovery, options),
    scores: new Map([...unitScores, ...scores]),
  };
}

function isBeyond(id: string, { heads, branches }: Analysis): boolean {
  return [...heads, ...branches].some((group) => group.id === id);
}

/** With full recovery, mixtures and the surgeon take the place of a criterion, unless one was asked for. */
function choosesItself(group: Group, { recovery, criterion }: DecideOptions): boolean {
  return recovery === 'full' && (criterion === undefined || group.kind !== 'ffn');
}

function criterionName(criterion: Criterion, recovery: Recovery | undefined, options: DecideOptions): string {
  return recovery && options.recovery === 'full' && !options.criterion ? 'recovery' : criterion.name;
}

function widthsOf(plan: Plan): Widths {
  return Object.fromEntries(Object.entries(plan.groups).map(([id, { keep, lanes }]) => [id, keep.length / lanes]));
}

/** Statistics of all that may lose units: for the criterion where it has to score, and for the recovery, unless they are given. */
async function gather(
  analysis: Analysis,
  criterion: Criterion,
  assignments: readonly Assignment[],
  branches: boolean,
  options: DecideOptions,
  clock: Clock,
): Promise<{
  statistics: ReadonlyMap<string, Statistics>;
  moments: CalibrationStatistics | undefined;
  warnings: readonly string[];
}> {
  const { calibration, runtime, batchSize, signal, recovery, statistics: given } = options;
  if (given) checkModel(given, analysis);
  const scores = !options.plan && !(recovery === 'full' && !options.criterion);
  const asks = scores && criterion.statistics ? criterion : undefined;
  if (!calibration || (!asks && (given || recovery === 'none')))
    return { statistics: new Map(), moments: given, warnings: [] };
  const own = given ? 'none' : recovery;
  const { statistics, moments, warnings } = await clock.time('calibrate', (onProgress) =>
    measure(analysis, {
      assignments,
      criterion: asks,
      recovery: own,
      branches,
      calibration,
      runtime,
      batchSize,
      signal,
      onProgress,
    }),
  );
  return { statistics, moments: given ?? moments, warnings };
}

function checkModel(statistics: CalibrationStatistics, { model }: Analysis): void {
  if (statistics.model === modelContent(model)) return;
  throw new SnpError(
    'calibration',
    `The statistics belong to another model, or to other weights of it. Make them anew with 'snp calibrate'.`,
  );
}

/** The same fraction of every group, so that a latency is met. */
async function evenForLatency(analysis: Analysis, original: Model, options: DecideOptions & EvenOptions, clock: Clock) {
  const { budget = {}, latency, round, fixed, signal } = options;
  const costs = new CostModel(analysis);
  const widthsFor = (limit: { model: LatencyModel; share: number }) => {
    const widths = evenWidths(analysis, excessOf(costs, budget, limit), { round, fixed });
    return widths && { widths };
  };
  const [met] = await meetLatency(analysis, original, latency!, [widthsFor], () => 0, clock, signal);
  return met;
}

/** Regression on fewer rows than neurons makes much up. */
function fewSamples(assignments: readonly Assignment[], moments: CalibrationStatistics): string[] {
  const short = assignments.flatMap(({ group }) => {
    const count = moments.groups.get(group.id)?.secondMoments?.count;
    return count !== undefined && count < group.units ? [{ group, count }] : [];
  });
  if (short.length === 0) return [];
  const [{ group, count }] = short;
  return [
    `Too few calibration data: ${short.length === 1 ? '1 group has' : `${short.length} groups have`} fewer rows (samples times tokens) than neurons, '${group.id}' for one ${count} rows for ${group.units} neurons. Results are less accurate; give at least twice as many rows as neurons.`,
  ];
}

/** Statistics that were gathered before anybody thought of branches. */
function unknownBranches({ groups }: CalibrationStatistics): string[] {
  if ([...groups.values()].some(({ crossMoments }) => crossMoments)) return [];
  return [
    "The statistics say nothing of branches that may leave, which become their means alone. Calibrate with the same plug-ins ('snp calibrate --plugin ...') for a closer recovery.",
  ];
}

async function score(
  criterion: Criterion,
  assignments: readonly Assignment[],
  statistics: ReadonlyMap<string, Statistics>,
  { runtime }: DecideOptions,
  clock: Clock,
): Promise<Map<string, Float64Array>> {
  if (assignments.length === 0) return new Map();
  const kernels = runtimeKernels(runtime);
  try {
    return await clock.time('score', (progress) => scoreGroups(criterion, assignments, statistics, kernels, progress));
  } finally {
    await kernels.close();
  }
}

function criterionFor(options: DecideOptions): Criterion {
  const criterion = options.criterion ?? snp();
  if (options.plan || options.calibration || !criterion.statistics || criterion.name === 'snp') return criterion;
  throw new SnpError(
    'calibration',
    `Criterion '${criterion.name}' looks at activations: give it typical inputs (--calib DIR).`,
  );
}

/** What `snp` does without data. */
function blindPairs(
  assignments: readonly Assignment[],
  criterion: Criterion,
  { calibration }: DecideOptions,
): string[] {
  if (calibration || criterion.name !== 'snp' || !assignments.some(({ group }) => group.kind === 'query-key'))
    return [];
  return [
    'No calibration data: query/key pairs were scored as if inputs were white noise. Typical inputs (--calib DIR) choose better, and let what stays make up for what leaves.',
  ];
}

function entry(group: Group, keep: number[]) {
  return { units: group.units, lanes: group.lanes, keep };
}
