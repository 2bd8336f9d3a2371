import type { Analysis, Group, GroupKind } from '@snp/graph';
import { SnpError } from '@snp/onnx';
import { percent } from '@snp/pages';
import { type Cost, CostModel } from '../cost/costModel.js';
import { describePrunable, frozenReasons } from '../obstacles/prunable.js';
import { NEURON_KINDS, type RoundOptions, type Widths, widthsBy } from '../plan/widths.js';
import type { LatencyModel } from './latency.js';

/** What the result may cost, as a fraction of the original (above 0, at most 1), or in absolute numbers above 1. */
export interface CostBudget {
  /** Multiply-accumulate operations. */
  macs?: number;
  params?: number;
  /** Bytes of the weights. */
  bytes?: number;
}

/** Kinds that give way first. Residual channels run through every layer: taking some away costs most accuracy per MAC. */
const FIRST: readonly GroupKind[] = ['query-key', 'value', 'ffn'];

/** How the same fraction is taken from every group. */
export interface EvenOptions extends RoundOptions {
  /** Units that stay of heads and branches about which was decided before; they are in the result too. Default none. */
  fixed?: Widths | undefined;
}

/**
 * The widths that meet a budget by removing the same fraction from every group: of query/key, value and FFN neurons as long
 * as that suffices, of residual and convolution channels too where it does not.
 *
 * @throws SnpError `invalid-argument` if the budget cannot be met or is no fraction or number.
 */
export function budgetWidths(analysis: Analysis, budget: CostBudget, options: EvenOptions = {}): Widths {
  const costs = new CostModel(analysis);
  const widths = evenWidths(analysis, excessOf(costs, budget), options);
  if (widths) return widths;
  throw unmet(analysis, budget, costs, options);
}

/**
 * Checks that widths of neurons can meet a budget at all.
 *
 * @throws SnpError as `budgetWidths`.
 */
export function checkBudget(analysis: Analysis, budget: CostBudget, options: EvenOptions = {}): void {
  const costs = new CostModel(analysis);
  if (excessOf(costs, budget)(leastWidths(analysis, options)) > 1) throw unmet(analysis, budget, costs, options);
}

/** Every group at its least. */
function leastWidths(analysis: Analysis, options: EvenOptions): Widths {
  return { ...options.fixed, ...widthsBy(evenly(NEURON_KINDS, HIGHEST), analysis, options) };
}

/** A budget that cannot be met: what can, what may give way, and what does not. */
function unmet(analysis: Analysis, budget: CostBudget, costs: CostModel, options: EvenOptions): SnpError {
  const [full, least] = [costs.at({}), costs.at(leastWidths(analysis, options))];
  const limits = costLimits(budget, full);
  const over = COSTS.filter(([name]) => least[name] > limits[name]);
  const asked = over.map(([name, words]) => `${percent(limits[name], full[name])} of the ${words}`);
  const left = over.map(([name, words]) => `${percent(least[name], full[name])} of the ${words}`);
  const frozen = frozenReasons(analysis.frozen);
  return new SnpError(
    'invalid-argument',
    [
      `The budget cannot be met: with every group at its least, ${left.join(' and ')} are left, and ${asked.join(' and ')} were asked for.`,
      `Can be pruned, with units per head: ${describePrunable(analysis)}.`,
      ...(frozen.length > 0 ? [`Frozen are: ${frozen.join('; ')}.`] : []),
    ].join(' '),
  );
}

const COSTS: readonly (readonly [keyof Cost, string])[] = [
  ['macs', 'MACs'],
  ['params', 'parameters'],
  ['bytes', 'bytes'],
];

/** How far a model of given widths is above a limit: at most 1 where it meets it. */
export type Excess = (widths: Widths) => number;

/** How far widths are above a budget, and above a share of the original's latency; of several limits, the one that is exceeded most counts. */
export function excessOf(
  costs: CostModel,
  budget: CostBudget,
  latency?: { model: LatencyModel; share: number },
): Excess {
  const limits = costLimits(budget, costs.at({}));
  return (widths) => {
    const { macs, params, bytes } = costs.at(widths);
    const time = latency ? latency.model.at(widths) / latency.share : 0;
    return Math.max(macs / limits.macs, params / limits.params, bytes / limits.bytes, time);
  };
}

/**
 * The widths that meet a limit by removing the same fraction from every group, to a step of a width; undefined if none do. Where costs go in steps, as latency
 * does, all groups take one at the same fraction: as many as the limit allows stay before it.
 */
export function evenWidths(analysis: Analysis, excess: Excess, options: EvenOptions = {}): Widths | undefined {
  const meets = (widths: Widths) => excess(widths) <= 1;
  const fixed = options.fixed ?? {};
  if (meets(fixed)) return fixed;
  for (const kinds of [FIRST, NEURON_KINDS]) {
    const at = (ratio: number) => ({ ...fixed, ...widthsBy(evenly(kinds, ratio), analysis, options) });
    if (!meets(at(HIGHEST))) continue;
    const [above, ratio] = smallestRatio((one) => meets(at(one)));
    return giveBack(at(ratio), at(above), meets);
  }
  return undefined;
}

/** A budget in absolute numbers, for a model that costs `full`; what it does not limit is infinite. */
export function costLimits(budget: CostBudget, full: Cost): Cost {
  return {
    macs: absolute(budget.macs, full.macs, 'macs'),
    params: absolute(budget.params, full.params, 'params'),
    bytes: absolute(budget.bytes, full.bytes, 'bytes'),
  };
}

/** Least that is left of a group is a twentieth. */
const HIGHEST = 0.95;

/** The smallest ratio that meets, and one below it that does not: by bisection to 1/1024, finer than the step from one width to the next. */
function smallestRatio(meets: (ratio: number) => boolean): [above: number, ratio: number] {
  let [low, high] = [0, HIGHEST];
  while (high - low > 1 / 1024) {
    const middle = (low + high) / 2;
    if (meets(middle)) high = middle;
    else low = middle;
  }
  return [low, high];
}

/** Group by group, from the input on, the next wider widths, wherever the limit allows it. */
function giveBack(widths: Widths, wider: Widths, meets: (widths: Widths) => boolean): Widths {
  let given = widths;
  for (const id of Object.keys(widths)) {
    const { [id]: _, ...others } = given;
    const next = wider[id] === undefined ? others : { ...given, [id]: wider[id] };
    if (meets(next)) given = next;
  }
  return given;
}

/** The same fraction of every group of some kinds. */
function evenly(kinds: readonly GroupKind[], ratio: number): (group: Group) => number {
  return ({ kind }) => (kinds.includes(kind) ? ratio : 0);
}

function absolute(budget: number | undefined, full: number, name: string): number {
  if (budget === undefined) return Number.POSITIVE_INFINITY;
  if (!(budget > 0))
    throw new SnpError('invalid-argument', `The budget for ${name} must be above 0, but is ${budget}.`);
  if (budget > 1 && budget <= 100 && full > 100 * budget)
    throw new SnpError(
      'invalid-argument',
      `The budget for ${name} is ${budget}, neither a fraction (above 0, at most 1) nor a number that could be meant: the model has ${full}. For ${budget} % give ${Number((budget / 100).toPrecision(12))}.`,
    );
  return budget <= 1 ? budget * full : budget;
}
