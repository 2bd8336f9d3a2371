import type { Analysis, Group, GroupKind } from '@snp/graph';

/** Kinds of units that plug-ins may bring. */
export const UNIT_KINDS = ['head', 'block'] as const satisfies readonly GroupKind[];

/** One thing that leaves with a unit. */
export type Cut =
  /** A head of an attention: `heads` names the attention (`blocks.3.heads`), `head` counts from 0. */
  | { readonly heads: string; readonly head: number }
  /** A branch beside a residual connection (`blocks.3.attention`, `blocks.3.ffn`): the stream alone runs on. */
  | { readonly branch: string }
  /** A unit of a group of the analysis. */
  | { readonly group: string; readonly unit: number };

/**
 * A group of units beyond neurons: everything that criteria and the planner know of a group, and what leaves with each unit. Groups of a plug-in
 * have ids and labels of their own.
 */
export interface UnitGroup extends Group {
  /** Per unit, what leaves with it; at least one thing each. */
  readonly cuts: readonly (readonly Cut[])[];
}

/** What the cuts of units may name in a model. */
export interface Cuttable {
  /** Heads of each attention, by its name. */
  readonly heads: ReadonlyMap<string, number>;
  readonly branches: ReadonlySet<string>;
  /** Units of each group, by its id. */
  readonly groups: ReadonlyMap<string, number>;
}

/** What cuts may name in an analysed model. */
export function cuttableIn({ blocks, groups }: Analysis): Cuttable {
  return {
    heads: new Map(blocks.map(({ index, heads }) => [`blocks.${index}.heads`, heads])),
    branches: new Set(blocks.flatMap(({ index }) => [`blocks.${index}.attention`, `blocks.${index}.ffn`])),
    groups: new Map(groups.map(({ id, units }) => [id, units])),
  };
}

/** What is wrong with a cut, or undefined. */
export function wrongCut(cut: Cut, { heads, branches, groups }: Cuttable): string | undefined {
  if (typeof cut !== 'object' || cut === null) return `${String(cut)} is no cut`;
  if ('heads' in cut) return wrongNumber('attention', cut.heads, 'head', cut.head, heads);
  if ('group' in cut) return wrongNumber('group', cut.group, 'unit', cut.unit, groups);
  if (!('branch' in cut)) return `${JSON.stringify(cut)} is no cut`;
  return branches.has(cut.branch) ? undefined : `the model has no branch '${cut.branch}' (${listOf(branches)})`;
}

function wrongNumber(what: string, name: string, part: string, number: number, known: ReadonlyMap<string, number>) {
  const count = known.get(name);
  if (count === undefined) return `the model has no ${what} '${name}' (${listOf(known.keys())})`;
  if (Number.isInteger(number) && number >= 0 && number < count) return undefined;
  return `'${name}' has no ${part} ${number}: it has ${count}, from 0`;
}

function listOf(names: Iterable<string>): string {
  const all = [...names];
  return all.length === 0 ? 'it has none' : `it has ${all.slice(0, 12).join(', ')}${all.length > 12 ? ', ...' : ''}`;
}
