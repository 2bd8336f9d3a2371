/** The share of a run in which the rate grows. */
const WARM_UP = 0.05;

/**
 * What the learning rate is multiplied with: it grows evenly, then falls as a cosine to nothing (Loshchilov and Hutter 2017, arXiv 1608.03983).
 *
 * @param done The share of the run that is over.
 */
export function scheduled(done: number): number {
  if (done < WARM_UP) return done / WARM_UP;
  return 0.5 * (1 + Math.cos((Math.PI * (done - WARM_UP)) / (1 - WARM_UP)));
}
