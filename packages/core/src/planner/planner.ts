import type { Analysis, Group } from '@snp/graph';
import { SnpError } from '@snp/onnx';
import { type CostBudget, excessOf } from '../plan/budget.js';
import { CostModel } from '../plan/costModel.js';
import type { LatencyModel } from '../plan/latency.js';
import { laneWidth, type RoundOptions, type Widths } from '../plan/widths.js';
import { type Allocatable, allocate } from './allocate.js';
import type { DamageCurve } from './damage.js';

/** Least share of units that must stay, by kind of group or by group id (an id goes before its kind); 1 keeps a group whole. */
export type LeastShares = Readonly<Record<string, number>>;

/** Options of `Planner`. */
export interface PlannerOptions extends RoundOptions {
  /** Default `LEAST_SHARE` for all. */
  least?: LeastShares | undefined;
}

/** A sixteenth of a group's units stays in any case. */
export const LEAST_SHARE = 1 / 16;

/** What a planner chose. */
export interface Planned {
  widths: Widths;
  /** Expected divergence of the answers by what each group loses, in nats. Groups are taken one by one: together they do more. */
  damage: Readonly<Record<string, number>>;
}

/** One point of the trade-off as the planner expects it. */
export interface TradeOffPoint {
  /** Share of the original's multiply-accumulates that is left. */
  macs: number;
  /** Share of the original's parameters that is left. */
  params: number;
  /** Sum of the expected damage of all groups, in nats. */
  divergence: number;
}

/** Shares of the multiply-accumulates at which the trade-off is drawn. */
const TRADE_OFF = [1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3];

/** Finds the widths that meet budgets with the least expected damage, from what each width of each group is expected to cost (`damageCurves`). */
export class Planner {
  readonly #analysis: Analysis;
  readonly #groups: readonly Allocatable[];
  readonly #costs: CostModel;

  constructor(
    analysis: Analysis,
    curves: ReadonlyMap<string, DamageCurve>,
    { round = 1, least = {} }: PlannerOptions = {},
  ) {
    checkLeast(least, analysis);
    this.#analysis = analysis;
    this.#costs = new CostModel(analysis);
    this.#groups = analysis.groups.flatMap((group): Allocatable[] => {
      const damage = curves.get(group.id);
      const share = least[group.id] ?? least[group.kind] ?? LEAST_SHARE;
      return damage ? [{ id: group.id, damage, widths: widthsOf(group, share, round) }] : [];
    });
  }

  /** The best widths for a budget, and for a share of the original's latency; undefined if groups with curves alone cannot meet it. */
  plan(budget: CostBudget, latency?: { model: LatencyModel; share: number }): Planned | undefined {
    const groups = latency ? this.#groups.map(coarser) : this.#groups;
    const widths = allocate(groups, excessOf(this.#costs, budget, latency), 1);
    if (!widths) return undefined;
    const full = new Map(this.#analysis.groups.map((group) => [group.id, laneWidth(group)]));
    const narrower = Object.entries(widths).filter(([id, width]) => width < full.get(id)!);
    const curves = new Map(this.#groups.map(({ id, damage }) => [id, damage]));
    return {
      widths: Object.fromEntries(narrower),
      damage: Object.fromEntries(narrower.map(([id, width]) => [id, curves.get(id)![width]])),
    };
  }

  /** What other budgets would cost, as far as they can be met: shares of the multiply-accumulates. */
  tradeOff(shares: readonly number[] = TRADE_OFF): TradeOffPoint[] {
    const full = this.#costs.at({});
    return shares.flatMap((share) => {
      const planned = this.plan({ macs: share });
      if (!planned) return [];
      const divergence = Object.values(planned.damage).reduce((sum, damage) => sum + damage, 0);
      const { macs, params } = this.#costs.at(planned.widths);
      return [{ macs: macs / full.macs, params: params / full.params, divergence }];
    });
  }
}

/** Latency goes in steps of powers of two: of more than 64 widths, only multiples of such a step are worth a look. */
function coarser(group: Allocatable): Allocatable {
  const full = group.widths[group.widths.length - 1];
  const step = 2 ** Math.max(0, Math.ceil(Math.log2(full / 64)));
  const widths = group.widths.filter((width) => width % step === 0 || width === full);
  return { ...group, widths };
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
