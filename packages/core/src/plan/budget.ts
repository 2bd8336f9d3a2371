import type { Analysis, GroupKind } from '@snp/graph';
import { SnpError } from '@snp/onnx';
import { percent } from '@snp/pages';
import { type Cost, CostModel } from './costModel.js';
import type { LatencyModel } from './latency.js';
import { type Ratios, type RoundOptions, ratioWidths, type Widths } from './widths.js';

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
const ALL: readonly GroupKind[] = [...FIRST, 'residual', 'channel'];

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
  const full = costs.at({});
  const least = costs.at({ ...options.fixed, ...ratioWidths(forKinds(ALL, HIGHEST), analysis, options) });
  throw new SnpError(
    'invalid-argument',
    `The budget cannot be met: with every group at its least, ${percent(least.macs, full.macs)} of the MACs and ${percent(least.params, full.params)} of the parameters are left. Frozen parts are listed by 'snp inspect'.`,
  );
}

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
  for (const kinds of [FIRST, ALL]) {
    const at = (ratio: number) => ({ ...fixed, ...ratioWidths(forKinds(kinds, ratio), analysis, options) });
    if (!meets(at(HIGHEST))) continue;
    const [above, ratio] = smallestRatio((one) => meets(at(one)));
    return giveBack(at(ratio), at(above), meets);
  }
  return undefined;
}

/** A budget in absolute numbers, for a model that costs `full`; what it does not limit is infinite. */
function costLimits(budget: CostBudget, full: Cost): Cost {
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

function forKinds(kinds: readonly GroupKind[], ratio: number): Ratios {
  return Object.fromEntries(kinds.map((kind) => [kind, ratio]));
}

function absolute(budget: number | undefined, full: number, name: string): number {
  if (budget === undefined) return Number.POSITIVE_INFINITY;
  if (!(budget > 0))
    throw new SnpError('invalid-argument', `The budget for ${name} must be above 0, but is ${budget}.`);
  return budget <= 1 ? budget * full : budget;
}
