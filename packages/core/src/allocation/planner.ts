import type { Analysis, Group } from '@snp/graph';
import { SnpError } from '@snp/onnx';
import { CostModel } from '../cost/costModel.js';
import { nearestName } from '../options/nearestName.js';
import { LeavingUnits } from '../plan/leavingUnits.js';
import { laneWidth, type RoundOptions, type Widths } from '../plan/widths.js';
import { isUnitGroup, type UnitGroup } from '../plugin/unitGroup.js';
import type { DivergenceCurve } from '../sensitivity/expectedDivergence.js';
import { type CostBudget, excessOf } from './budget.js';
import { type Allocatable, leastDivergenceWidths } from './lagrangian.js';
import type { LatencyModel } from './latency.js';

/** Least share of units that must stay, by kind of group or by group id (an id goes before its kind); 1 keeps a group whole. */
export type LeastShares = Readonly<Record<string, number>>;

/** Units beyond neurons, and which of them stay when so many do. */
export interface PlannedUnits {
  readonly group: UnitGroup;
  select(width: number): readonly number[];
}

/** Options of `Planner`. */
export interface PlannerOptions extends RoundOptions {
  /** Default `LEAST_SHARE` for all neurons and heads, and 0 for blocks. */
  least?: LeastShares | undefined;
  /** Units beyond neurons that may leave. Default none. */
  units?: readonly PlannedUnits[] | undefined;
  /** Units that stay of groups about which was decided before. Default none. */
  fixed?: Widths | undefined;
}

/** A sixteenth of a group's units stays in any case. */
export const LEAST_SHARE = 1 / 16;

/** What a planner chose. */
export interface Planned {
  /** Units per head that stay, by group of the analysis; what was fixed before is in it. */
  widths: Widths;
  /** Units per head that stay, by group of the planner: of what plug-ins bring, their own units. */
  chosen: Widths;
  /** Expected divergence of the answers by what each group loses, in nats. Groups are taken one by one: together they do more. */
  divergence: Readonly<Record<string, number>>;
}

/** One point of the trade-off as the planner expects it. */
export interface TradeOffPoint {
  /** Share of the original's multiply-accumulates that is left. */
  macs: number;
  /** Share of the original's parameters that is left. */
  params: number;
  /** Sum of the expected divergence of all groups, in nats. */
  divergence: number;
}

/** Shares of the multiply-accumulates at which the trade-off is drawn. */
const TRADE_OFF = [1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3];

/** Finds the widths that meet budgets with the least expected divergence, from what each width of each group is expected to cost (`expectedDivergences`). */
export class Planner {
  readonly #analysis: Analysis;
  readonly #groups: readonly (Allocatable & { group: Group })[];
  readonly #costs: CostModel;
  readonly #units: readonly PlannedUnits[];
  readonly #fixed: Widths;

  /** @param curves What every width of a group is expected to cost, by its id: of neurons, and of units beyond. */
  constructor(
    analysis: Analysis,
    curves: ReadonlyMap<string, DivergenceCurve>,
    { round = 1, least = {}, units = [], fixed = {} }: PlannerOptions = {},
  ) {
    const brought = units.map(({ group }) => group);
    const all = [...analysis.groups, ...brought];
    checkLeast(least, all);
    this.#analysis = analysis;
    this.#units = units;
    this.#fixed = fixed;
    this.#costs = new CostModel(analysis);
    this.#groups = all.flatMap((group) => {
      const divergence = curves.get(group.id);
      if (!divergence) return [];
      const share = least[group.id] ?? least[group.kind];
      if (group.kind !== 'block') return [{ group, id: group.id, divergence, widths: widthsOf(group, share, round) }];
      const covers = coveredBy(group as UnitGroup, analysis, brought);
      return share ? [] : [{ group, id: group.id, divergence, widths: [0, 1], covers }];
    });
  }

  /**
   * The best widths for a budget, and for a share of the original's latency; undefined if groups with curves alone cannot meet it.
   *
   * @param latency With a `step`, widths are multiples of that alone; else those of `LATENCY_STEPS` that are expected to do least.
   * @param pick Which groups may give way. Default all.
   */
  plan(
    budget: CostBudget,
    latency?: { model: LatencyModel; share: number; step?: number | undefined },
    pick: (group: Group) => boolean = () => true,
  ): Planned | undefined {
    const own = this.#groups.filter(({ group }) => pick(group));
    const costs = excessOf(this.#costs, budget, latency);
    const excess = (widths: Widths) => costs(this.#native(widths));
    const steps = latency?.step === undefined ? LATENCY_STEPS : [latency.step];
    const choices = latency ? steps.map((step) => own.map((group) => coarser(group, step))) : [own];
    const chosen = leastDivergence(
      own,
      choices.map((groups) => leastDivergenceWidths(groups, excess, 1)),
    );
    if (!chosen) return undefined;
    const narrower = own.filter(({ id, group }) => chosen[id] < laneWidth(group));
    return {
      widths: this.#native(Object.fromEntries(narrower.map(({ id }) => [id, chosen[id]]))),
      chosen: Object.fromEntries(narrower.map(({ id }) => [id, chosen[id]])),
      divergence: Object.fromEntries(narrower.map(({ id, divergence }) => [id, divergence[chosen[id]]])),
    };
  }

  /** What other budgets would cost, as far as they can be met: shares of the multiply-accumulates. */
  tradeOff(shares: readonly number[] = TRADE_OFF): TradeOffPoint[] {
    const full = this.#costs.at({});
    return shares.flatMap((share) => {
      const planned = this.plan({ macs: share });
      if (!planned) return [];
      const { macs, params } = this.#costs.at(planned.widths);
      return [{ macs: macs / full.macs, params: params / full.params, divergence: totalDivergence(planned) }];
    });
  }

  /** Widths by group of the analysis: units of plug-ins are taken as what leaves with them. */
  #native(widths: Readonly<Record<string, number>>): Widths {
    const units = this.#units.filter(({ group }) => (widths[group.id] ?? group.units) < group.units);
    if (units.length === 0) return { ...this.#fixed, ...widths };
    const leaving = new LeavingUnits();
    for (const { group, select } of units) leaving.takeAllBut(group, select(widths[group.id]));
    return { ...this.#fixed, ...widths, ...leaving.widths(this.#analysis) };
  }
}

/** Of several choices of widths, the one that is expected to do least to the answers. */
function leastDivergence(groups: readonly Allocatable[], choices: readonly (Widths | undefined)[]): Widths | undefined {
  const divergenceOf = (widths: Widths) => groups.reduce((sum, { id, divergence }) => sum + divergence[widths[id]], 0);
  return choices.filter((widths) => widths !== undefined).sort((a, b) => divergenceOf(a) - divergenceOf(b))[0];
}

/** Sum of what all groups are expected to do. */
export function totalDivergence({ divergence }: Planned): number {
  return Object.values(divergence).reduce((sum, own) => sum + own, 0);
}

/** Groups that leave with a block: neurons in its branches, and heads of its attention. */
function coveredBy({ cuts }: UnitGroup, { branches }: Analysis, units: readonly UnitGroup[]): string[] {
  const leaving = new Set(cuts.flatMap((own) => own.map(({ group }) => group)));
  const own = branches.filter(({ id }) => leaving.has(id));
  const heads = own.some(({ holds }) => holds !== 'ffn')
    ? units.filter(({ kind, block }) => kind === 'head' && block === own[0].block)
    : [];
  return [...own.flatMap(({ groups }) => groups), ...heads].map(({ id }) => id);
}

/** Multiples that are tried where latency counts, for it goes in steps: prices lead past the best combination of steps, which fewer choices then find. */
export const LATENCY_STEPS = [1, 8, 16] as const;

/** Multiples of a step alone; of more than 64 widths, those of a power of two that leaves so many. */
function coarser<Own extends Allocatable & { group: Group }>(group: Own, least: number): Own {
  const full = group.widths[group.widths.length - 1];
  const step = Math.max(isUnitGroup(group.group) ? 1 : least, 2 ** Math.max(0, Math.ceil(Math.log2(full / 64))));
  const widths = group.widths.filter((width) => width % step === 0 || width === full);
  return { ...group, widths };
}

/** Multiples of `round` from the least share up, and the full width; heads are not rounded. */
function widthsOf(group: Group, share = LEAST_SHARE, round = 1): number[] {
  const full = laneWidth(group);
  const step = group.kind === 'head' ? 1 : round;
  const first = Math.max(1, Math.ceil((full * share - 1e-9) / step)) * step;
  const widths: number[] = [];
  for (let width = first; width < full; width += step) widths.push(width);
  return [...widths, full];
}

function checkLeast(least: LeastShares, groups: readonly Group[]): void {
  const known = new Set(groups.flatMap(({ id, kind }) => [id, kind]));
  for (const [name, share] of Object.entries(least)) {
    if (!known.has(name)) {
      const near = nearestName(name, known);
      throw new SnpError(
        'invalid-argument',
        `There is no group or kind of group '${name}' to keep.${near === undefined ? '' : ` Did you mean '${near}'?`} This model has: ${[...known].join(', ')}.`,
      );
    }
    if (!(share >= 0 && share <= 1))
      throw new SnpError('invalid-argument', `The least share of '${name}' must be between 0 and 1, but is ${share}.`);
  }
}
