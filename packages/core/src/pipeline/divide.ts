import type { Analysis, Group } from '@snp/graph';
import type { Model, SnpError } from '@snp/onnx';
import { compareAnswers, recordAnswers } from '../evaluate/answers.js';
import { budgetWidths } from '../plan/budget.js';
import type { LeavingUnits } from '../plan/leavingUnits.js';
import { checkPlan, emptyPlan, type Plan } from '../plan/plan.js';
import { laneWidth, type Widths } from '../plan/widths.js';
import { damageCurves } from '../planner/damage.js';
import { EFFECT_SAMPLES, type Effects, measureEffects } from '../planner/effects.js';
import { LATENCY_STEPS, type Planned, Planner, totalDamage } from '../planner/planner.js';
import { isUnitGroup, type UnitGroup } from '../plugin/unitGroup.js';
import type { RecoveryMethod } from '../recovery/method.js';
import type { Recovery } from '../recovery/recovery.js';
import { unitMethods } from '../recovery/unitMethods.js';
import type { Planning } from '../report/report.js';
import { firstSamples } from '../statistics/firstSamples.js';
import type { CalibrationStatistics } from '../statistics/statistics.js';
import { applyPlan } from '../surgery/applyPlan.js';
import { attempt } from './attempt.js';
import type { Clock } from './clock.js';
import type { DecideOptions } from './decide.js';
import { type LatencyOutcome, meetLatency, type WayOfPlanning } from './meetLatency.js';

/** How a budget was divided. */
export interface Division {
  widths: Widths;
  /** What leaves beyond neurons. */
  leaving: LeavingUnits;
  planning?: Planning;
  latency?: LatencyOutcome;
}

/** What a budget is divided over. */
export interface DivisionOf {
  analysis: Analysis;
  original: Model;
  recovery: Recovery;
  moments: CalibrationStatistics;
  /** Units beyond neurons that may leave. */
  units: readonly UnitGroup[];
  /** Units beyond neurons that leave in any case. */
  leaving: LeavingUnits;
}

/**
 * Divides a budget by what every part does to the answers. Where units of several kinds may leave, plans with all kinds and with each alone are made and
 * compared on calibration samples: damages of single groups do not tell what many do together.
 */
export async function divide(
  of: DivisionOf,
  options: DecideOptions,
  clock: Clock,
  warnings: string[],
): Promise<Division> {
  const { analysis, original, recovery, moments, units, leaving } = of;
  const { budget = {}, latency, round, least, signal } = options;
  const beyond = unitMethods(units, recovery);
  const planned = units.filter(({ id }) => beyond.has(id));
  if (planned.length < units.length)
    warnings.push(
      `What ${units.length - planned.length} groups of units of plug-ins do to the answers cannot be foreseen (${units.find(({ id }) => !beyond.has(id))!.id} for one): only a ratio takes them away.`,
    );
  const methods = new Map([...recovery.methods, ...beyond]);
  const effects = await effectsOf(recovery, methods, moments, options, clock, warnings);
  if (Object.keys(effects).length === 0)
    warnings.push(
      'What each part does to the answers was not measured: the budget is divided by the errors within the model alone, which is less accurate.',
    );
  const fixed = leaving.widths(analysis);
  const selectable = planned.map((group) => ({ group, select: beyond.get(group.id)!.select }));
  const curves = damageCurves(methods.values(), effects);
  const planner = new Planner(analysis, curves, { round, least, units: selectable, fixed });
  // Multiples of one are those of `round`.
  const ways = LATENCY_STEPS.filter((step) => step === 1 || step > (round ?? 1)).map(
    (step): WayOfPlanning<Planned> =>
      (limit) =>
        planner.plan(budget, { ...limit, step }),
  );
  const plans = latency
    ? await meetLatency(analysis, original, latency, ways, totalDamage, clock, signal)
    : candidates(planner, planned, options);
  const found = await bestOf(plans, of, methods, options, clock);
  if (found) {
    const { damage, widths, chosen } = found;
    takeChosen(leaving, planned, methods, chosen);
    const measured = isMeasured(found) ? { latency: found.latency } : {};
    return { widths, leaving, ...measured, planning: { damage, tradeOff: planner.tradeOff() } };
  }
  warnings.push(
    'The budget cannot be met by the parts that can be planned (query/key, value and FFN neurons with known errors): the same fraction leaves every group.',
  );
  return { widths: budgetWidths(analysis, budget, { round, fixed }), leaving };
}

function isMeasured(found: Planned): found is Planned & { latency: LatencyOutcome } {
  return 'latency' in found;
}

/** Plans with each kind of units alone, neurons first, and with all kinds. */
function candidates(planner: Planner, units: readonly UnitGroup[], { budget = {} }: DecideOptions): Planned[] {
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

/** The plan whose recovered model answers most alike on calibration samples; without samples that of least expected damage. */
async function bestOf(
  plans: readonly Planned[],
  of: DivisionOf,
  methods: ReadonlyMap<string, RecoveryMethod>,
  options: DecideOptions,
  clock: Clock,
): Promise<Planned | undefined> {
  const { calibration, runtime, batchSize, signal } = options;
  if (plans.length <= 1) return plans[0];
  if (!calibration) return plans.reduce((best, plan) => (totalDamage(plan) < totalDamage(best) ? plan : best));
  return clock.time('try', async (onProgress) => {
    const run = { runtime, batchSize, signal, data: firstSamples(calibration, EFFECT_SAMPLES) };
    const answers = await recordAnswers(of.analysis.model, run);
    let best = plans[0];
    let least = Number.POSITIVE_INFINITY;
    for (const [at, planned] of plans.entries()) {
      const plan = planOf(planned, of, methods);
      const { divergence } = await of.recovery.trying(plan, (recovered) =>
        compareAnswers(answers, applyPlan(recovered, plan), run),
      );
      if (divergence < (1 - CLOSER) * least) [best, least] = [planned, divergence];
      onProgress(at + 1, plans.length);
    }
    return best;
  });
}

/** A plan as recovery chooses the units. */
function planOf(
  { widths, chosen }: Planned,
  { analysis, units, leaving }: DivisionOf,
  methods: ReadonlyMap<string, RecoveryMethod>,
): Plan {
  const plan = emptyPlan(analysis);
  for (const group of analysis.groups) {
    const keep = widths[group.id] ?? laneWidth(group);
    const method = methods.get(group.id);
    if (method && keep < laneWidth(group))
      plan.groups[group.id] = { units: group.units, lanes: group.lanes, keep: method.select(keep) };
  }
  const own = leaving.copy();
  takeChosen(own, units, methods, chosen);
  return checkPlan(own.without(plan, analysis), analysis);
}

function takeChosen(
  leaving: LeavingUnits,
  units: readonly UnitGroup[],
  methods: ReadonlyMap<string, RecoveryMethod>,
  chosen: Widths,
): void {
  for (const group of units) {
    const width = chosen[group.id];
    if (width !== undefined) leaving.takeAllBut(group, methods.get(group.id)!.select(width));
  }
}

/** As measured before, and now, where there are data, for what was not. */
async function effectsOf(
  recovery: Recovery,
  methods: ReadonlyMap<string, RecoveryMethod>,
  { effects }: CalibrationStatistics,
  { calibration, runtime, batchSize, signal }: DecideOptions,
  clock: Clock,
  warnings: string[],
): Promise<Effects> {
  const missing = [...methods].flatMap(([id, method]) => (effects[id] || method.touches.length === 0 ? [] : [method]));
  if (missing.length === 0 || !calibration) return effects;
  const missed = 'What narrowing parts does to the answers was not measured';
  const onRefusal = (groups: readonly string[], { message }: SnpError) =>
    void warnings.push(`${missed} for ${groups.join(', ')}: ${message}`);
  const run = { recovery, methods: missing, runtime, calibration, batchSize, signal, onRefusal };
  const measured = await attempt(missed, warnings, () =>
    clock.time('probe', (onProgress) => measureEffects({ ...run, onProgress })),
  );
  return { ...effects, ...measured };
}
