import { type Feed, type inputs, random, relativeError, runModel } from '@snp/testing';
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
} from './core.js';

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

/** The plan without some heads of every attention, and without some branches, chosen at random. */
export function withoutHeadsAndBranches(
  plan: Plan,
  analysis: Analysis,
  shares: { heads: number; branches: number },
  seed: number,
): Plan {
  const groups = { ...plan.groups };
  for (const heads of analysis.heads.filter(({ frozen }) => !frozen)) {
    const draw = random(seed, heads.id);
    const scores = Float64Array.from({ length: heads.units }, () => draw.uniform());
    const keep = Math.max(1, Math.round(heads.units * shares.heads));
    groups[heads.id] = { units: heads.units, lanes: 1, keep: selectUnits(heads, scores, keep) };
  }
  for (const { id } of analysis.branches) {
    if (random(seed, id).uniform() >= shares.branches) groups[id] = { units: 1, lanes: 1, keep: [] };
  }
  return { ...plan, groups };
}

/** Largest relative difference between the pruned model and the masked original, over all outputs. */
export async function difference(analysis: Analysis, plan: Plan, feeds: ReturnType<typeof inputs>): Promise<number> {
  const masked = maskedModel(analysis.model, removedSlices(plan, analysis));
  const [want, got] = [await runModel(masked, feeds), await runModel(applyPlan(analysis, plan), feeds)];
  return compareOutputs(Object.values(got), Object.values(want));
}

/** Largest relative difference over outputs in order; not a number in both is no difference. */
export function compareOutputs(got: readonly Feed[], want: readonly Feed[]): number {
  return Math.max(
    ...want.map((b, at) => {
      const a = got[at];
      if (a.dims.join() !== b.dims.join()) return Number.POSITIVE_INFINITY;
      const pairs = Array.from(a.data as Float32Array, (x, i) => [x, b.data[i] as number] as const);
      if (pairs.some(([x, y]) => Number.isFinite(x) !== Number.isFinite(y))) return Number.POSITIVE_INFINITY;
      const finite = pairs.filter(([x]) => Number.isFinite(x));
      if (finite.length === 0) return 0;
      return relativeError(
        finite.map(([x]) => x),
        finite.map(([, y]) => y),
      );
    }),
  );
}
