/** QL steps per eigenvalue after which the iteration gives up; in practice two suffice. */
const MAX_STEPS = 60;

/**
 * All eigenvalues of a symmetric tridiagonal matrix in descending order, by implicit QL steps with Wilkinson's shift (Golub
 * and Van Loan, Matrix Computations, 8.3.3; the rational variant is not used, so that signs are kept).
 */
export function tridiagonalValues(diagonal: Float64Array, beside: Float64Array, n: number): Float64Array {
  const d = Float64Array.from(diagonal);
  const e = Float64Array.from(beside);
  for (let first = 0; first < n; first++) {
    for (let step = 0; step < MAX_STEPS; step++) {
      let last = first;
      while (last < n - 1 && !isSmall(e[last], d[last], d[last + 1])) last++;
      if (last === first) break;
      qlStep(d, e, first, last);
    }
  }
  return d.sort().reverse();
}

function isSmall(off: number, a: number, b: number): boolean {
  return Math.abs(off) <= 2 ** -52 * (Math.abs(a) + Math.abs(b));
}

function qlStep(d: Float64Array, e: Float64Array, first: number, last: number): void {
  const slope = (d[first + 1] - d[first]) / (2 * e[first]);
  const root = Math.sqrt(slope * slope + 1);
  let g = d[last] - d[first] + e[first] / (slope + (slope >= 0 ? root : -root));
  let [sine, cosine, p] = [1, 1, 0];
  for (let i = last - 1; i >= first; i--) {
    const f = sine * e[i];
    const b = cosine * e[i];
    const length = Math.sqrt(f * f + g * g);
    e[i + 1] = length;
    if (length === 0) {
      d[i + 1] -= p;
      e[last] = 0;
      return;
    }
    sine = f / length;
    cosine = g / length;
    g = d[i + 1] - p;
    const t = (d[i] - g) * sine + 2 * cosine * b;
    p = sine * t;
    d[i + 1] = g + p;
    g = cosine * t - b;
  }
  d[first] -= p;
  e[first] = g;
  e[last] = 0;
}
