import { type Analysis, analyze, type Group } from '@snp/graph';
import { costOf, type Model, SnpError } from '@snp/onnx';
import { readModel, writeModel } from '@snp/onnx/node';
import { type Calibration, onnxRuntime, type Runtime } from '@snp/runtime';
import { type Criterion, runtimeKernels, type StatisticRequest, type Statistics, snp } from '@snp/score';
import { checkPlan, emptyPlan, type Plan } from '../plan/plan.js';
import { selectUnits } from '../plan/selectUnits.js';
import { laneWidth } from '../plan/widths.js';
import { pairMoments } from '../recovery/pairMoments.js';
import { type RecoveryKind, recover } from '../recovery/recover.js';
import { secondMoments } from '../recovery/secondMoments.js';
import { describeBudget } from '../report/describeBudget.js';
import { makeReport } from '../report/makeReport.js';
import type { PruneReport } from '../report/report.js';
import { applyPlan } from '../surgery/applyPlan.js';
import { type Assignment, gatherStatistics } from './gatherStatistics.js';
import { prepare } from './prepare.js';
import type { OnProgress, Step } from './progress.js';
import { scoreGroups } from './scoreGroups.js';
import { checkTarget, type Target, targetWidths } from './target.js';

/** Options of `prune`. */
export interface PruneOptions extends Target {
  /** Which units leave: those with the lowest scores. Default `snp()`. */
  criterion?: Criterion | undefined;
  /** Typical inputs, for criteria that look at activations. Without them `snp` scores query/key pairs on white noise. */
  calibration?: Calibration | undefined;
  /**
   * How what stays makes up for what leaves, from second moments of activations on the calibration data: `mean` replaces value
   * and FFN neurons by their means, `ridge` predicts them from those that stay and mixes queries. Default `none`.
   */
  recovery?: RecoveryKind | undefined;
  /** Samples per run of the model. Default: chosen by the runtime. */
  batchSize?: number | undefined;
  /** Widths per head become multiples of this. Default 1. */
  round?: number | undefined;
  /** Name of the model in the report. Default: its path, or the graph's name. */
  name?: string | undefined;
  /** Where the model runs. Default: onnxruntime in a child process. */
  runtime?: Runtime | undefined;
  onProgress?: OnProgress | undefined;
  signal?: AbortSignal | undefined;
}

/** A pruned model with all that led to it. */
export interface PruneResult {
  model: Model;
  plan: Plan;
  report: PruneReport;
  /** The original as it was analysed, for verification; with recovery, its weights are those that make up for what leaves. */
  analysis: Analysis;
  /** Writes the model; an existing file is only replaced when the new one is complete. */
  write(path: string): Promise<void>;
}

/**
 * Prunes a Transformer: analyses it, decides how wide every group is to be, scores units on calibration data, and cuts the
 * model down. The input file is never changed.
 *
 * @throws SnpError with a code for each way it can fail; nothing is written before `write`.
 * @example
 * const result = await prune('deit_small.onnx', { calibration: await images('calib/'), budget: { macs: 0.5 } });
 * await result.write('deit_small.snp.onnx');
 */
export async function prune(source: string | Model, options: PruneOptions): Promise<PruneResult> {
  checkTarget(options);
  const clock = new Clock(options.onProgress);
  const original = typeof source === 'string' ? await clock.time('read', () => readModel(source)) : source;
  const analysis = await clock.time('analyze', async () => prepare(original));
  const criterion = options.criterion ?? snp();
  const warnings: string[] = [];
  const decision = options.plan
    ? await follow(checkPlan(options.plan, analysis), analysis, options, clock)
    : await decide(analysis, criterion, options, clock, warnings);
  options.signal?.throwIfAborted();
  const kind = options.recovery ?? 'none';
  const recovered =
    kind === 'none'
      ? { analysis, outcomes: undefined }
      : await clock.time('recover', async () => recover(analysis, decision.plan, decision.statistics, kind));
  const model = await clock.time('apply', async () => applyPlan(recovered.analysis, decision.plan));
  const report = makeReport({
    name: options.name ?? (typeof source === 'string' ? source : original.graph.name),
    criterion: options.plan ? 'given plan' : criterion.name,
    budget: describeBudget(options),
    recovery: kind,
    outcomes: recovered.outcomes,
    before: analysis,
    after: analyze(model),
    plan: decision.plan,
    scores: decision.scores,
    samples: decision.samples,
    skipped: options.calibration?.skipped ?? [],
    warnings,
    seconds: clock.seconds,
    originalCost: costOf(original),
  });
  return { model, plan: decision.plan, report, analysis: recovered.analysis, write: (path) => writeModel(model, path) };
}

interface Decision {
  plan: Plan;
  scores: Map<string, Float64Array>;
  statistics: ReadonlyMap<string, Statistics>;
  samples: number;
}

async function decide(
  analysis: Analysis,
  criterion: Criterion,
  options: PruneOptions,
  clock: Clock,
  warnings: string[],
): Promise<Decision> {
  const widths = targetWidths(analysis, options);
  const assignments = analysis.groups
    .filter((group) => (widths[group.id] ?? laneWidth(group)) < laneWidth(group))
    .map((group): Assignment => ({ group, keep: widths[group.id] }));
  const runtime = options.runtime ?? onnxRuntime();
  const { calibration, signal } = options;
  if (!calibration && criterion.statistics) requireNoData(criterion, warnings);
  const requests = { ...criterion.statistics, ...recoveryRequests(options) };
  const { statistics, samples } = calibration
    ? await clock.time('calibrate', (progress) =>
        gatherStatistics({
          model: analysis.model,
          requests,
          assignments,
          calibration,
          runtime,
          batchSize: options.batchSize,
          signal,
          onProgress: progress,
        }),
      )
    : { statistics: new Map(), samples: 0 };
  const kernels = runtimeKernels(runtime);
  try {
    const scores = await clock.time('score', (progress) =>
      scoreGroups(criterion, assignments, statistics, kernels, progress, signal),
    );
    return { plan: planFor(analysis, assignments, scores), scores, statistics, samples };
  } finally {
    await kernels.close();
  }
}

/** A given plan needs no scores, but recovery needs statistics all the same. */
async function follow(plan: Plan, analysis: Analysis, options: PruneOptions, clock: Clock): Promise<Decision> {
  const none = { plan, scores: new Map<string, Float64Array>(), statistics: new Map<string, Statistics>(), samples: 0 };
  const requests = recoveryRequests(options);
  const { calibration } = options;
  if (!calibration || Object.keys(requests).length === 0) return none;
  const assignments = analysis.groups
    .filter((group) => plan.groups[group.id])
    .map((group) => ({ group, keep: plan.groups[group.id].keep.length / group.lanes }));
  const runtime = options.runtime ?? onnxRuntime();
  const gathered = await clock.time('calibrate', (onProgress) =>
    gatherStatistics({ ...options, model: analysis.model, requests, assignments, calibration, runtime, onProgress }),
  );
  return { ...none, ...gathered };
}

function recoveryRequests({ recovery = 'none', calibration }: PruneOptions): Record<string, StatisticRequest> {
  if (recovery === 'none') return {};
  if (!calibration) {
    throw new SnpError(
      'calibration',
      `Recovery '${recovery}' is worked out from activations: give it typical inputs (--calib DIR).`,
    );
  }
  return recovery === 'mean' ? { secondMoments } : { secondMoments, pairMoments };
}

function requireNoData(criterion: Criterion, warnings: string[]): void {
  if (criterion.name !== 'snp') {
    throw new SnpError(
      'calibration',
      `Criterion '${criterion.name}' looks at activations: give it typical inputs (--calib DIR).`,
    );
  }
  warnings.push(
    'No calibration data: query/key pairs were scored as if inputs were white noise. Typical inputs (--calib DIR) choose better.',
  );
}

function planFor(
  analysis: Analysis,
  assignments: readonly Assignment[],
  scores: ReadonlyMap<string, Float64Array>,
): Plan {
  const plan = emptyPlan(analysis);
  for (const { group, keep } of assignments) {
    plan.groups[group.id] = entry(group, selectUnits(group, scores.get(group.id)!, keep));
  }
  return plan;
}

function entry(group: Group, keep: number[]) {
  return { units: group.units, lanes: group.lanes, keep };
}

/** Times the steps and reports them. */
class Clock {
  readonly seconds: Record<string, number> = {};

  constructor(private readonly onProgress: OnProgress | undefined) {}

  async time<T>(
    step: Step,
    work: (progress: (done: number, total: number | undefined) => void) => Promise<T>,
  ): Promise<T> {
    const start = performance.now();
    this.onProgress?.({ step, done: 0, total: undefined });
    const result = await work((done, total) => this.onProgress?.({ step, done, total }));
    this.seconds[step] = (performance.now() - start) / 1000;
    return result;
  }
}
