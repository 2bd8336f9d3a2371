import { type Model, SnpError } from '@snp/onnx';
import type { Criterion } from '@snp/score';
import { bodyBudget } from '../allocation/bodyBudget.js';
import type { LeastShares } from '../allocation/planner.js';
import { checkTarget, type Target } from '../allocation/target.js';
import { COMPENSATION_KINDS, type CompensationKind } from '../compensation/methods.js';
import { OPEN_FIELDS, type OpenOptions, openChecked } from '../context/open.js';
import { checkOptions, type OptionFields } from '../options/checkOptions.js';
import * as is from '../options/fields.js';
import { checkCriterion } from '../plugin/defineCriterion.js';
import { describeBudget } from '../report/describeBudget.js';
import type { CalibrationStatistics } from '../statistics/statistics.js';
import { inOneFile, readMerged } from './inOneFile.js';
import { type MadePlan, planFor } from './planFor.js';
import { proven, withoutFaults } from './proven.js';
import { type PruneResult, resultOf } from './pruneResult.js';
import { reportOn } from './reportOn.js';
import { checkTunable, type Tuner, tuned } from './tuned.js';

/** Options of `prune`. */
export interface PruneOptions extends OpenOptions, Target {
  /**
   * Which units are picked to leave, where compensation does not decide it: those with the lowest scores. Default `snp()`; with compensation `full`,
   * which mixes neurons or picks them by OBS, a criterion given here picks hidden neurons instead.
   */
  criterion?: Criterion | undefined;
  /**
   * What `calibrate` gathered before, in place of `calibration`, or of most of it: with both, the data serve to compare the answers and to set the
   * means of the outputs right, and the statistics for all else.
   */
  statistics?: CalibrationStatistics | undefined;
  /**
   * How what stays makes up for what leaves, from second moments of activations on the calibration data: `mean` replaces value
   * and FFN neurons by their means, `ridge` predicts them from those that stay and mixes queries, `full` mixes query/key and value
   * neurons instead of picking them and picks hidden ones by OBS. Default `full`; `none` for presets, which
   * are the published method, and without calibration data.
   */
  compensation?: CompensationKind | undefined;
  /**
   * Whether the branches of the pruned model are refitted, one after the other, so that each makes up for errors of those before it: `reconstruct`. Takes about one
   * more pass of the original over the calibration data and three of the pruned model. Default true with compensation `full` and `calibration`.
   */
  reconstruct?: boolean | undefined;
  /**
   * How a budget is allocated: `planned` by what each group's width does to the model's answers (needs compensation `full`), `even` takes the same
   * fraction of every group. Default `planned` with compensation `full`.
   */
  allocation?: 'planned' | 'even' | undefined;
  /** With `planned`: the least share of units that stays, by kind of group or group id; 1 keeps it whole. Default a sixteenth. */
  least?: LeastShares | undefined;
  /** Hold every eighth calibration sample back to compare the answers before and after. Default true with compensation and without `statistics`. */
  holdBack?: boolean | undefined;
  /** Widths per head become multiples of this. Default 1. */
  round?: number | undefined;
  /** Trains the pruned model towards the original on the calibration data, as the last stage: `tuner({ time })` of `@snp/tune`. Default: not. */
  tune?: Tuner | undefined;
  /** What happens where a budget takes more than a twentieth and nothing is known of typical inputs, which ruins most models: a warning, or an error. Default `warn`. */
  uncalibrated?: 'warn' | 'refuse' | undefined;
  /**
   * Whether the result is proven before it is handed out: on the first calibration samples, or on random inputs, it has to answer as the original with the removed units at
   * zero does (see `verify`). Groups that do not come out right are left as they are, with a warning. Default true.
   */
  verify?: boolean | undefined;
}

const PRUNE_FIELDS: OptionFields<PruneOptions> = {
  ...OPEN_FIELDS,
  preset: is.text,
  ratios: is.numbersByName,
  budget: is.amounts('macs', 'params', 'bytes'),
  count: is.oneOf(['all', 'body']),
  latency: is.latency,
  criterion: is.anything,
  statistics: is.statistics,
  compensation: is.oneOf(COMPENSATION_KINDS),
  reconstruct: is.flag,
  allocation: is.oneOf(['planned', 'even']),
  least: is.numbersByName,
  round: is.count,
  tune: is.tuner,
  uncalibrated: is.oneOf(['warn', 'refuse']),
};

/**
 * Prunes a model: analyses it, decides how wide every group is to be and which units stay, lets them carry the part of those that leave, and
 * cuts the model down. The input file is never changed. A row of stages, each a function of its own (docs/stages.md).
 *
 * @throws SnpError with a code for each way it can fail, `not-prunable` where nothing comes out right, `aborted` when the signal stops it; nothing is written before `write`.
 * @example
 * const result = await prune('deit_small.onnx', { calibration: await images('calib/'), budget: { macs: 0.5 } });
 * await result.write('deit_small.snp.onnx');
 */
export async function prune(source: string | Model, options: PruneOptions): Promise<PruneResult> {
  checkOptions('prune', options, PRUNE_FIELDS);
  if (options.criterion !== undefined) checkCriterion(options.criterion);
  checkTarget(options, options.plugins);
  const { model, parts } = await readMerged(source);
  if (parts) return inOneFile({ model, parts }, options, pruneOne);
  return pruneOne(source, options, model);
}

async function pruneOne(source: string | Model, options: PruneOptions, original?: Model): Promise<PruneResult> {
  const compensation = compensationOf(options);
  const holdBack = options.holdBack ?? (compensation !== 'none' && !options.statistics);
  const context = await openChecked(source, { ...options, holdBack }, original);
  checkTunable(context, options.tune);
  const limits =
    options.budget && options.count === 'body' ? bodyBudget(context.analysis, options.budget) : options.budget;
  const proved = await proven<MadePlan>(context, async (context, earlier) => {
    const known = earlier?.planned;
    if (known && !options.budget && !options.latency) return withoutFaults(known, earlier.faults);
    return planFor(context, { ...options, budget: limits, compensation }, known?.statistics);
  });
  const { pruned, tuning } = await tuned(proved, options.tune);
  const { selection, allocation } = pruned.planned;
  const budget = describeBudget(options, options.plugins);
  const report = await reportOn(pruned, { compensation, selection, allocation, tuning, budget, limits });
  return resultOf(pruned, report);
}

/** Presets are published architectures, made by the published method; everything else is compensated where there are data. */
function compensationOf({ compensation, calibration, statistics, preset }: PruneOptions): CompensationKind {
  const known = calibration !== undefined || statistics !== undefined;
  if (compensation !== undefined && compensation !== 'none' && !known)
    throw new SnpError(
      'calibration',
      `Compensation '${compensation}' is worked out from activations: give it typical inputs (--calib DIR) or statistics (--stats FILE).`,
    );
  return compensation ?? (known && preset === undefined ? 'full' : 'none');
}
