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

/** The selected items of a list, the limit included. */
export function selectItems<T>(items: readonly T[], selection: Selection): T[] {
  return items.filter((_, position) => isSelected(position, selection)).slice(0, selection.limit);
}
