import type { Group, GroupKind } from '@snp/graph';

/** Units that stay per head (lane), by group id. Groups that are not named stay whole. */
export type Widths = Record<string, number>;

/** Fractions of units to remove, by kind of group or by group id; an id goes before its kind. Between 0 and 1, 1 excluded. */
export type Ratios = Partial<Record<GroupKind, number>> & Record<string, number>;

/** How widths are rounded. */
export interface RoundOptions {
  /** Widths per head become multiples of this (the nearest; at least one multiple, at most the full width). Default 1. */
  round?: number;
}

/** Kinds of groups of neurons. */
export const NEURON_KINDS: readonly GroupKind[] = ['query-key', 'value', 'ffn', 'residual', 'channel'];

/** Units per head of a group in the original model. */
export function laneWidth(group: Group): number {
  return group.units / group.lanes;
}

/** What stays when a fraction is removed: `n - floor(n x ratio)`, as in SNP's published tables; at least 1. */
export function keptWidth(width: number, ratio: number): number {
  return Math.max(1, width - Math.floor(width * ratio + 1e-9));
}

/** A width as a multiple of `round`, no larger than `full`. */
export function roundWidth(width: number, full: number, round: number): number {
  if (round <= 1 || width >= full) return Math.min(width, full);
  return Math.min(full, Math.max(round, Math.round(width / round) * round));
}

/** The widths that a fraction for every group gives. */
export function widthsBy(
  ratioOf: (group: Group) => number,
  { groups }: { groups: readonly Group[] },
  { round = 1 }: RoundOptions = {},
): Widths {
  const widths: Widths = {};
  for (const group of groups) {
    const width = roundWidth(keptWidth(laneWidth(group), ratioOf(group)), laneWidth(group), round);
    if (width < laneWidth(group)) widths[group.id] = width;
  }
  return widths;
}
