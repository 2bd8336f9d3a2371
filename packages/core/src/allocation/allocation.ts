import type { LeavingUnits } from '../plan/leavingUnits.js';
import type { Widths } from '../plan/widths.js';
import type { LatencyOutcome } from './meetLatency.js';
import type { TradeOffPoint } from './planner.js';

/** How many units of every group stay. */
export interface Allocation {
  /** Units per head that stay; groups that are not named stay whole. */
  readonly widths: Widths;
  /** Heads and blocks that leave, and what leaves with them. */
  readonly leaving: LeavingUnits;
  /** Scores of the heads and blocks that fractions took away, by id of the group. */
  readonly scores: ReadonlyMap<string, Float64Array>;
  /** What was expected of it; absent where every group loses the same. */
  readonly planning?: Planning;
  /** What became of a latency budget; absent without one. */
  readonly latency?: LatencyOutcome;
}

/** What was expected when a budget was allocated. */
export interface Planning {
  /** Expected divergence of the answers, in nats, by what each group that loses units loses. */
  divergence: Readonly<Record<string, number>>;
  /** What other budgets would cost. */
  tradeOff: readonly TradeOffPoint[];
}
