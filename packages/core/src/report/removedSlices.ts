import type { Analysis, Group } from '@snp/graph';
import { type Plan, removedUnits } from '../plan/plan.js';
import type { RemovedSlice } from './report.js';

/** The slices of initializers that leave with a group's removed units. */
export function slicesOfGroup(plan: Plan, group: Group): RemovedSlice[] {
  const removed = new Set(removedUnits(plan, group));
  if (removed.size === 0) return [];
  return group.members.map((member) => {
    const indices = [...member.unitOf.keys()].filter((index) => removed.has(member.unitOf[index]));
    const slice: RemovedSlice = { initializer: member.initializer.name, axis: member.axis, indices };
    if (member.use) slice.readers = member.readers.map((node) => node.label);
    return slice;
  });
}

/** All slices that a plan removes. */
export function removedSlices(plan: Plan, analysis: Analysis): RemovedSlice[] {
  return analysis.groups.flatMap((group) => slicesOfGroup(plan, group));
}
