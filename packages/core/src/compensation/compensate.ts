import type { Analysis, Group } from '@snp/graph';
import { cloneModel, type Model } from '@snp/onnx';
import { Algebra } from '../algebra/algebra.js';
import type { Context } from '../context/context.js';
import { WeightEdits } from '../layers/weightEdits.js';
import { type Plan, removedUnits } from '../plan/plan.js';
import { valuePart } from './keepHeads.js';
import type { BranchCompensation } from './leaveOut.js';
import type { Compensations } from './solve.js';

/** What was done for each group that lost units, by its id: `done`, the method and what kept it from a better one, or why nothing could be done. */
export type CompensationOutcomes = ReadonlyMap<string, string>;

/** What was made of the weights, before any of them leave. */
export interface Compensated {
  /** The analysed model with weights that make up for what a plan takes away: `applyPlan` cuts it by that plan. */
  readonly model: Model;
  /** Undefined where nothing was to be compensated. */
  readonly outcomes: CompensationOutcomes | undefined;
}

/**
 * Rewrites the weights of a model, in a copy, so that what stays under a plan does the work of all. Shapes and operators stay as they are.
 *
 * @param plan In full, as `checkPlan` gives it.
 * @param compensations As `solveCompensation` gives them for this model.
 */
export async function compensate(context: Context, plan: Plan, compensations: Compensations): Promise<Compensated> {
  if (compensations.kind === 'none') return { model: context.analysis.model, outcomes: undefined };
  return context.clock.time('recover', () => rewriteWeights(context, plan, compensations));
}

/** The same where nobody waits for this alone. */
export async function rewriteWeights(
  { analysis, runtime }: Pick<Context, 'analysis' | 'runtime'>,
  plan: Plan,
  compensations: Compensations,
): Promise<Compensated> {
  const weights = new WeightEdits();
  const algebra = new Algebra(runtime);
  const outcomes = await rewritten(analysis, plan, compensations, weights, algebra).finally(() => algebra.close());
  const model = cloneModel(analysis.model);
  weights.applyTo(model.graph);
  return { model, outcomes };
}

async function rewritten(
  { groups, heads, branches }: Analysis,
  plan: Plan,
  { neurons, beyond, reasons }: Compensations,
  weights: WeightEdits,
  algebra: Algebra,
): Promise<CompensationOutcomes> {
  const outcomes = new Map<string, string>();
  const leaving = (group: Group) => removedUnits(plan, group).length > 0;
  const applyTo = async (group: Group) => {
    const [compensation, reason] = [neurons.get(group.id), reasons.get(group.id)];
    if (!compensation) return reason ?? 'nothing';
    if (!(await compensation.apply(plan.groups[group.id].keep, weights, algebra)))
      return 'the calibration data give no finite solution';
    return reason ? `${compensation.name}: ${reason}` : 'done';
  };
  // What branches leave to others is work of those, before some of their neurons leave.
  const gone = new Set(branches.filter(leaving).map(({ id }) => id));
  for (const { id } of branches.filter(leaving)) {
    const branch = beyond.get(id) as BranchCompensation | undefined;
    await branch?.apply([], weights, algebra, gone);
    outcomes.set(id, branch ? 'done' : (reasons.get(id) ?? 'nothing'));
  }
  const isStream = ({ kind }: Group) => kind === 'residual';
  for (const group of groups.filter((own) => !isStream(own) && leaving(own)))
    outcomes.set(group.id, await applyTo(group));
  // What leaves of the values of heads is made up for with the values.
  for (const set of heads.filter(leaving)) {
    const value = valuePart(set)?.group.id ?? '';
    outcomes.set(set.id, outcomes.get(value) ?? reasons.get(set.id) ?? 'nothing');
  }
  // Rotations of the stream come last: they turn whatever the others made of the weights.
  for (const group of groups.filter((own) => isStream(own) && leaving(own)))
    outcomes.set(group.id, await applyTo(group));
  return outcomes;
}
