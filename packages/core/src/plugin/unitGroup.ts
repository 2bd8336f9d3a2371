import { type Analysis, type Group, unitGroups, type WholeGroup, type WholeKind } from '@snp/graph';

/** Kinds of units that plug-ins may bring. */
export const UNIT_KINDS = ['head', 'block'] as const satisfies readonly WholeKind[];

/** One thing that leaves with a unit: a unit of a group of the analysis, be they neurons, heads (`blocks.3.heads`) or a branch (`blocks.3.ffn-branch`). */
export interface Cut {
  readonly group: string;
  readonly unit: number;
}

/**
 * A group of units beyond neurons: everything that criteria and the planner know of a group, and what leaves with each unit. `asUnits` and
 * `joinUnits` make them of what the analysis holds.
 */
export interface UnitGroup extends WholeGroup {
  /** Per unit, what leaves with it; at least one thing each. */
  readonly cuts: readonly (readonly Cut[])[];
}

/** True for groups that a plug-in brought. */
export function isUnitGroup(group: Group): group is UnitGroup {
  return 'cuts' in group;
}

/**
 * Heads of an attention, or a branch, as a plug-in brings them: each unit is one.
 *
 * @example
 * const heads: Plugin = { name: 'heads', find: ({ heads }) => heads.filter(({ frozen }) => !frozen).map(asUnits) };
 */
export function asUnits<Own extends WholeGroup>(group: Own): Own & UnitGroup {
  return { ...group, cuts: Array.from({ length: group.units }, (_, unit) => [{ group: group.id, unit }]) };
}

/** Several groups as one unit that leaves whole, as the branches of a block. */
export function joinUnits(id: string, kind: WholeKind, groups: readonly Group[]): UnitGroup {
  return {
    id,
    kind,
    block: groups[0]?.block,
    units: 1,
    lanes: 1,
    laneOf: new Int32Array(1),
    members: groups.flatMap(({ members }) =>
      members.map((member) => ({ ...member, unitOf: member.unitOf.map((unit) => (unit >= 0 ? 0 : -1)) })),
    ),
    sites: [],
    cuts: [groups.flatMap((group) => Array.from({ length: group.units }, (_, unit) => ({ group: group.id, unit })))],
  };
}

/** Units of each group that cuts may name, by its id. */
export type Cuttable = ReadonlyMap<string, number>;

/** What cuts may name in an analysed model. */
export function cuttableIn(analysis: Analysis): Cuttable {
  return new Map(unitGroups(analysis).map(({ id, units }) => [id, units]));
}

/** What is wrong with a cut, or undefined. */
export function wrongCut(cut: Cut, groups: Cuttable): string | undefined {
  if (typeof cut !== 'object' || cut === null || typeof cut.group !== 'string')
    return `${JSON.stringify(cut)} is no cut`;
  const count = groups.get(cut.group);
  if (count === undefined) return `the model has no group '${cut.group}' (${listOf(groups.keys())})`;
  if (Number.isInteger(cut.unit) && cut.unit >= 0 && cut.unit < count) return undefined;
  return `'${cut.group}' has no unit ${cut.unit}: it has ${count}, from 0`;
}

function listOf(names: Iterable<string>): string {
  const all = [...names];
  return all.length === 0 ? 'it has none' : `it has ${all.slice(0, 12).join(', ')}${all.length > 12 ? ', ...' : ''}`;
}
