import type { Group } from '@snp/graph';
import { laneWidth, type Ratios, type RoundOptions, widthsBy } from '../plan/widths.js';

/** Ratios above 0 that are too small for any group they are meant for to lose a unit, each with what would do; in words. */
export function idleRatios(ratios: Ratios, groups: readonly Group[], options: RoundOptions = {}): string[] {
  const { round = 1 } = options;
  return Object.entries(ratios).flatMap(([name, ratio]) => {
    const meant = groups.filter(({ id, kind }) => id === name || (kind === name && ratios[id] === undefined));
    const widths = widthsBy(() => ratio, { groups: meant }, options);
    if (ratio === 0 || meant.length === 0 || Object.keys(widths).length > 0) return [];
    const [widest] = [...meant].sort((a, b) => laneWidth(b) - laneWidth(a));
    const width = laneWidth(widest);
    const step = Math.max(1, Math.ceil(round / 2));
    const enough = step < width ? ` ${roundedUp(step / width)} is enough for this group.` : '';
    const multiples = round > 1 ? ` in multiples of ${round}` : '';
    return [
      `The ratio of '${name}' (${ratio}) removes nothing: of ${width} units${widest.lanes > 1 ? ' per head' : ''}${multiples}, the most there are, it rounds down to none.${enough}`,
    ];
  });
}

/** To three digits, so that as a ratio it removes at least as much. */
function roundedUp(share: number): number {
  return Math.ceil(share * 1000) / 1000;
}
