import type { Group } from '@snp/graph';
import { rewriteWeights } from '../compensation/compensate.js';
import type { Compensation } from '../compensation/compensation.js';
import type { Compensations } from '../compensation/solve.js';
import { unitCompensations } from '../compensation/unitCompensations.js';
import type { Context } from '../context/context.js';
import { firstSamples } from '../data/firstSamples.js';
import { divergenceFrom, recordAnswers } from '../evaluate/answers.js';
import type { LeavingUnits } from '../plan/leavingUnits.js';
import { checkPlan, emptyPlan, type Plan } from '../plan/plan.js';
import { laneWidth, type Widths } from '../plan/widths.js';
import { isUnitGroup, type UnitGroup } from '../plugin/unitGroup.js';
import type { TakenUnits } from '../selection/takeUnits.js';
import { expectedDivergences } from '../sensitivity/expectedDivergence.js';
import { SENSITIVITY_SAMPLES } from '../sensitivity/measureSensitivity.js';
import type { Sensitivity } from '../statistics/sensitivity.js';
import { applyPlan } from '../surgery/applyPlan.js';
import type { Allocation, EffectCheck } from './allocation.js';
import { budgetWidths, type CostBudget } from './budget.js';
import type { LatencyBudget } from './latency.js';
import { meetLatency, type WayOfPlanning } from './meetLatency.js';
import { LATENCY_STEPS, type LeastShares, type Planned, Planner, totalDivergence } from './planner.js';

/** Options of `allocate`. */
export interface AllocateOptions {
  /** Cost that may be left. Default: without limit. */
  budget?: CostBudget | undefined;
  /** Latency that may be left: the plan is checked by measuring, and corrected until it holds. */
  latency?: LatencyBudget | undefined;
  compensations: Compensations;
  /** What narrowing each group does to the answers. Without it, the errors within the model count alone. */
  sensitivity?: Sensitivity | undefined;
  /** The least share of units that stays, by kind of group or group id; 1 keeps it whole. Default a sixteenth. */
  least?: LeastShares | undefined;
  /** Widths per head become multiples of this. Default 1. */
  round?: number | undefined;
  /** Heads and blocks that leave in any case, and those that may. */
  taken: TakenUnits;
}

/**
 * Allocates a budget by what narrowing every group is expected to do to the answers. Where units of several kinds may leave, plans with all kinds and with each alone are made and
 * compared on calibration samples: what single groups do alone does not tell what many do together.
 *
 * @throws SnpError `invalid-argument` for a budget that cannot be met, with what can be pruned.
 */
export async function allocate(context: Context, options: AllocateOptions): Promise<Allocation> {
  const { analysis, warn } = context;
  const { budget = {}, compensations, sensitivity = {}, round, least, taken } = options;
  const { leaving, scores } = taken;
  const fixed = leaving.widths(analysis);
  const beyond = unitCompensations(taken.open, compensations);
  const units = taken.open.filter(({ id }) => beyond.has(id));
  warnOfUnpredictable(context, taken, beyond);
  if (Object.keys(sensitivity).length === 0)
    warn(
      'What each part does to the answers was not measured: the budget is divided by the errors within the model alone, which is less accurate.',
    );
  const all = new Map([...compensations.neurons, ...beyond]);
  const curves = expectedDivergences(all.values(), sensitivity);
  const selectable = units.map((group) => ({ group, select: beyond.get(group.id)!.select }));
  const planner = new Planner(analysis, curves, { round, least, units: selectable, fixed });
  const plans = await plansFor(context, planner, units, options);
  const made = (planned: Planned) => planOf(context, planned, { units, leaving, compensations: all });
  const found = await bestOf(context, plans, made, compensations);
  if (!found) {
    warn(
      'The budget cannot be met by the parts that can be planned (query/key, value and FFN neurons with known errors): the same fraction leaves every group.',
    );
    return { leaving, scores, widths: budgetWidths(analysis, budget, { round, fixed }) };
  }
  const { divergence, widths, chosen } = found;
  const own = withChosen(leaving, units, all, chosen);
  const measured = 'latency' in found ? { latency: found.latency as Allocation['latency'] & object } : {};
  const estimated = Object.keys(divergence).filter((id) => sensitivity[id]?.some((point) => point.estimated));
  const checks = checksIn(sensitivity);
  const planning = { divergence, estimated, ...(checks.length > 0 && { checks }), tradeOff: planner.tradeOff() };
  return { widths, leaving: own, scores, ...measured, planning };
}

/** Effects that are known both ways. */
function checksIn(sensitivity: Sensitivity): EffectCheck[] {
  return Object.entries(sensitivity).flatMap(([group, points]) =>
    points.flatMap(({ width, divergence, estimated, crossCheck }) => {
      if (crossCheck === undefined) return [];
      const [byGradients, byRuns] = estimated ? [divergence, crossCheck] : [crossCheck, divergence];
      return [{ group, width, estimated: byGradients, measured: byRuns }];
    }),
  );
}

function warnOfUnpredictable({ warn }: Context, { open }: TakenUnits, beyond: ReadonlyMap<string, Compensation>): void {
  const unpredictable = open.filter(({ id }) => !beyond.has(id));
  if (unpredictable.length > 0)
    warn(
      `What ${unpredictable.length} groups of units of plug-ins do to the answers cannot be predicted (${unpredictable[0].id} for one): only a ratio takes them away.`,
    );
}

/** Plans that meet the budget, to choose from. */
async function plansFor(
  context: Context,
  planner: Planner,
  units: readonly UnitGroup[],
  { budget = {}, latency, round = 1 }: AllocateOptions,
): Promise<readonly Planned[]> {
  if (!latency) return candidates(planner, units, budget);
  // Multiples of one are those of `round`.
  const ways = LATENCY_STEPS.filter((step) => step === 1 || step > round).map(
    (step): WayOfPlanning<Planned> =>
      (limit) =>
        planner.plan(budget, { ...limit, step }),
  );
  return meetLatency(context, latency, { ways, divergenceOf: totalDivergence });
}

/** Plans with each kind of units alone, neurons first, and with all kinds. */
function candidates(planner: Planner, units: readonly UnitGroup[], budget: CostBudget): Planned[] {
  const kinds = new Set(units.map(({ kind }) => kind));
  const alone =
    kinds.size > 0
      ? [(group: Group) => !isUnitGroup(group), ...[...kinds].map((kind) => (group: Group) => group.kind === kind)]
      : [];
  const picks = [...alone, () => true];
  const plans = picks.flatMap((pick) => planner.plan(budget, undefined, pick) ?? []);
  const seen = new Set<string>();
  return plans.filter(({ chosen }) => {
    const key = JSON.stringify(chosen);
    return seen.has(key) ? false : seen.add(key);
  });
}

/** How much closer a plan must come than one before it: less may be chance, and the earlier takes fewer kinds of units. */
const CLOSER = 0.03;

/** The plan whose compensated model answers most alike on calibration samples; without samples that of least expected divergence. */
async function bestOf(
  { analysis, data, runtime, batchSize, answers: kind, signal, clock }: Context,
  plans: readonly Planned[],
  made: (planned: Planned) => Plan,
  compensations: Compensations,
): Promise<Planned | undefined> {
  if (plans.length <= 1) return plans[0];
  if (!data) return plans.reduce((best, plan) => (totalDivergence(plan) < totalDivergence(best) ? plan : best));
  return clock.time('try', async (onProgress) => {
    const run = { runtime, batchSize, answers: kind, signal, data: firstSamples(data, SENSITIVITY_SAMPLES) };
    const answers = await recordAnswers(analysis.model, run);
    let best = plans[0];
    let least = Number.POSITIVE_INFINITY;
    for (const [at, planned] of plans.entries()) {
      const plan = made(planned);
      const { model } = await rewriteWeights({ analysis, runtime }, plan, compensations);
      const divergence = await divergenceFrom(answers, applyPlan(analysis, plan, model), run);
      if (divergence < (1 - CLOSER) * least) [best, least] = [planned, divergence];
      onProgress(at + 1, plans.length);
    }
    return best;
  });
}

interface Chosen {
  units: readonly UnitGroup[];
  leaving: LeavingUnits;
  compensations: ReadonlyMap<string, Compensation>;
}

/** A plan as compensation chooses the units. */
function planOf({ analysis }: Context, { widths, chosen }: Planned, { units, leaving, compensations }: Chosen): Plan {
  const plan = emptyPlan(analysis);
  for (const group of analysis.groups) {
    const keep = widths[group.id] ?? laneWidth(group);
    const own = compensations.get(group.id);
    if (own && keep < laneWidth(group))
      plan.groups[group.id] = { units: group.units, lanes: group.lanes, keep: own.select(keep) };
  }
  return checkPlan(withChosen(leaving, units, compensations, chosen).without(plan, analysis), analysis);
}

/** What leaves in any case, and what a plan takes away beyond neurons. */
function withChosen(
  leaving: LeavingUnits,
  units: readonly UnitGroup[],
  compensations: ReadonlyMap<string, Compensation>,
  chosen: Widths,
): LeavingUnits {
  const all = leaving.copy();
  for (const group of units) {
    const width = chosen[group.id];
    if (width !== undefined) all.takeAllBut(group, compensations.get(group.id)!.select(width));
  }
  return all;
}
