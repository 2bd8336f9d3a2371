/** A change that was tried on rows it was not made from: what is missing there, y, and what it gives, d. */
export interface Trial {
  /** Sum of y d. */
  fitted: number;
  /** Sum of d^2. */
  squares: number;
}

/** Which change, and how much of it, from 0 to 1, leaves least of |y - s d|^2 = |y|^2 - 2 s y d + s^2 d^2; undefined where none leaves less than nothing does. */
export function bestStep<T extends Trial>(trials: readonly T[]): { trial: T; step: number } | undefined {
  let best: { trial: T; step: number } | undefined;
  let most = 0;
  for (const trial of trials) {
    const { fitted, squares } = trial;
    if (!(squares > 0) || !(fitted > 0)) continue;
    const step = Math.min(1, fitted / squares);
    const gain = 2 * step * fitted - step * step * squares;
    if (gain > most) [best, most] = [{ trial, step }, gain];
  }
  return best;
}
