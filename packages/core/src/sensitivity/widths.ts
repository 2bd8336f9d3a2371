import type { Compensation } from '../compensation/compensation.js';
import { laneWidth } from '../plan/widths.js';

/** Shares of the full width at which a group's effect is looked at. */
const SHARES = [3 / 4, 1 / 2, 1 / 4];

/** The widths at which a group's effect is looked at: wider first, and none for a part that leaves whole. */
export function widthsOf({ group }: Compensation): number[] {
  const full = laneWidth(group);
  if (group.kind === 'block') return [0];
  const widths = SHARES.map((share) => Math.max(1, Math.round(full * share)));
  return [...new Set(widths)].filter((width) => width < full);
}
