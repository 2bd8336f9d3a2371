/** No token, and no address without one, takes more than this part of what there is for all. */
const SHARE = 1 / 4;

/** The most that one may take of what there is for all. */
export function shareOf(all: number): number {
  return Math.max(1, Math.floor(SHARE * all));
}
