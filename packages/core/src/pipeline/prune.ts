import type { Analysis } from '@snp/graph';
import { costOf, type Model, SnpError } from '@snp/onnx';
import { readModel, writeModel } from '@snp/onnx/node';
import { type Calibration, onnxRuntime, type Runtime } from '@snp/runtime';
import type { Criterion } from '@snp/score';
import { compareModels } from '../evaluate/compareModels.js';
import { changedOnReading } from '../obstacles/changedOnReading.js';
import { obstacleWarnings } from '../obstacles/obstacles.js';
import type { Plan } from '../plan/plan.js';
import type { LeastShares } from '../planner/planner.js';
import { checkCriterion } from '../plugin/defineCriterion.js';
import { checkPlugins } from '../plugin/definePlugin.js';
import { callLimits } from '../plugin/foreignCalls.js';
import type { Plugin } from '../plugin/plugin.js';
import type { RecoveryKind } from '../recovery/recovery.js';
import { describeBudget } from '../report/describeBudget.js';
import { makeReport } from '../report/makeReport.js';
import { newForms } from '../report/newForms.js';
import type { PruneReport } from '../report/report.js';
import type { CalibrationStatistics } from '../statistics/statistics.js';
import { Proof } from '../verify/proof.js';
import { VERIFY_DEFAULTS } from '../verify/verify.js';
import { Clock } from './clock.js';
import { holdBack } from './holdBack.js';
import { prepare } from './prepare.js';
import type { OnProgress } from './progress.js';
import { proven } from './proven.js';
import { checkTarget, type Target } from './target.js';

/** Options of `prune`. */
export interface PruneOptions extends Target {
  /**
   * Which units are picked to leave, where recovery does not decide it: those with the lowest scores. Default `snp()`; with recovery `full`,
   * which mixes neurons or picks them by the surgeon, a criterion given here picks hidden neurons instead.
   */
  criterion?: Criterion | undefined;
  /** Bring units beyond neurons: heads, parts of blocks. Default none. */
  plugins?: readonly Plugin[] | undefined;
  /** Milliseconds after which a promise of a criterion or plug-in counts as one that never settles. Default `PLUGIN_TIMEOUT`, ten minutes. */
  pluginTimeout?: number | undefined;
  /** Typical inputs, for recovery and for criteria that look at activations. Without them `snp` scores query/key pairs on white noise. */
  calibration?: Calibration | undefined;
  /**
   * What `calibrate` gathered before, in place of `calibration`, or of most of it: with both, the data serve to compare the answers and to set the
   * means of the outputs right, and the statistics for all else.
   */
  statistics?: CalibrationStatistics | undefined;
  /**
   * How what stays makes up for what leaves, from second moments of activations on the calibration data: `mean` replaces value
   * and FFN neurons by their means, `ridge` predicts them from those that stay and mixes queries, `full` mixes query/key and value
   * neurons instead of picking them and picks hidden ones by the surgeon. Default `full`, or what a given plan says; `none` for presets, which
   * are the published method, and without calibration data.
   */
  recovery?: RecoveryKind | undefined;
  /**
   * Whether the branches of the pruned model are refitted, one after the other, so that each makes up for errors of those before it: `reconstructBranches`. Takes about one
   * more pass of the original over the calibration data and three of the pruned model. Default true with recovery `full` and `calibration`.
   */
  reconstruct?: boolean | undefined;
  /**
   * How a budget is divided: `planned` by what each group's width does to the model's answers (needs recovery `full`), `even` takes the same
   * fraction of every group. Default `planned` with recovery `full`.
   */
  allocation?: 'planned' | 'even' | undefined;
  /** With `planned`: the least share of units that stays, by kind of group or group id; 1 keeps it whole. Default a sixteenth. */
  least?: LeastShares | undefined;
  /** Hold every eighth calibration sample back to compare the answers before and after. Default true with recovery. */
  holdBack?: boolean | undefined;
  /** Samples per run of the model. Default: chosen by the runtime. */
  batchSize?: number | undefined;
  /** Widths per head become multiples of this. Default 1. */
  round?: number | undefined;
  /**
   * Whether past keys and values may become narrower, where they leave through graph outputs and come back through graph inputs: both change their form
   * together, which the report tells (`forms`). Default false, or what a given plan says: other programs feed them.
   */
  narrowCache?: boolean | undefined;
  /**
   * Whether the result is proven before it is handed out: on the first calibration samples, or on random inputs, it has to answer as the original with the removed units at
   * zero does (see `verify`). Groups that do not come out right are left as they are, with a warning. Costs about as much as 16 runs of the model on one sample. Default true.
   */
  verify?: boolean | undefined;
  /** Sizes of free dimensions of inputs, by name, where random inputs are made. Default: sizes are found that the model takes. */
  dims?: Readonly<Record<string, number>> | undefined;
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
  /** The original as it was analysed, for `verify`; with recovery, with the weights that the pruned model was cut from. */
  analysis: Analysis;
  /** Writes the model; an existing file is only replaced when the new one is complete. */
  write(path: string): Promise<void>;
}

/**
 * Prunes a model: analyses it, decides how wide every group is to be and which units stay, lets them carry the part of those that leave, and
 * cuts the model down. The input file is never changed.
 *
 * @throws SnpError with a code for each way it can fail, `not-prunable` where nothing comes out right; nothing is written before `write`.
 * @example
 * const result = await prune('deit_small.onnx', { calibration: await images('calib/'), budget: { macs: 0.5 } });
 * await result.write('deit_small.snp.onnx');
 */
export async function prune(source: string | Model, options: PruneOptions): Promise<PruneResult> {
  // What is written wrong is said before long work begins.
  callLimits(options);
  if (options.criterion !== undefined) checkCriterion(options.criterion);
  const plugins = checkPlugins(options.plugins);
  checkTarget(options, plugins);
  const recovery = recoveryOf(options);
  const clock = new Clock(options.onProgress);
  const narrowCache = options.narrowCache ?? options.plan?.narrowCache ?? false;
  const original = typeof source === 'string' ? await clock.time('read', () => readModel(source)) : source;
  const prepared = await clock.time('analyze', async () => prepare(original, { narrowCache }));
  const runtime = options.runtime ?? onnxRuntime();
  const { fit, held } =
    options.calibration && (options.holdBack ?? (recovery !== 'none' && !options.statistics))
      ? holdBack(options.calibration)
      : { fit: options.calibration, held: undefined };
  // Before long work: whether there are inputs to prove the result with.
  const proof =
    options.verify === false
      ? undefined
      : await clock.time('verify', () => proofOf(prepared, source, fit, { ...options, runtime }));
  const { analysis, decision, plan, model, after, recovered, outcomes, verification, warnings } = await proven({
    analysis: prepared,
    original,
    plugins,
    options: { ...options, recovery, runtime, calibration: fit },
    proof,
    clock,
  });
  const fidelity =
    held &&
    newForms(prepared, after).length === 0 &&
    (await clock.time('compare', (onProgress) =>
      compareModels(prepared.model, model, { ...options, runtime, data: held, onProgress }),
    ));
  const report = makeReport({
    name: options.name ?? (typeof source === 'string' ? source : original.graph.name),
    criterion: decision.criterion,
    budget: describeBudget(options, options.plan ? [] : plugins),
    limits: options.budget,
    recovery,
    outcomes,
    fidelity: fidelity || undefined,
    before: analysis,
    after,
    plan,
    scores: decision.scores,
    planning: decision.planning,
    latency: decision.latency,
    samples: decision.samples,
    skipped: options.calibration?.skipped ?? [],
    warnings: [...changedOnReading(original), ...obstacleWarnings(prepared), ...decision.warnings, ...warnings],
    verification,
    seconds: clock.seconds,
    originalCost: costOf(original),
  });
  return { model, plan, report, analysis: recovered, write: (path) => writeModel(model, path) };
}

/** Samples to prove a result on. */
const PROOF_SAMPLES = 2;

function proofOf(
  analysis: Analysis,
  original: string | Model,
  data: Calibration | undefined,
  { runtime, dims, signal }: PruneOptions & { runtime: Runtime },
): Promise<Proof> {
  return Proof.prepare(analysis, {
    runtime,
    original,
    data,
    dims,
    limit: PROOF_SAMPLES,
    seed: VERIFY_DEFAULTS.seed,
    signal,
  });
}

/** Presets are published architectures, made by the published method; everything else is recovered where there are data. */
function recoveryOf({ recovery, calibration, statistics, preset, plan }: PruneOptions): RecoveryKind {
  const known = calibration !== undefined || statistics !== undefined;
  if (recovery !== undefined && recovery !== 'none' && !known) {
    throw new SnpError(
      'calibration',
      `Recovery '${recovery}' is worked out from activations: give it typical inputs (--calib DIR) or statistics (--stats FILE).`,
    );
  }
  if (recovery !== undefined || !known) return recovery ?? 'none';
  return plan?.recovery ?? (preset === undefined ? 'full' : 'none');
}
