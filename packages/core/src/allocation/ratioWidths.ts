import type { Analysis, Group } from '@snp/graph';
import { type Ratios, type RoundOptions, type Widths, widthsBy } from '../plan/widths.js';
import { checkRatios } from './checkRatios.js';

/**
 * The widths that ratios give to a model's groups.
 *
 * @throws SnpError `invalid-argument` for a ratio out of range, and for a name of which the model has no group that can be pruned.
 */
export function ratioWidths(ratios: Ratios, analysis: Analysis, options: RoundOptions = {}): Widths {
  checkRatios(ratios, analysis);
  return widthsBy((group) => ratioOf(group, ratios), analysis, options);
}

/** What is to leave a group. */
function ratioOf({ id, kind }: Group, ratios: Ratios): number {
  return ratios[id] ?? ratios[kind] ?? 0;
}
