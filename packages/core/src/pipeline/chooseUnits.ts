import type { Analysis } from '@snp/graph';
import { SnpError } from '@snp/onnx';
import type { Criterion, Statistics } from '@snp/score';
import { runtimeKernels } from '@snp/score';
import { LeavingUnits } from '../plan/leavingUnits.js';
import { selectUnits } from '../plan/selectUnits.js';
import { keptWidth, laneWidth, type Widths } from '../plan/widths.js';
import type { FoundUnits } from '../plugin/findUnits.js';
import { callLimits } from '../plugin/foreignCalls.js';
import { guardedCriterion } from '../plugin/guardedCriterion.js';
import { UNIT_KINDS, type UnitGroup } from '../plugin/unitGroup.js';
import { Ablation } from './ablation.js';
import type { Clock } from './clock.js';
import type { DecideOptions } from './decide.js';
import { measure } from './measure.js';
import { scoreGroups } from './scoreGroups.js';

/** What was decided about units beyond neurons, before any budget is divided. */
export interface ChosenUnits {
  leaving: LeavingUnits;
  /** Scores of groups that were scored. */
  scores: ReadonlyMap<string, Float64Array>;
  /** Groups of units about which nothing was said: the planner may use them. */
  open: readonly UnitGroup[];
}

/** How many units stay, by id of a plug-in's group; of groups of one unit each, how many of all of them. */
interface Wanted {
  single: ReadonlyMap<UnitGroup, number>;
  pools: readonly { groups: readonly UnitGroup[]; keep: number }[];
}

/**
 * Chooses the units that fractions (of the target or of a plug-in) and presets take away: those with the lowest scores.
 *
 * @param widths Units that stay, of groups that a preset names.
 */
export async function chooseUnits(
  analysis: Analysis,
  found: readonly FoundUnits[],
  widths: Widths,
  fallback: Criterion,
  options: DecideOptions,
  clock: Clock,
): Promise<ChosenUnits> {
  const leaving = new LeavingUnits();
  const scores = new Map<string, Float64Array>();
  const open: UnitGroup[] = [];
  requireHeads(analysis, found, widths);
  for (const { plugin, groups } of found) {
    const wanted = wantedOf(groups, { ...plugin.ratios, ...options.ratios }, widths);
    const decided = [...wanted.single.keys(), ...wanted.pools.flatMap((pool) => pool.groups)];
    open.push(...groups.filter((group) => !decided.includes(group)));
    if (decided.length === 0) continue;
    const criterion = guardedCriterion(plugin.criterion ?? fallback, callLimits(options));
    const own = await scored(analysis, decided, wanted, criterion, options, clock);
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

async function scored(
  analysis: Analysis,
  groups: readonly UnitGroup[],
  { single }: Wanted,
  criterion: Criterion,
  options: DecideOptions,
  clock: Clock,
): Promise<Map<string, Float64Array>> {
  const { calibration, runtime, batchSize, signal } = options;
  const assignments = groups.map((group) => ({ group, keep: single.get(group) ?? laneWidth(group) }));
  let statistics: ReadonlyMap<string, Statistics> = new Map();
  if (criterion.statistics && calibration) {
    ({ statistics } = await clock.time('calibrate', (onProgress) =>
      measure(analysis, {
        assignments,
        criterion,
        recovery: 'none',
        calibration,
        runtime,
        batchSize,
        signal,
        onProgress,
      }),
    ));
  }
  const kernels = runtimeKernels(runtime);
  const ablation = calibration && new Ablation(analysis, { calibration, runtime, batchSize, signal });
  try {
    return await clock.time('score', (onProgress) =>
      scoreGroups(criterion, assignments, statistics, kernels, onProgress, ablation),
    );
  } finally {
    await kernels.close();
  }
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
