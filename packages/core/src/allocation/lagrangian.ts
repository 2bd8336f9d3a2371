import type { DivergenceCurve } from '../sensitivity/expectedDivergence.js';

/** One group as the planner sees it. */
export interface Allocatable {
  id: string;
  divergence: DivergenceCurve;
  /** Widths to choose from, per head, ascending; the last is the full one. */
  widths: readonly number[];
  /** Groups that leave with this one: at width 0 their divergence does not count. */
  covers?: readonly string[] | undefined;
}

/**
 * Chooses widths so that the sum of divergences is least under a limit: Lagrangian relaxation, where at a price per cost each group takes the width
 * that is best for itself, and what the last step of the price leaves over is spent on the groups that gain most by it. Costs may depend on one another
 * (attention costs queries and keys times tokens, a layer its inputs times its outputs): prices are taken anew at the solution.
 *
 * @param cost Cost of given widths, falling as they fall; groups that are not named are whole.
 * @param limit Highest cost allowed.
 * @returns Undefined if even the least widths cost more.
 */
export function leastDivergenceWidths(
  groups: readonly Allocatable[],
  cost: (widths: Readonly<Record<string, number>>) => number,
  limit: number,
): Record<string, number> | undefined {
  const at = (choose: (group: Allocatable) => number) =>
    Object.fromEntries(groups.map((group) => [group.id, choose(group)]));
  const full = at(({ widths }) => widths[widths.length - 1]);
  if (cost(full) <= limit) return full;
  if (cost(at(({ widths }) => widths[0])) > limit) return undefined;
  const covering = groups.filter(({ covers }) => covers);
  let solution = full;
  for (let round = 0; round < ROUNDS; round++) {
    const present = { ...solution, ...Object.fromEntries(covering.map(({ id }) => [id, full[id]])) };
    const costs = costsAt(groups, present, cost);
    const best = (price: number) => {
      const widths = at((group) => (group.covers ? full[group.id] : bestWidth(group, costs[group.id], price)));
      for (const group of covering) leaveWhole(group, groups, { widths, present, full, costs, price });
      return widths;
    };
    solution = best(lowestPrice((price) => cost(best(price)) <= limit));
  }
  return spendRest(groups, solution, cost, limit);
}

const ROUNDS = 3;

/** Widths at which the cost of a group is asked for; between them it is a straight line, as multiply-accumulates are. */
const COST_POINTS = 65;

/** What each choice of each group costs beside the others as they are: latency goes in steps. */
function costsAt(
  groups: readonly Allocatable[],
  widths: Readonly<Record<string, number>>,
  cost: (widths: Readonly<Record<string, number>>) => number,
): Record<string, Float64Array> {
  return Object.fromEntries(
    groups.map(({ id, widths: choices }) => {
      const costs = new Float64Array(choices.length);
      const last = choices.length - 1;
      const step = Math.max(1, Math.ceil(last / (COST_POINTS - 1)));
      for (let from = 0, to = 0; ; from = to, to = Math.min(last, to + step)) {
        costs[to] = cost({ ...widths, [id]: choices[to] });
        for (let at = from + 1; at < to; at++)
          costs[at] = costs[from] + ((at - from) / (to - from)) * (costs[to] - costs[from]);
        if (to === last) break;
      }
      return [id, costs];
    }),
  );
}

function bestWidth({ divergence, widths }: Allocatable, costs: Float64Array, price: number): number {
  let [best, least] = [widths[widths.length - 1], Number.POSITIVE_INFINITY];
  for (let at = 0; at < widths.length; at++) {
    const sum = divergence[widths[at]] + price * costs[at];
    // Of equal ones the wider.
    if (sum <= least) [best, least] = [widths[at], sum];
  }
  return best;
}

/** Takes a group away that others leave with, if that is better than what those make of themselves at the price. */
function leaveWhole(
  group: Allocatable,
  groups: readonly Allocatable[],
  state: {
    widths: Record<string, number>;
    present: Readonly<Record<string, number>>;
    full: Readonly<Record<string, number>>;
    costs: Readonly<Record<string, Float64Array>>;
    price: number;
  },
): void {
  const { widths, present, full, costs, price } = state;
  const inner = groups.filter(({ id }) => group.covers!.includes(id) && widths[id] > 0);
  const costOf = ({ id, widths: choices }: Allocatable, width: number) => costs[id][choices.indexOf(width)];
  // Its own cost is that beside the others as they were.
  const cost = inner.reduce(
    (sum, other) => sum + costOf(other, widths[other.id]) - costOf(other, present[other.id]),
    costOf(group, full[group.id]) - costOf(group, group.widths[0]),
  );
  const divergence = inner.reduce(
    (sum, other) => sum + other.divergence[widths[other.id]],
    group.divergence[full[group.id]],
  );
  if (group.divergence[group.widths[0]] >= divergence + price * cost) return;
  widths[group.id] = group.widths[0];
  for (const { id } of inner) widths[id] = full[id];
}

/** The lowest price at which the limit is met: found on a logarithmic scale, whatever the units of divergence and cost. */
function lowestPrice(meets: (price: number) => boolean): number {
  let [low, high] = [-60, 20];
  while (high - low > 1e-3) {
    const middle = (low + high) / 2;
    if (meets(Math.exp(middle))) high = middle;
    else low = middle;
  }
  return Math.exp(high);
}

/** Widens groups by the step that saves most divergence per cost, as long as the limit allows one. */
function spendRest(
  groups: readonly Allocatable[],
  start: Record<string, number>,
  cost: (widths: Readonly<Record<string, number>>) => number,
  limit: number,
): Record<string, number> {
  const widths = { ...start };
  const costs = costsAt(groups, widths, cost);
  const blocked = new Set<string>();
  for (;;) {
    const steps = groups.flatMap(({ id, divergence, widths: choices }) => {
      const from = choices.indexOf(widths[id]);
      const next = choices[from + 1];
      if (next === undefined || blocked.has(id)) return [];
      // What costs nothing more goes first.
      const more = Math.max(1e-12, costs[id][from + 1] - costs[id][from]);
      return [{ id, next, gain: (divergence[widths[id]] - divergence[next]) / more }];
    });
    const best = steps.sort((a, b) => b.gain - a.gain)[0];
    if (!best) return widths;
    const wider = { ...widths, [best.id]: best.next };
    if (cost(wider) <= limit) widths[best.id] = best.next;
    else blocked.add(best.id);
  }
}
