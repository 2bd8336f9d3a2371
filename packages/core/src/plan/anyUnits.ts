import type { Analysis, Group } from '@snp/graph';
import { emptyPlan, type Plan } from './plan.js';
import { laneWidth, type Widths } from './widths.js';

/** A plan of given widths that keeps the first units of every head: for questions that only the number of units decides, as how fast a model is. */
export function anyUnits(analysis: Analysis, widths: Widths): Plan {
  const plan = emptyPlan(analysis);
  for (const group of analysis.groups) {
    const keep = widths[group.id] ?? laneWidth(group);
    if (keep < laneWidth(group))
      plan.groups[group.id] = { units: group.units, lanes: group.lanes, keep: firstOfLanes(group, keep) };
  }
  return plan;
}

function firstOfLanes(group: Group, keep: number): number[] {
  const seen = new Array<number>(group.lanes).fill(0);
  return Array.from({ length: group.units }, (_, unit) => unit).filter((unit) => seen[group.laneOf[unit]]++ < keep);
}
