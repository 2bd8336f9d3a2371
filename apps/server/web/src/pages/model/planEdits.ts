import type { Analysis, Group, Plan } from '../../api/types.js';

/** Units that stay, ascending, of every group that is not whole. */
export type Kept = Readonly<Record<string, readonly number[]>>;

/** Scores of units by group: the lowest leaves first. */
export type Scores = ReadonlyMap<string, readonly number[]>;

/** Head of a unit. */
function laneOf({ laneOf: lanes, width }: Group, unit: number): number {
  return lanes ? lanes[unit] : Math.floor(unit / width);
}

/** Units of a group by head, each ascending. */
export function unitsByLane(group: Group): number[][] {
  const lanes = Array.from({ length: group.lanes }, (): number[] => []);
  for (let unit = 0; unit < group.units; unit++) lanes[laneOf(group, unit)].push(unit);
  return lanes;
}

/** Units of a group that stay. */
export function keptOf(group: Group, kept: Kept): readonly number[] {
  return kept[group.id] ?? Array.from({ length: group.units }, (_, unit) => unit);
}

/** Units per head that stay: of the fullest head, where heads differ. */
export function keptWidth(group: Group, kept: Kept): number {
  return Math.max(...countsByLane(group, keptOf(group, kept)));
}

/** Units that stay in each head. */
export function countsByLane(group: Group, units: readonly number[]): number[] {
  const counts = new Array<number>(group.lanes).fill(0);
  for (const unit of units) counts[laneOf(group, unit)]++;
  return counts;
}

/**
 * Lets a group have so many units per head. Of those that stay the worst leave, of those that left the best come back: by score, or, without
 * scores, the last ones leave first.
 */
export function withWidth(group: Group, kept: Kept, width: number, scores: Scores): Kept {
  const own = new Set(keptOf(group, kept));
  const rank = rankOf(group, scores);
  const units = unitsByLane(group).flatMap((lane) => {
    const [inside, outside] = [lane.filter((unit) => own.has(unit)), lane.filter((unit) => !own.has(unit))];
    if (inside.length >= width) return inside.sort(rank).slice(0, width);
    return [...inside, ...outside.sort(rank).slice(0, width - inside.length)];
  });
  return withUnits(group, kept, units);
}

/** Lets one unit leave, or come back. */
export function toggled(group: Group, kept: Kept, unit: number): Kept {
  const own = keptOf(group, kept);
  return withUnits(group, kept, own.includes(unit) ? own.filter((other) => other !== unit) : [...own, unit]);
}

/** A whole group again. */
export function restored(group: Group, kept: Kept): Kept {
  const { [group.id]: _, ...others } = kept;
  return others;
}

/** The plan for it. */
export function planOf({ fingerprint, groups }: Analysis, kept: Kept): Plan {
  const entries: Plan['groups'] = {};
  for (const { id, units, lanes } of groups) if (kept[id]) entries[id] = { units, lanes, keep: [...kept[id]] };
  return { format: 'snp-plan', version: 2, tool: 'snp serve', model: { fingerprint }, groups: entries };
}

/** What a plan keeps. */
export function keptByPlan(plan: Pick<Plan, 'groups'>): Kept {
  return Object.fromEntries(Object.entries(plan.groups).map(([id, { keep }]) => [id, keep]));
}

function withUnits(group: Group, kept: Kept, units: readonly number[]): Kept {
  if (units.length === group.units) return restored(group, kept);
  return { ...kept, [group.id]: [...units].sort((a, b) => a - b) };
}

/** Best first. */
function rankOf({ id }: Group, scores: Scores): (a: number, b: number) => number {
  const own = scores.get(id);
  return (a, b) => (own ? own[b] - own[a] : 0) || a - b;
}
