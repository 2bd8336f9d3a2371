import type { Allocatable } from './allocate.js';

/** Steps, in choices of width, by which groups give and take. */
const STEPS = [1, 2, 4, 8];

/** Most pairs whose cost is asked for. */
const PAIRS = 20_000;

/**
 * Improves a division of a budget pair by pair: one group becomes narrower, another wider, where that lowers the sum of damages and the limit still
 * holds. Where costs go in steps, as latency does, prices per unit stop short of what a pair can gain.
 *
 * @param start Widths that meet the limit, as `allocate` gives them.
 */
export function exchange(
  groups: readonly Allocatable[],
  start: Readonly<Record<string, number>>,
  cost: (widths: Readonly<Record<string, number>>) => number,
  limit: number,
): Record<string, number> {
  let widths: Record<string, number> = { ...start };
  for (let asked = 0; asked < PAIRS; ) {
    const moves = movesFrom(groups, widths);
    const pairs = moves
      .flatMap((give) => moves.flatMap((take) => (give.id === take.id ? [] : [{ give, take }])))
      .map((pair) => ({ ...pair, gain: pair.give.gain + pair.take.gain }))
      .filter(({ give, take, gain }) => give.gain < 0 && take.gain > 0 && gain > 1e-12)
      .sort((a, b) => b.gain - a.gain);
    const better = pairs.find(({ give, take }) => {
      asked++;
      return cost({ ...widths, [give.id]: give.width, [take.id]: take.width }) <= limit;
    });
    if (!better) break;
    widths = { ...widths, [better.give.id]: better.give.width, [better.take.id]: better.take.width };
  }
  return widths;
}

/** What each group can become within a few steps, and by how much that lowers the damage. */
function movesFrom(groups: readonly Allocatable[], widths: Readonly<Record<string, number>>) {
  return groups.flatMap(({ id, damage, widths: choices }) => {
    const from = choices.indexOf(widths[id]);
    return [...STEPS.map((step) => -step), ...STEPS].flatMap((step) => {
      const width = choices[from + step];
      return width === undefined ? [] : [{ id, width, gain: damage[widths[id]] - damage[width] }];
    });
  });
}
