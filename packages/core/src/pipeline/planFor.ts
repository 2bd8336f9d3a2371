import { SnpError } from '@snp/onnx';
import type { Criterion } from '@snp/score';
import { allocate } from '../allocation/allocate.js';
import { allocateEvenly } from '../allocation/allocateEvenly.js';
import type { Allocation } from '../allocation/allocation.js';
import { checkBudget } from '../allocation/budget.js';
import { judgeRatios } from '../allocation/judgeRatios.js';
import type { LeastShares } from '../allocation/planner.js';
import { presetWidths } from '../allocation/presets.js';
import type { Target } from '../allocation/target.js';
import { sayUncalibrated } from '../allocation/uncalibrated.js';
import { calibrate } from '../calibration/calibrate.js';
import { type CompensationKind, requestsFor } from '../compensation/methods.js';
import { NO_COMPENSATION, solveCompensation } from '../compensation/solve.js';
import type { Context } from '../context/context.js';
import { requireData } from '../selection/score.js';
import { type Selection, select } from '../selection/select.js';
import { takeUnits } from '../selection/takeUnits.js';
import { estimateSensitivity } from '../sensitivity/estimateSensitivity.js';
import type { CalibrationStatistics } from '../statistics/statistics.js';
import { type Planned, recipeFor } from './execute.js';
import { warnOfStatistics } from './warnOfStatistics.js';

/** What a plan is made for. */
export interface PlanOptions extends Target {
  compensation: CompensationKind;
  allocation?: 'planned' | 'even' | undefined;
  criterion?: Criterion | undefined;
  statistics?: CalibrationStatistics | undefined;
  reconstruct?: boolean | undefined;
  least?: LeastShares | undefined;
  round?: number | undefined;
  uncalibrated?: 'warn' | 'refuse' | undefined;
}

/** A plan, and all that led to it. */
export interface MadePlan extends Planned {
  readonly selection: Selection;
  readonly allocation: Allocation;
}

/**
 * The first half of a pruning: statistics, compensation, sensitivity, allocation of the budget, selection of the units.
 *
 * @param known Statistics of the calibration data, where an earlier plan took them.
 */
export async function planFor(
  context: Context,
  options: PlanOptions,
  known?: CalibrationStatistics,
): Promise<MadePlan> {
  const { compensation: kind, criterion, statistics: given, round, least, reconstruct = true } = options;
  const planned = isPlanned(options);
  checkTargetOf(context, options);
  const { ratios, preset, budget, latency } = options;
  const widths = preset === undefined ? {} : presetWidths(preset, context.analysis);
  const taken = await takeUnits(context, { ratios, widths, criterion });
  const fixed = taken.leaving.widths(context.analysis);
  // Before anything is measured for nothing. Units beyond neurons may do what neurons cannot.
  if (planned && budget && taken.open.length === 0) checkBudget(context.analysis, budget, { round, fixed });
  if (preset === undefined && !context.data && !given) sayUncalibrated(context, options);
  const even = planned ? undefined : await allocateEvenly(context, { ratios, preset, budget, latency, round, taken });
  // What heads and branches leave behind is made up for by neurons of any group.
  const beyond = (planned && taken.open.length > 0) || Object.keys(fixed).length > 0;
  const statistics =
    kind === 'none' ? undefined : (given ?? known ?? (await calibrate(context, requestsFor(kind, { beyond }))));
  const groups = even && !beyond ? Object.keys(even.widths) : undefined;
  const compensations = statistics
    ? await solveCompensation(context, statistics, { kind, groups, beyond, curves: planned })
    : NO_COMPENSATION;
  const allocation =
    even ??
    (await allocate(context, {
      budget,
      latency,
      compensations,
      sensitivity: await estimateSensitivity(context, compensations, { statistics, units: taken.open }),
      least,
      round,
      taken,
    }));
  if (statistics)
    warnOfStatistics(context, statistics, { kind, groups, given: given !== undefined, units: taken.open, fixed });
  const selection = await select(context, { allocation, compensations, criterion });
  const recipe = recipeFor(compensations, { given, beyond, reconstruct });
  return { plan: selection.plan, compensations, statistics, recipe, selection, allocation };
}

function isPlanned({ budget, latency, compensation, allocation }: PlanOptions): boolean {
  const planned = (budget !== undefined || latency !== undefined) && compensation === 'full' && allocation !== 'even';
  if (allocation === 'planned' && !planned)
    throw new SnpError(
      'invalid-argument',
      `Allocation 'planned' divides a budget, and needs compensation 'full' and calibration data.`,
    );
  return planned;
}

function checkTargetOf(context: Context, { ratios = {}, criterion, round }: PlanOptions): void {
  const idle = judgeRatios(ratios, context.analysis, context.units, { round });
  for (const warning of idle) context.warn(warning);
  if (criterion) requireData(criterion, context);
}
