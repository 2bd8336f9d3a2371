import { type inputs, random, relativeError, runModel } from '@snp/testing';
import {
  type Analysis,
  applyPlan,
  emptyPlan,
  type Group,
  laneWidth,
  maskedModel,
  type Plan,
  removedSlices,
  selectUnits,
} from '../../src/index.js';

/** A plan that keeps `share` of every group of some kinds, units chosen at random. */
export function randomPlan(analysis: Analysis, pick: (group: Group) => boolean, share: number, seed: number): Plan {
  const plan = emptyPlan(analysis);
  for (const group of analysis.groups.filter(pick)) {
    const draw = random(seed, group.id);
    const scores = Float64Array.from({ length: group.units }, () => draw.uniform());
    const keep = Math.max(1, Math.round(laneWidth(group) * share));
    plan.groups[group.id] = { units: group.units, lanes: group.lanes, keep: selectUnits(group, scores, keep) };
  }
  return plan;
}

/** Largest relative difference between the pruned model and the masked original, over all outputs. */
export async function difference(analysis: Analysis, plan: Plan, feeds: ReturnType<typeof inputs>): Promise<number> {
  const masked = maskedModel(analysis.model, removedSlices(plan, analysis));
  const [want, got] = [await runModel(masked, feeds), await runModel(applyPlan(analysis, plan), feeds)];
  const names = [Object.keys(want), Object.keys(got)];
  return Math.max(
    ...names[0].map((name, at) => {
      const [a, b] = [got[names[1][at]], want[name]];
      if (a.dims.join() !== b.dims.join()) return Number.POSITIVE_INFINITY;
      return relativeError(a.data as Float32Array, b.data as Float32Array);
    }),
  );
}
