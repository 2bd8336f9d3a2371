/** Off-diagonal elements this small beside their neighbours are zero. */
const EPSILON = 2 ** -52;

/** QR steps per singular value after which the iteration gives up; in practice two or three suffice. */
const MAX_STEPS = 60;

/**
 * Diagonalises an upper bidiagonal matrix in place by implicit zero-chasing QR steps, and turns the rows of `ut` and `vt`
 * with it. Singular values end up in `diagonal`, not negative, in no order.
 */
export function diagonalise(
  diagonal: Float64Array,
  superdiagonal: Float64Array,
  ut: Float64Array,
  vt: Float64Array,
  n: number,
): void {
  const scale = largestElement(diagonal, superdiagonal);
  let steps = MAX_STEPS * n;
  for (let last = n - 1; last > 0; ) {
    if (isSmall(superdiagonal[last - 1], diagonal[last - 1], diagonal[last], scale)) {
      superdiagonal[--last] = 0;
      continue;
    }
    let first = last - 1;
    while (first > 0 && !isSmall(superdiagonal[first - 1], diagonal[first - 1], diagonal[first], scale)) first--;
    if (first > 0) superdiagonal[first - 1] = 0;
    if (Math.abs(diagonal[last]) <= EPSILON * EPSILON * scale) diagonal[last] = 0;
    const zero = findZero(diagonal, first, last, scale);
    if (zero >= 0) clearRow(diagonal, superdiagonal, ut, zero, last, n);
    else qrStep(diagonal, superdiagonal, ut, vt, first, last, n);
    if (steps-- === 0) break;
  }
  for (let k = 0; k < n; k++) {
    if (diagonal[k] >= 0) continue;
    diagonal[k] = -diagonal[k];
    for (let i = k * n; i < (k + 1) * n; i++) vt[i] = -vt[i];
  }
}

function largestElement(a: Float64Array, b: Float64Array): number {
  let largest = 0;
  for (let k = 0; k < a.length; k++) largest = Math.max(largest, Math.abs(a[k]), Math.abs(b[k]));
  return largest;
}

function isSmall(off: number, a: number, b: number, scale: number): boolean {
  return Math.abs(off) <= EPSILON * (Math.abs(a) + Math.abs(b)) || Math.abs(off) <= EPSILON * EPSILON * scale;
}

/** A zero on the diagonal would stall the iteration; at the very end it only asks for a shift of zero. */
function findZero(diagonal: Float64Array, first: number, last: number, scale: number): number {
  for (let k = last - 1; k >= first; k--) if (Math.abs(diagonal[k]) <= EPSILON * EPSILON * scale) return k;
  return -1;
}

/** Chases the superdiagonal element beside a zero on the diagonal out of its row. */
function clearRow(
  diagonal: Float64Array,
  superdiagonal: Float64Array,
  ut: Float64Array,
  zero: number,
  last: number,
  n: number,
): void {
  diagonal[zero] = 0;
  let bulge = superdiagonal[zero];
  superdiagonal[zero] = 0;
  for (let k = zero + 1; k <= last && bulge !== 0; k++) {
    const length = length2(diagonal[k], bulge);
    const cosine = diagonal[k] / length;
    const sine = -bulge / length;
    diagonal[k] = length;
    bulge = sine * superdiagonal[k];
    superdiagonal[k] *= cosine;
    rotateRows(ut, k * n, zero * n, cosine, -sine, n);
  }
}

/** One implicit QR step with Wilkinson's shift on rows `first` to `last`. */
function qrStep(
  d: Float64Array,
  e: Float64Array,
  ut: Float64Array,
  vt: Float64Array,
  first: number,
  last: number,
  n: number,
): void {
  const shift = d[last] === 0 ? 0 : wilkinsonShift(d, e, first, last);
  let y = d[first] - shift / d[first];
  let z = e[first];
  if (!Number.isFinite(y)) y = d[first];
  for (let k = first; k < last; k++) {
    let length = length2(y, z);
    let cosine = length === 0 ? 1 : y / length;
    let sine = length === 0 ? 0 : z / length;
    if (k > first) e[k - 1] = length;
    y = cosine * d[k] + sine * e[k];
    e[k] = cosine * e[k] - sine * d[k];
    z = sine * d[k + 1];
    d[k + 1] *= cosine;
    rotateRows(vt, k * n, (k + 1) * n, cosine, sine, n);
    length = length2(y, z);
    cosine = length === 0 ? 1 : y / length;
    sine = length === 0 ? 0 : z / length;
    d[k] = length;
    y = cosine * e[k] + sine * d[k + 1];
    d[k + 1] = cosine * d[k + 1] - sine * e[k];
    if (k + 1 < last) {
      z = sine * e[k + 1];
      e[k + 1] *= cosine;
    }
    rotateRows(ut, k * n, (k + 1) * n, cosine, sine, n);
  }
  e[last - 1] = y;
}

/** The eigenvalue of the trailing 2 x 2 block of B^T B that is nearer to its last element. */
function wilkinsonShift(d: Float64Array, e: Float64Array, first: number, last: number): number {
  const before = last - 1 > first ? e[last - 2] : 0;
  const a = d[last - 1] ** 2 + before ** 2;
  const b = d[last - 1] * e[last - 1];
  const c = d[last] ** 2 + e[last - 1] ** 2;
  if (b === 0) return c;
  const half = (a - c) / 2;
  const root = length2(half, b);
  return c - (b * b) / (half >= 0 ? half + root : half - root);
}

/** Rotates two rows: x <- c x + s y, y <- c y - s x. */
function rotateRows(rows: Float64Array, x: number, y: number, cosine: number, sine: number, n: number): void {
  for (let i = 0; i < n; i++) {
    const a = rows[x + i];
    const b = rows[y + i];
    rows[x + i] = cosine * a + sine * b;
    rows[y + i] = cosine * b - sine * a;
  }
}

/** Length of (a, b). The matrix is scaled to a largest element of one, so squares do not overflow. Much faster than Math.hypot. */
function length2(a: number, b: number): number {
  return Math.sqrt(a * a + b * b);
}
