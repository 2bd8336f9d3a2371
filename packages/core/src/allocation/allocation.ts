import type { ChosenWidths } from '../plan/chosenWidths.js';
import type { LatencyOutcome } from './meetLatency.js';
import type { TradeOffPoint } from './planner.js';

/** The widths of all groups, and what led to them. */
export interface Allocation extends ChosenWidths {
  /** What was expected of it; absent where every group loses the same. */
  readonly planning?: Planning;
  /** What became of a latency budget; absent without one. */
  readonly latency?: LatencyOutcome;
}

/** What narrowing a group alone does to the answers, in nats, by two ways. */
export interface EffectCheck {
  group: string;
  /** Units per head that stay. */
  width: number;
  /** By gradients. */
  estimated: number;
  /** By running the model. */
  measured: number;
}

/** What was expected when a budget was allocated. */
export interface Planning {
  /** Expected divergence of the answers, in nats, by what each group that loses units loses. */
  divergence: Readonly<Record<string, number>>;
  /** Groups whose effect on the answers was estimated by gradients; that of the others was measured by running the model. */
  estimated: readonly string[];
  /** Effects that were both estimated and measured; absent where none were. */
  checks?: readonly EffectCheck[];
  /** What other budgets would cost. */
  tradeOff: readonly TradeOffPoint[];
}
