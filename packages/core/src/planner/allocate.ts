import type { DamageCurve } from './damage.js';

/** One group as the planner sees it. */
export interface Allocatable {
  id: string;
  damage: DamageCurve;
  /** Widths to choose from, per head, ascending; the last is the full one. */
  widths: readonly number[];
}

/**
 * Chooses widths so that the sum of damages is least under a limit: Lagrangian relaxation, where at a price per cost each group takes the width
 * that is best for itself, and what the last step of the price leaves over is spent on the groups that gain most by it. Costs may depend on one another
 * (attention costs queries and keys times tokens, a layer its inputs times its outputs): prices are taken anew at the solution.
 *
 * @param cost Cost of given widths, falling as they fall; groups that are not named are whole.
 * @param limit Highest cost allowed.
 * @returns Undefined if even the least widths cost more.
 */
export function allocate(
  groups: readonly Allocatable[],
  cost: (widths: Readonly<Record<string, number>>) => number,
  limit: number,
): Record<string, number> | undefined {
  const at = (choose: (group: Allocatable) => number) =>
    Object.fromEntries(groups.map((group) => [group.id, choose(group)]));
  const full = at(({ widths }) => widths[widths.length - 1]);
  if (cost(full) <= limit) return full;
  if (cost(at(({ widths }) => widths[0])) > limit) return undefined;
  let solution = full;
  for (let round = 0; round < ROUNDS; round++) {
    const prices = pricesAt(groups, solution, cost);
    const best = (price: number) => at((group) => bestWidth(group, price * prices[group.id]));
    solution = best(lowestPrice((price) => cost(best(price)) <= limit));
  }
  return spendRest(groups, solution, cost, limit);
}

const ROUNDS = 3;

/** What one unit per head of each group costs beside the others as they are. */
function pricesAt(
  groups: readonly Allocatable[],
  widths: Readonly<Record<string, number>>,
  cost: (widths: Readonly<Record<string, number>>) => number,
) {
  const prices: Record<string, number> = {};
  for (const { id, widths: choices } of groups) {
    const top = choices[choices.length - 1];
    const span = Math.max(1, top - choices[0]);
    prices[id] = Math.max(0, cost({ ...widths, [id]: top }) - cost({ ...widths, [id]: choices[0] })) / span;
  }
  return prices;
}

function bestWidth({ damage, widths }: Allocatable, price: number): number {
  let [best, least] = [widths[widths.length - 1], Number.POSITIVE_INFINITY];
  for (const width of widths) {
    const sum = damage[width] + price * width;
    // Of equal ones the wider.
    if (sum <= least) [best, least] = [width, sum];
  }
  return best;
}

/** The lowest price at which the limit is met: found on a logarithmic scale, whatever the units of damage and cost. */
function lowestPrice(meets: (price: number) => boolean): number {
  let [low, high] = [-60, 20];
  while (high - low > 1e-3) {
    const middle = (low + high) / 2;
    if (meets(Math.exp(middle))) high = middle;
    else low = middle;
  }
  return Math.exp(high);
}

/** Widens groups by the step that saves most damage per cost, as long as the limit allows one. */
function spendRest(
  groups: readonly Allocatable[],
  start: Record<string, number>,
  cost: (widths: Readonly<Record<string, number>>) => number,
  limit: number,
): Record<string, number> {
  const widths = { ...start };
  const prices = pricesAt(groups, widths, cost);
  const blocked = new Set<string>();
  for (;;) {
    const steps = groups.flatMap(({ id, damage, widths: choices }) => {
      const next = choices[choices.indexOf(widths[id]) + 1];
      if (next === undefined || blocked.has(id)) return [];
      return [{ id, next, gain: (damage[widths[id]] - damage[next]) / (prices[id] * (next - widths[id]) || 1) }];
    });
    const best = steps.sort((a, b) => b.gain - a.gain)[0];
    if (!best) return widths;
    const wider = { ...widths, [best.id]: best.next };
    if (cost(wider) <= limit) widths[best.id] = best.next;
    else blocked.add(best.id);
  }
}
