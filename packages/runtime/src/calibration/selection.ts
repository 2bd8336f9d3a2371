import { uniformNumbers } from '../uniformNumbers.js';

/** Which samples of a source are used, by position. */
export interface Selection {
  /** At most so many. Default: all. */
  limit?: number | undefined;
  /** Every so many-th. Default 1. */
  every?: number | undefined;
  /** Position of the first. Default 0. */
  start?: number | undefined;
}

/** True if the sample at `position` is selected; `limit` is applied by the caller, who knows how many were usable. */
export function isSelected(position: number, { every = 1, start = 0 }: Selection): boolean {
  return position >= start && (position - start) % every === 0;
}

/** How samples are chosen where not all are taken. */
export interface Drawing {
  /** Other seeds choose others. Default 0. */
  seed?: number | undefined;
}

/** The selected items of a list, in their order; where there is a limit, spread over them: files lie class by class, and a few are to be of all kinds. */
export function selectItems<T>(items: readonly T[], selection: Selection & Drawing): T[] {
  return spreadItems(
    items.filter((_, position) => isSelected(position, selection)),
    selection,
  );
}

/** As many of selected items as a limit allows, spread over them, in their order. */
export function spreadItems<T>(selected: readonly T[], { limit, ...drawing }: Pick<Selection, 'limit'> & Drawing): T[] {
  if (limit === undefined || limit >= selected.length) return [...selected];
  const chosen = new Set(spread(selected.length, drawing).slice(0, limit));
  return selected.filter((_, at) => chosen.has(at));
}

const GOLDEN = (Math.sqrt(5) - 1) / 2;

/** The numbers from 0 to `count` - 1 in an order of which any first ones lie evenly among all: steps by the golden section, from where the seed says (Weyl's sequence). */
function spread(count: number, { seed = 0 }: Drawing): number[] {
  const start = uniformNumbers(seed)();
  const order = Array.from({ length: count }, (_, at) => ({ at, place: (start + at * GOLDEN) % 1 }));
  const found = new Array<number>(count);
  for (const [rank, { at }] of order.sort((a, b) => a.place - b.place).entries()) found[at] = rank;
  return found;
}
