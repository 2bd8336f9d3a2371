/** A = U B V^T with B upper bidiagonal; U and V as rows of their transposes. */
export interface Bidiagonal {
  diagonal: Float64Array;
  /** `superdiagonal[k]` stands beside `diagonal[k]`; the last is zero. */
  superdiagonal: Float64Array;
  ut: Float64Array;
  vt: Float64Array;
}

/** Brings a square matrix to upper bidiagonal form by Householder reflections from both sides. */
export function bidiagonalise(a: Float64Array, n: number): Bidiagonal {
  const work = Float64Array.from(a);
  const diagonal = new Float64Array(n);
  const superdiagonal = new Float64Array(n);
  // Reflection k is I - tau v v^T; row k of `left` and `right` holds its v.
  const left = new Float64Array(n * n);
  const right = new Float64Array(n * n);
  const leftTau = new Float64Array(n);
  const rightTau = new Float64Array(n);
  const sums = new Float64Array(n);
  for (let k = 0; k < n; k++) {
    for (let i = k; i < n; i++) left[k * n + i] = work[i * n + k];
    [diagonal[k], leftTau[k]] = reflect(left, k * n + k, n - k);
    reflectRows(work, left, k * n, leftTau[k], k, k + 1, n, sums);
    if (k + 1 >= n) continue;
    for (let j = k + 1; j < n; j++) right[k * n + j] = work[k * n + j];
    [superdiagonal[k], rightTau[k]] = reflect(right, k * n + k + 1, n - k - 1);
    reflectColumns(work, right, k * n, rightTau[k], k + 1, n);
  }
  return {
    diagonal,
    superdiagonal,
    ut: accumulate(left, leftTau, 0, n),
    vt: accumulate(right, rightTau, 1, n),
  };
}

/** Turns x at `at` into the v of the reflection that maps x to (beta, 0, ...); returns [beta, tau]. */
function reflect(x: Float64Array, at: number, length: number): [number, number] {
  let largest = 0;
  for (let i = at; i < at + length; i++) largest = Math.max(largest, Math.abs(x[i]));
  if (largest === 0) return [0, 0];
  let squares = 0;
  for (let i = at; i < at + length; i++) squares += (x[i] / largest) ** 2;
  const norm = largest * Math.sqrt(squares);
  const beta = x[at] > 0 ? -norm : norm;
  const head = x[at] - beta;
  const tau = -head / beta;
  for (let i = at + 1; i < at + length; i++) x[i] /= head;
  x[at] = 1;
  return [beta, tau];
}

/** work[from.., column..] -= tau v (v^T work): the reflection from the left on the columns that are left. */
function reflectRows(
  work: Float64Array,
  v: Float64Array,
  vAt: number,
  tau: number,
  from: number,
  column: number,
  n: number,
  sums: Float64Array,
): void {
  if (tau === 0) return;
  sums.fill(0, column);
  for (let i = from; i < n; i++) {
    const factor = v[vAt + i];
    for (let j = column; j < n; j++) sums[j] += factor * work[i * n + j];
  }
  for (let i = from; i < n; i++) {
    const factor = tau * v[vAt + i];
    for (let j = column; j < n; j++) work[i * n + j] -= factor * sums[j];
  }
}

/** work[from.., from..] -= tau (work v) v^T: the reflection from the right on the rows that are left. */
function reflectColumns(work: Float64Array, v: Float64Array, vAt: number, tau: number, from: number, n: number): void {
  if (tau === 0) return;
  for (let i = from; i < n; i++) {
    let dot = 0;
    for (let j = from; j < n; j++) dot += work[i * n + j] * v[vAt + j];
    dot *= tau;
    for (let j = from; j < n; j++) work[i * n + j] -= dot * v[vAt + j];
  }
}

/** The transpose of the product of all reflections. Backwards, each touches only what is no longer the identity. */
function accumulate(v: Float64Array, tau: Float64Array, offset: number, n: number): Float64Array {
  const product = new Float64Array(n * n);
  for (let i = 0; i < n; i++) product[i * n + i] = 1;
  for (let k = n - 1; k >= 0; k--) {
    // Rows of the transpose: (H_k Q)^T = Q^T H_k, a reflection from the right.
    if (tau[k] !== 0) reflectColumns(product, v, k * n, tau[k], k + offset, n);
  }
  return product;
}
