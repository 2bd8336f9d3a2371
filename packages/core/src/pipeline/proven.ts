import { type Analysis, unitGroups } from '@snp/graph';
import { type Model, SnpError } from '@snp/onnx';
import { anyUnits } from '../plan/anyUnits.js';
import type { Plan } from '../plan/plan.js';
import { laneWidth } from '../plan/widths.js';
import { type FindUnitsOptions, findUnits } from '../plugin/findUnits.js';
import type { Plugin } from '../plugin/plugin.js';
import { applyPlan } from '../surgery/applyPlan.js';
import { findFaults } from '../verify/findFaults.js';
import type { Proof, Verification } from '../verify/proof.js';
import { type CarriedOut, carryOut } from './carryOut.js';
import type { Clock } from './clock.js';
import { type DecideOptions, type Decision, decide } from './decide.js';
import { leaveAlone } from './leaveAlone.js';

/** A pruned model, what led to it, and the proof that it is right. */
export interface Proven extends CarriedOut {
  decision: Decision;
  /** Without the groups that were left alone because the result was wrong with them. */
  analysis: Analysis;
  /** Undefined where no proof was asked for. */
  verification: Verification | undefined;
  warnings: string[];
}

/** What is to be pruned, and how. */
export interface ProvenOptions {
  analysis: Analysis;
  original: Model;
  plugins: readonly Plugin[];
  options: DecideOptions & FindUnitsOptions;
  /** Undefined: nothing is proven. */
  proof: Proof | undefined;
  clock: Clock;
}

/** Plans that are made at most. */
const TRIES = 4;

/**
 * Decides, carries out and proves the result. Where it is wrong or cannot be made, the groups to blame are found and left alone, and a plan is made without them.
 *
 * @throws SnpError `not-prunable` if nothing is left that can be pruned rightly.
 */
export async function proven(given: ProvenOptions): Promise<Proven> {
  const { proof, clock } = given;
  const faults = new Map<string, string>();
  let { analysis, options } = given;
  let decision: Decision | undefined;
  for (let tries = 1; ; tries++) {
    const attempt = await attempted({ ...given, analysis, options }, decision);
    if ('made' in attempt) return { ...attempt.made, warnings: warningsOf(faults) };
    const plan = attempt.decision?.plan ?? halfOf(analysis);
    const found = await clock.time('verify', () => faultsOf(given.analysis, plan, proof!));
    if (found.size === 0 || tries === TRIES) throw attempt.error ?? unexplained(attempt.wrong, plan);
    for (const [id, reason] of found) faults.set(id, reason);
    analysis = leaveAlone(given.analysis, reasonsOf(faults));
    decision = undefined;
    if (attempt.decision && (options.budget || options.latency)) {
      const { moments } = attempt.decision;
      options = { ...options, ...(moments && { statistics: moments }) };
    } else if (attempt.decision) {
      const rest = without(attempt.decision.plan, faults);
      if (Object.keys(rest.groups).length === 0) throw nothingLeft(faults);
      decision = { ...attempt.decision, plan: rest };
    } else if (unitGroups(analysis).length === 0) throw nothingLeft(faults);
  }
}

type Attempt = { made: Omit<Proven, 'warnings'> } | { wrong: string; decision: Decision | undefined; error?: unknown };

/** One result, or what is wrong with it. A decision made before is carried out as it is. */
async function attempted(
  { analysis, original, plugins, options, proof, clock }: ProvenOptions,
  earlier: Decision | undefined,
): Promise<Attempt> {
  let decision = earlier;
  let before: ReturnType<typeof weightsOf> | undefined;
  try {
    if (!decision) {
      const found = await clock.time('analyze', () => findUnits(analysis, plugins, options));
      decision = await decide(analysis, original, found, options, clock);
    }
    before = decision.recovery && weightsOf(decision.recovery.analysis.model);
    const made = await carryOut(analysis, decision, options, clock);
    const verification = proof && (await clock.time('verify', (onRun) => proof.check(made.plan, made.model, onRun)));
    if (!verification || verification.passed) return { made: { ...made, decision, analysis, verification } };
    for (const [value, tensor] of before ?? []) value.tensor = tensor;
    return { wrong: verification.reason ?? 'it is wrong', decision };
  } catch (error) {
    for (const [value, tensor] of before ?? []) value.tensor = tensor;
    if (!proof || options.signal?.aborted || !mayBeSurgery(error)) throw error;
    return { wrong: (error as Error).message, decision, error };
  }
}

/** Errors that a group may be to blame for; what was asked for wrongly is none. */
function mayBeSurgery(error: unknown): boolean {
  return !(error instanceof SnpError) || error.code === 'unsupported' || error.code === 'runtime';
}

function weightsOf(model: Model) {
  return model.graph.initializers.map((value) => [value, value.tensor] as const);
}

/** The groups of a plan that do not come out right. Weights are only cut: a group is wrong by how it is cut. */
async function faultsOf(
  analysis: Analysis,
  { recovery: _, ...plan }: Plan,
  proof: Proof,
): Promise<Map<string, string>> {
  const kindOf = new Map(unitGroups(analysis).map(({ id, kind }) => [id, kind]));
  const ids = Object.keys(plan.groups).sort((a, b) => (kindOf.get(a) ?? '').localeCompare(kindOf.get(b) ?? ''));
  const wrong = async (part: readonly string[]) => {
    const own = { ...plan, groups: Object.fromEntries(part.map((id) => [id, plan.groups[id]])) };
    try {
      const { passed, reason } = await proof.check(own, applyPlan(analysis, own));
      return passed ? undefined : reason;
    } catch (error) {
      if (!mayBeSurgery(error)) throw error;
      return `it cannot be cut (${(error as Error).message})`;
    }
  };
  const faults = await findFaults(ids, wrong);
  const always = faults.size === ids.length ? await wrong([]) : undefined;
  if (always === undefined) return faults;
  throw new SnpError(
    'unsupported',
    `Nothing was written: a plan that removes nothing makes another model of this one already (${always}).`,
  );
}

/** Half of every group: to look for faults before anything could be decided. */
function halfOf(analysis: Analysis): Plan {
  return anyUnits(
    analysis,
    Object.fromEntries(analysis.groups.map((group) => [group.id, Math.ceil(laneWidth(group) / 2)])),
  );
}

function without(plan: Plan, faults: ReadonlyMap<string, string>): Plan {
  return { ...plan, groups: Object.fromEntries(Object.entries(plan.groups).filter(([id]) => !faults.has(id))) };
}

function reasonsOf(faults: ReadonlyMap<string, string>): Map<string, string> {
  return new Map([...faults].map(([id, reason]) => [id, `comes out wrong when it is cut: ${reason}`]));
}

function warningsOf(faults: ReadonlyMap<string, string>): string[] {
  return [...faults].map(
    ([id, reason]) =>
      `Group '${id}' was left as it is, for the result does not equal the masked original with it: ${reason}.`,
  );
}

function nothingLeft(faults: ReadonlyMap<string, string>): SnpError {
  const listed = [...faults].slice(0, 3).map(([id, reason]) => `'${id}': ${reason}`);
  return new SnpError(
    'not-prunable',
    `Nothing was written: no group that was to lose units comes out right. ${listed.join('; ')}.`,
    { group: [...faults.keys()][0] },
  );
}

function unexplained(reason: string, { recovery }: Plan): SnpError {
  return new SnpError(
    'not-prunable',
    recovery
      ? `Nothing was written: the model is right when its weights are only cut, but not after recovery '${recovery}' (${reason}). Try --recovery none, or other calibration data.`
      : `Nothing was written: the result does not equal the masked original (${reason}), and no group alone is to blame.`,
  );
}
