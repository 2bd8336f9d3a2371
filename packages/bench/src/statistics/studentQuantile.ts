/** Steps of Simpson's rule, far more than the smooth integrand needs. */
const STEPS = 2000;

/**
 * The number that a variable of Student's t distribution stays below in absolute value with probability `level`: with x = sqrt(v) tan(a), its density
 * becomes the (v - 1)th power of cos(a) on a quarter of a turn.
 *
 * @param freedom Degrees of freedom, from 1 on.
 */
export function studentQuantile(level: number, freedom: number): number {
  const whole = cosinePower(Math.PI / 2, freedom - 1);
  let [low, high] = [0, Math.PI / 2];
  for (let round = 0; round < 60; round++) {
    const middle = (low + high) / 2;
    if (cosinePower(middle, freedom - 1) < level * whole) low = middle;
    else high = middle;
  }
  return Math.sqrt(freedom) * Math.tan(low);
}

/** The integral of cos(x)^power from 0 to `end`. */
function cosinePower(end: number, power: number): number {
  const step = end / STEPS;
  let sum = 0;
  for (let at = 0; at <= STEPS; at++) {
    const weight = at === 0 || at === STEPS ? 1 : at % 2 === 1 ? 4 : 2;
    sum += weight * Math.cos(at * step) ** power;
  }
  return (sum * step) / 3;
}
