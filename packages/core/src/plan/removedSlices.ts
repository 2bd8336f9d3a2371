import { type Analysis, type Group, unitGroups } from '@snp/graph';
import { checkPlan, type Plan, removedUnits } from './plan.js';

/** Indices of one axis of an initializer that leave with a group's removed units. */
export interface RemovedSlice {
  /** Name in the original file (or, for weights an exporter computes from constants, of the computed value). */
  initializer: string;
  axis: number;
  /** Removed positions along the axis, ascending. */
  indices: number[];
  /** Labels of the nodes this holds for, where an initializer is shared by nodes that keep different positions. */
  readers?: string[];
}

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

/** All slices of weights that a plan removes; of branches that leave, all of their own weights. */
export function removedSlices(plan: Plan, analysis: Analysis): RemovedSlice[] {
  const whole = checkPlan(plan, analysis);
  return unitGroups(analysis).flatMap((group) => slicesOfGroup(whole, group));
}
