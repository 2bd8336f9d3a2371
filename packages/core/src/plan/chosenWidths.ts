import type { LeavingUnits } from './leavingUnits.js';
import type { Widths } from './widths.js';

/** How many units of every group stay, and which heads and blocks leave. */
export interface ChosenWidths {
  /** Units per head that stay; groups that are not named stay whole. */
  readonly widths: Widths;
  /** Heads and blocks that leave, and what leaves with them. */
  readonly leaving: LeavingUnits;
  /** Scores of the heads and blocks that fractions took away, by id of the group. */
  readonly scores: ReadonlyMap<string, Float64Array>;
}
