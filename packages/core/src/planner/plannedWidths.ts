import type { Analysis, Group } from '@snp/graph';
import { SnpError } from '@snp/onnx';
import { type CostBudget, costLimits } from '../plan/budget.js';
import { CostModel } from '../plan/costModel.js';
import { laneWidth, type RoundOptions, type Widths } from '../plan/widths.js';
import type { RecoveryMethod } from '../recovery/method.js';
import { type Allocatable, allocate } from './allocate.js';
import { damageCurves } from './damage.js';
import type { Effects } from './effects.js';

/** Least share of units that must stay, by kind of group or by group id (an id goes before its kind); 1 keeps a group whole. */
export type LeastShares = Readonly<Record<string, number>>;

/** Options of `plannedWidths`. */
export interface PlannedWidthsOptions extends RoundOptions {
  /** Default `LEAST_SHARE` for all. */
  least?: LeastShares | undefined;
}

/** A sixteenth of a group's units stays in any case. */
export const LEAST_SHARE = 1 / 16;

/**
 * The widths that meet a budget with the least expected damage, from error-versus-width curves and measured effects.
 *
 * @returns Undefined if groups with such curves alone cannot meet it.
 */
export function plannedWidths(
  analysis: Analysis,
  methods: ReadonlyMap<string, RecoveryMethod>,
  effects: Effects,
  budget: CostBudget,
  { round = 1, least = {} }: PlannedWidthsOptions = {},
): Widths | undefined {
  checkLeast(least, analysis);
  const curves = damageCurves(methods.values(), effects);
  const groups = analysis.groups.flatMap((group): Allocatable[] => {
    const damage = curves.get(group.id);
    const share = least[group.id] ?? least[group.kind] ?? LEAST_SHARE;
    return damage ? [{ id: group.id, damage, widths: widthsOf(group, share, round) }] : [];
  });
  const costs = new CostModel(analysis);
  const limits = costLimits(budget, costs.at({}));
  // Several limits at once: the one that is exceeded most counts.
  const cost = (widths: Widths) => {
    const { macs, params, bytes } = costs.at(widths);
    return Math.max(macs / limits.macs, params / limits.params, bytes / limits.bytes);
  };
  const widths = allocate(groups, cost, 1);
  if (!widths) return undefined;
  const full = new Map(analysis.groups.map((group) => [group.id, laneWidth(group)]));
  return Object.fromEntries(Object.entries(widths).filter(([id, width]) => width < full.get(id)!));
}

/** Multiples of `round` from the least share up, and the full width. */
function widthsOf(group: Group, share: number, round: number): number[] {
  const full = laneWidth(group);
  const first = Math.max(1, Math.ceil((full * share - 1e-9) / round)) * round;
  const widths: number[] = [];
  for (let width = first; width < full; width += round) widths.push(width);
  return [...widths, full];
}

function checkLeast(least: LeastShares, analysis: Analysis): void {
  const known = new Set(analysis.groups.flatMap(({ id, kind }) => [id, kind]));
  for (const [name, share] of Object.entries(least)) {
    if (!known.has(name))
      throw new SnpError(
        'invalid-argument',
        `There is no group or kind of group '${name}' to keep. This model has: ${[...known].join(', ')}.`,
      );
    if (!(share >= 0 && share <= 1))
      throw new SnpError('invalid-argument', `The least share of '${name}' must be between 0 and 1, but is ${share}.`);
  }
}
