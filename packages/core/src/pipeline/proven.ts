import { type Analysis, unitGroups } from '@snp/graph';
import { SnpError } from '@snp/onnx';
import { type PrunedCompanion, pruneCompanion } from '../companions/companion.js';
import { leaveAlone } from '../context/leaveAlone.js';
import { type OpenContext, reopened } from '../context/open.js';
import { anyUnits } from '../plan/anyUnits.js';
import type { Plan } from '../plan/plan.js';
import { laneWidth } from '../plan/widths.js';
import { applyPlan } from '../surgery/applyPlan.js';
import { findFaults } from '../verify/findFaults.js';
import type { Proof, Verification } from '../verify/proof.js';
import { type Executed, execute, type Planned } from './execute.js';

/** A pruned model, what led to it, and the proof that it is right. */
export interface Proven<Made extends Planned> extends Executed {
  readonly planned: Made;
  /** As the model was opened, without the groups that were left alone because the result was wrong with them. */
  readonly context: OpenContext;
  /** Undefined where no proof was asked for. */
  readonly verification: Verification | undefined;
  /** Models that were pruned in step. */
  readonly companions: readonly PrunedCompanion[];
  readonly warnings: readonly string[];
}

/** What went wrong with a plan: why, by the ids of the groups to blame. */
export type Faults = ReadonlyMap<string, string>;

/**
 * Makes a plan for a model in which some groups were left alone.
 *
 * @param earlier The plan that went wrong, if it came so far, and the groups that were to blame.
 */
export type MakePlan<Made extends Planned> = (
  context: OpenContext,
  earlier?: { planned: Made | undefined; faults: Faults },
) => Promise<Made>;

/** Plans that are made at most. */
const TRIES = 4;

/**
 * Makes a plan, executes it and proves the result. Where it is wrong or cannot be made, the groups to blame are found and left alone, and another plan is made.
 *
 * @throws SnpError `not-prunable` if nothing is left that can be pruned rightly.
 */
export async function proven<Made extends Planned>(
  opened: OpenContext,
  makePlan: MakePlan<Made>,
): Promise<Proven<Made>> {
  const faults = new Map<string, string>();
  let context = opened;
  let earlier: Made | undefined;
  for (let tries = 1; ; tries++) {
    const made = await attempted(context, makePlan, tries > 1 ? { planned: earlier, faults } : undefined);
    if ('verification' in made) {
      const companions = await inStep(made);
      return { ...made, companions, warnings: [...made.context.warnings, ...warningsOf(faults)] };
    }
    const plan = made.planned?.plan ?? halfOf(context.analysis);
    const found = await context.clock.time('verify', () => faultsOf(opened.analysis, plan, context.proof!));
    if (found.size === 0 || tries === TRIES) throw made.error ?? unexplained(made.wrong, made.planned);
    for (const [id, reason] of found) faults.set(id, reason);
    const analysis = leaveAlone(opened.analysis, reasonsOf(faults));
    if (!made.planned && unitGroups(analysis).length === 0) throw nothingLeft(faults);
    context = await reopened(opened, analysis);
    earlier = made.planned;
  }
}

/** A plan without the groups to blame. */
export function withoutFaults<Made extends Planned>(planned: Made, faults: Faults): Made {
  const groups = Object.fromEntries(Object.entries(planned.plan.groups).filter(([id]) => !faults.has(id)));
  if (Object.keys(groups).length === 0) throw nothingLeft(faults);
  return { ...planned, plan: { ...planned.plan, groups } };
}

/** Prunes the companions as the model was. */
async function inStep({ context, model, plan }: Executed & { context: OpenContext }): Promise<PrunedCompanion[]> {
  const { companions, analysis, clock } = context;
  const pruned: PrunedCompanion[] = [];
  if (companions.length > 0)
    await clock.time('apply', async (onProgress) => {
      for (const companion of companions) {
        pruned.push(await pruneCompanion(companion, { analysis, model, plan }));
        onProgress(pruned.length, companions.length);
      }
    });
  return pruned;
}

type Attempt<Made extends Planned> =
  | Omit<Proven<Made>, 'warnings' | 'companions'>
  | { wrong: string; planned: Made | undefined; error?: unknown };

/** One result, or what is wrong with it. */
async function attempted<Made extends Planned>(
  context: OpenContext,
  makePlan: MakePlan<Made>,
  earlier: Parameters<MakePlan<Made>>[1],
): Promise<Attempt<Made>> {
  const { proof, clock, signal } = context;
  let planned: Made | undefined;
  try {
    planned = await makePlan(context, earlier);
    const executed = await execute(context, planned);
    const verification =
      proof && (await clock.time('verify', (onRun) => proof.check(executed.plan, executed.model, onRun)));
    if (!verification || verification.passed) return { ...executed, planned, context, verification };
    return { wrong: verification.reason ?? 'it is wrong', planned };
  } catch (error) {
    if (!proof || signal?.aborted || !mayBeSurgery(error)) throw error;
    return { wrong: (error as Error).message, planned, error };
  }
}

/** Errors that a group may be to blame for; what was asked for wrongly is none. */
function mayBeSurgery(error: unknown): boolean {
  return !(error instanceof SnpError) || error.code === 'unsupported' || error.code === 'runtime';
}

/** The groups of a plan that do not come out right. Weights are only cut: a group is wrong by how it is cut. */
async function faultsOf(
  analysis: Analysis,
  { compensation: _, ...plan }: Plan,
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

/** Half of every group: to look for faults before any plan could be made. */
function halfOf(analysis: Analysis): Plan {
  return anyUnits(
    analysis,
    Object.fromEntries(analysis.groups.map((group) => [group.id, Math.ceil(laneWidth(group) / 2)])),
  );
}

function reasonsOf(faults: Faults): Map<string, string> {
  return new Map([...faults].map(([id, reason]) => [id, `comes out wrong when it is cut: ${reason}`]));
}

function warningsOf(faults: Faults): string[] {
  return [...faults].map(
    ([id, reason]) =>
      `Group '${id}' was left as it is, for the result does not equal the masked original with it: ${reason}.`,
  );
}

function nothingLeft(faults: Faults): SnpError {
  const listed = [...faults].slice(0, 3).map(([id, reason]) => `'${id}': ${reason}`);
  return new SnpError(
    'not-prunable',
    `Nothing was written: no group that was to lose units comes out right. ${listed.join('; ')}.`,
    { group: [...faults.keys()][0] },
  );
}

function unexplained(reason: string, planned: Planned | undefined): SnpError {
  const kind = planned?.recipe?.kind;
  return new SnpError(
    'not-prunable',
    kind
      ? `Nothing was written: the model is right when its weights are only cut, but not after compensation '${kind}' (${reason}). Try --compensation none, or other calibration data.`
      : `Nothing was written: the result does not equal the masked original (${reason}), and no group alone is to blame.`,
  );
}
