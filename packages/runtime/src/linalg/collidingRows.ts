/** Bytes after which places in memory share one in a processor's first cache. */
const PERIOD = 4096;

/** Numbers more that end it: as many as a line of the cache holds. */
export const LINE = 16;

/** True where rows of so many float32 numbers all begin at the same place of a processor's first cache and push one another out: products take a tenth longer then (`bench/rowLengths.mjs`, Zen 4). */
export function rowsCollide(length: number): boolean {
  return (4 * length) % PERIOD === 0;
}
