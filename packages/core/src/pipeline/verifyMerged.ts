import type { Model } from '@snp/onnx';
import { companionPlan, openCompanion } from '../companions/companion.js';
import { type MergedModel, readBy } from '../companions/mergedModel.js';
import { prepare } from '../context/prepare.js';
import { mapSamples } from '../data/mapSamples.js';
import type { Plan } from '../plan/plan.js';
import type { Verification } from '../verify/proof.js';
import { type VerifyOptions, verify } from '../verify/verify.js';

/**
 * `verify` for two models in one file (`mergedModel`): each of them is what its masked original is. Data are for the first, the second is compared on random inputs.
 *
 * @param plan Of the first.
 * @throws SnpError as `verify`.
 */
export async function verifyMerged(
  original: MergedModel,
  pruned: MergedModel,
  plan: Plan,
  { data, ...options }: Omit<VerifyOptions, 'original'>,
): Promise<Verification> {
  const settings = { allowNothing: true, narrowCache: plan?.narrowCache };
  const prepared = (model: Model) => prepare(model, settings);
  const analysis = prepared(original.first);
  const own = data && mapSamples(data, (feeds) => readBy(original.first, feeds));
  const first = await verify(analysis, pruned.first, plan, { ...options, original: original.first, data: own });
  const source = original.second;
  const companion = await openCompanion({ source, analysis: prepared(source) }, analysis, undefined);
  const theirs = companionPlan(companion, { analysis, plan });
  const second = await verify(companion.analysis, pruned.second, theirs, { ...options, original: source });
  const reason = first.reason ?? second.reason;
  return {
    passed: first.passed && second.passed,
    difference: Math.max(first.difference, second.difference),
    tolerance: Math.max(first.tolerance, second.tolerance),
    runs: first.runs + second.runs,
    inputs: first.inputs,
    ...(reason !== undefined && { reason }),
  };
}
