import { type Analysis, type Group, unitGroups, unitsByLane } from '@snp/graph';
import { emptyPlan, type Plan } from './plan.js';
import { laneWidth, type Widths } from './widths.js';

/** A plan of given widths that keeps the first units of every head: for questions that only the number of units decides, as how fast a model is. */
export function anyUnits(analysis: Analysis, widths: Widths): Plan {
  const plan = emptyPlan(analysis);
  for (const group of unitGroups(analysis)) {
    const keep = widths[group.id] ?? laneWidth(group);
    if (keep < laneWidth(group))
      plan.groups[group.id] = { units: group.units, lanes: group.lanes, keep: firstOfLanes(group, keep) };
  }
  return plan;
}

function firstOfLanes(group: Group, keep: number): number[] {
  return unitsByLane(group)
    .flatMap((units) => units.slice(0, keep))
    .sort((a, b) => a - b);
}
