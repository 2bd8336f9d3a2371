import type { Context } from '../context/context.js';
import { CostModel } from '../cost/costModel.js';
import type { Widths } from '../plan/widths.js';
import { neuronRatios, type TakenUnits } from '../selection/takeUnits.js';
import type { Allocation } from './allocation.js';
import { type EvenOptions, evenWidths, excessOf } from './budget.js';
import { type LatencyOutcome, meetLatency } from './meetLatency.js';
import { type Target, targetWidths } from './target.js';

/** Options of `allocateEvenly`. */
export interface AllocateEvenlyOptions extends Target {
  /** Widths per head become multiples of this. Default 1. */
  round?: number | undefined;
  /** Heads and blocks that leave in any case. */
  taken: TakenUnits;
}

/**
 * The widths that a preset or fractions give, or a budget by taking the same fraction from every group.
 *
 * @throws SnpError `invalid-argument` for a target that the model cannot meet, with what can be pruned.
 */
export async function allocateEvenly(
  context: Context,
  { taken, ...target }: AllocateEvenlyOptions,
): Promise<Allocation> {
  const { leaving, scores } = taken;
  const fixed = leaving.widths(context.analysis);
  const { ratios, preset, budget, latency, round } = target;
  if (latency) return { leaving, scores, ...(await evenForLatency(context, target, fixed)) };
  const none = preset === undefined && budget === undefined ? {} : undefined;
  const own = { preset, budget, round, ratios: ratios ? neuronRatios(ratios, context.units) : none, fixed };
  return { leaving, scores, widths: targetWidths(context.analysis, own) };
}

/** The same fraction of every group, so that a latency is met. */
async function evenForLatency(
  context: Context,
  { budget = {}, latency, round }: Target & Pick<EvenOptions, 'round'>,
  fixed: Widths,
): Promise<{ widths: Widths; latency: LatencyOutcome }> {
  const { analysis } = context;
  const costs = new CostModel(analysis);
  const [met] = await meetLatency(context, latency!, {
    ways: [
      (limit) => {
        const widths = evenWidths(analysis, excessOf(costs, budget, limit), { round, fixed });
        return widths && { widths };
      },
    ],
    divergenceOf: () => 0,
  });
  return met;
}
