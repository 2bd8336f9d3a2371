/** Position of the largest element; the first of equal ones. */
export function argmax(values: ArrayLike<number>): number {
  let best = 0;
  for (let at = 1; at < values.length; at++) if (values[at] > values[best]) best = at;
  return best;
}

/** max |a - b| / max |a|: the measure of masked equivalence. */
export function relativeDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [difference, scale] = [0, 0];
  for (let at = 0; at < a.length; at++) {
    // Both infinite alike, or both NaN, is no difference; anything else that is not finite is.
    const gap = Object.is(a[at], b[at]) ? 0 : Math.abs(a[at] - b[at]);
    difference = Math.max(difference, Number.isNaN(gap) ? Number.POSITIVE_INFINITY : gap);
    if (Number.isFinite(a[at])) scale = Math.max(scale, Math.abs(a[at]));
  }
  return difference === 0 ? 0 : difference / scale;
}

/** Cosine of the angle between two vectors. */
export function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [dot, aa, bb] = [0, 0, 0];
  for (let at = 0; at < a.length; at++) {
    dot += a[at] * b[at];
    aa += a[at] * a[at];
    bb += b[at] * b[at];
  }
  return aa === 0 || bb === 0 ? Number(aa === bb) : dot / Math.sqrt(aa * bb);
}

/** |a - b|^2 as a share of how far a is from its own mean; where all of a is the same, from zero. */
export function squaredError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [sum, squares, error] = [0, 0, 0];
  for (let at = 0; at < a.length; at++) {
    sum += a[at];
    squares += a[at] * a[at];
    error += (a[at] - b[at]) ** 2;
  }
  const spread = squares - (sum * sum) / a.length;
  return error === 0 ? 0 : error / (spread > FLAT * squares ? spread : squares);
}

/** Less than this share of the squares is rounding. */
const FLAT = 1e-12;

/** Kullback-Leibler divergence of softmax(b) from softmax(a), in nats. */
export function divergence(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const [p, q] = [logSum(a), logSum(b)];
  let sum = 0;
  for (let at = 0; at < a.length; at++) {
    const log = a[at] - p;
    // A score of minus infinity has no probability, whatever the other model says of it.
    if (log !== Number.NEGATIVE_INFINITY) sum += Math.exp(log) * (log - (b[at] - q));
  }
  return sum;
}

/** log(sum(exp)), of which scores are log-probabilities apart. */
export function logSum(values: ArrayLike<number>): number {
  const top = values[argmax(values)];
  if (top === Number.NEGATIVE_INFINITY) return top;
  let sum = 0;
  for (let at = 0; at < values.length; at++) sum += Math.exp(values[at] - top);
  return top + Math.log(sum);
}
