import { type Analysis, analyze } from '@snp/graph';
import { cloneModel, type Model } from '@snp/onnx';
import { checkPlan, type Plan, removedUnits } from '../plan/plan.js';
import { cut } from './cut.js';
import { leavingLabels } from './leavingLabels.js';

/**
 * Executes a plan: returns a narrower copy of a model, which is not changed. Fused projections are taken apart
 * only where their parts end up with different widths; constants are cut, sizes in reshapes, splits and slices are
 * rewritten, scales stay those of the original widths. The result's shapes are checked against what the plan demands.
 *
 * @param model The analysed model, or the same with other weights, as `compensate` makes it.
 * @throws SnpError `plan-mismatch` if the plan is for another model, `unsupported` if a part cannot be taken apart.
 * @example
 * const analysis = analyze(model);
 * const smaller = applyPlan(analysis, plan);
 */
export function applyPlan(analysis: Analysis, plan: Plan, model: Model = analysis.model): Model {
  const whole = checkPlan(plan, analysis);
  const narrow = cloneModel(model);
  // The same walk over the copy gives the same labels, so units found in the original are found here.
  const copy = analyze(narrow, { narrowCache: analysis.narrowCache });
  const leaves = leavingLabels(copy, (group) => removedUnits(whole, group));
  leaveOutBranches(copy, whole);
  cut(copy, leaves);
  return narrow;
}

/** Where branches leave, the residual stream goes on as it was. */
function leaveOutBranches({ model, branches }: Analysis, plan: Plan): void {
  const leaving = branches.filter((branch) => removedUnits(plan, branch).length > 0);
  for (const { sum, stream } of leaving) sum.outputs[0]!.replaceAllUsesWith(sum.inputs[stream]!);
  if (leaving.length > 0) model.graph.removeDead();
}
