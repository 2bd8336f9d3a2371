import type { Analysis } from '@snp/graph';
import { SnpError } from '@snp/onnx';
import type { Criterion } from '@snp/score';
import type { Context } from '../context/context.js';
import { LeavingUnits } from '../plan/leavingUnits.js';
import { keptWidth, laneWidth, type Widths } from '../plan/widths.js';
import type { FoundUnits } from '../plugin/findUnits.js';
import { UNIT_KINDS, type UnitGroup } from '../plugin/unitGroup.js';
import { score } from './score.js';
import { selectUnits } from './selectUnits.js';

/** What was decided about units beyond neurons, before any budget is allocated. */
export interface TakenUnits {
  leaving: LeavingUnits;
  /** Scores of groups that were scored. */
  scores: ReadonlyMap<string, Float64Array>;
  /** Groups of units about which nothing was said: a budget may use them. */
  open: readonly UnitGroup[];
}

/** What asks for units. */
export interface TakeUnitsOptions {
  /** Fractions to remove, by kind or id of a group. Those of plug-ins count where these say nothing. */
  ratios?: Readonly<Record<string, number>> | undefined;
  /** Units that stay, of groups that a preset names. */
  widths?: Widths | undefined;
  /** Chooses where a plug-in brings no criterion. */
  criterion?: Criterion | undefined;
}

/** How many units stay, by id of a plug-in's group; of groups of one unit each, how many of all of them. */
interface Wanted {
  single: ReadonlyMap<UnitGroup, number>;
  pools: readonly { groups: readonly UnitGroup[]; keep: number }[];
}

/** Takes away the heads and blocks that fractions (of the target or of a plug-in) and presets ask for: those with the lowest scores. */
export async function takeUnits(
  context: Context,
  { ratios = {}, widths = {}, criterion }: TakeUnitsOptions,
): Promise<TakenUnits> {
  const leaving = new LeavingUnits();
  const scores = new Map<string, Float64Array>();
  const open: UnitGroup[] = [];
  requireHeads(context.analysis, context.units, widths);
  for (const { plugin, groups } of context.units) {
    const wanted = wantedOf(groups, { ...plugin.ratios, ...ratios }, widths);
    const decided = [...wanted.single.keys(), ...wanted.pools.flatMap((pool) => pool.groups)];
    open.push(...groups.filter((group) => !decided.includes(group)));
    if (decided.length === 0) continue;
    const assignments = decided.map((group) => ({ group, keep: wanted.single.get(group) ?? laneWidth(group) }));
    const own = await score(context, assignments, plugin.criterion ?? criterion);
    for (const [id, list] of own) scores.set(id, list);
    for (const [group, keep] of wanted.single) leaving.takeAllBut(group, selectUnits(group, own.get(group.id)!, keep));
    for (const pool of wanted.pools) {
      const lowest = [...pool.groups].sort((a, b) => own.get(a.id)![0] - own.get(b.id)![0]);
      for (const group of lowest.slice(0, pool.groups.length - pool.keep)) leaving.take(group, [0]);
    }
  }
  return { leaving, scores, open };
}

/** A preset that takes heads away needs someone to choose them. */
function requireHeads({ heads }: Analysis, found: readonly FoundUnits[], widths: Widths): void {
  const brought = new Set(found.flatMap(({ groups }) => groups.map(({ id }) => id)));
  if (heads.every(({ id }) => widths[id] === undefined || brought.has(id))) return;
  throw new SnpError(
    'invalid-argument',
    'The preset takes whole heads away: give it the plug-in that chooses them, headPruning() of @snp/plugin-head (--plugin head).',
  );
}

function wantedOf(groups: readonly UnitGroup[], ratios: Readonly<Record<string, number>>, widths: Widths): Wanted {
  const single = new Map<UnitGroup, number>();
  const pools: { groups: UnitGroup[]; keep: number }[] = [];
  for (const kind of UNIT_KINDS) {
    const own = groups.filter((group) => group.kind === kind);
    const ones = own.filter((group) => group.units === 1 && ratios[group.id] === undefined);
    const ratio = ratios[kind];
    if (ratio !== undefined && ones.length > 0) pools.push({ groups: ones, keep: keptWidth(ones.length, ratio) });
    for (const group of own) {
      const share = ratios[group.id] ?? (group.units > 1 ? ratio : undefined);
      if (share !== undefined) single.set(group, keptWidth(group.units, share));
      else if (widths[group.id] !== undefined) single.set(group, widths[group.id]);
    }
  }
  return { single, pools };
}

/** Fractions of neurons, without those of other units. */
export function neuronRatios(
  ratios: Readonly<Record<string, number>>,
  found: readonly FoundUnits[],
): Record<string, number> {
  const groups = found.flatMap((one) => one.groups);
  const isUnit = (name: string) =>
    (UNIT_KINDS as readonly string[]).includes(name) || groups.some(({ id }) => id === name);
  return Object.fromEntries(Object.entries(ratios).filter(([name]) => !isUnit(name)));
}
