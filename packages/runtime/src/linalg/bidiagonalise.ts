/** A = U B V^T with B upper bidiagonal; U and V as the Householder reflections they are products of. */
export interface Bidiagonal {
  diagonal: Float64Array;
  /** `superdiagonal[k]` stands beside `diagonal[k]`; the last is zero. */
  superdiagonal: Float64Array;
  left: Reflections;
  right: Reflections;
}

/** A product of reflections H_0 H_1 ..., where H_k = I - tau_k v_k v_k^T and row k of `v` holds v_k. */
export interface Reflections {
  v: Float64Array;
  tau: Float64Array;
  /** v_k is zero before position k + `offset`. */
  offset: number;
}

/** Brings a square matrix (`n` x `n`, row-major) to upper bidiagonal form by Householder reflections from both sides. */
export function bidiagonalise(a: Float64Array, n: number): Bidiagonal {
  const work = Float64Array.from(a);
  const diagonal = new Float64Array(n);
  const superdiagonal = new Float64Array(n);
  const left: Reflections = { v: new Float64Array(n * n), tau: new Float64Array(n), offset: 0 };
  const right: Reflections = { v: new Float64Array(n * n), tau: new Float64Array(n), offset: 1 };
  const sums = new Float64Array(n);
  for (let k = 0; k < n; k++) {
    for (let i = k; i < n; i++) left.v[k * n + i] = work[i * n + k];
    [diagonal[k], left.tau[k]] = reflect(left.v, k * n + k, n - k);
    reflectColumns(work, left, k, n, sums);
    if (k + 1 >= n) continue;
    for (let j = k + 1; j < n; j++) right.v[k * n + j] = work[k * n + j];
    [superdiagonal[k], right.tau[k]] = reflect(right.v, k * n + k + 1, n - k - 1);
    reflectRows(work, right, k, k + 1, n, n);
  }
  return { diagonal, superdiagonal, left, right };
}

/** Turns rows x into (H_0 H_1 ... x): vectors of the bidiagonal matrix into vectors of the whole. In place. */
export function applyReflections(rows: Float64Array, count: number, reflections: Reflections, n: number): void {
  for (let k = n - 1; k >= 0; k--) reflectRows(rows, reflections, k, 0, count, n);
}

/** Turns x at `at` into the v of the reflection that maps x to (beta, 0, ...); returns [beta, tau]. */
function reflect(x: Float64Array, at: number, length: number): [number, number] {
  let squares = 0;
  for (let i = at; i < at + length; i++) squares += x[i] * x[i];
  if (squares === 0) return [0, 0];
  const norm = Math.sqrt(squares);
  const beta = x[at] > 0 ? -norm : norm;
  const head = x[at] - beta;
  for (let i = at + 1; i < at + length; i++) x[i] /= head;
  x[at] = 1;
  return [beta, -head / beta];
}

/** H_k from the left on the columns after k: both passes run along rows of `work`. */
function reflectColumns(work: Float64Array, { v, tau }: Reflections, k: number, n: number, sums: Float64Array): void {
  if (tau[k] === 0) return;
  sums.fill(0, k + 1);
  for (let i = k; i < n; i++) {
    const factor = v[k * n + i];
    for (let j = k + 1, at = i * n + j; j < n; j++, at++) sums[j] += factor * work[at];
  }
  for (let i = k; i < n; i++) {
    const factor = tau[k] * v[k * n + i];
    for (let j = k + 1, at = i * n + j; j < n; j++, at++) work[at] -= factor * sums[j];
  }
}

/** H_k from the right on rows `from` to `to`. */
function reflectRows(
  rows: Float64Array,
  { v, tau, offset }: Reflections,
  k: number,
  from: number,
  to: number,
  n: number,
): void {
  if (tau[k] === 0) return;
  const start = k + offset;
  for (let i = from; i < to; i++) {
    let dot = 0;
    for (let j = start, at = i * n + j, to = k * n + j; j < n; j++, at++, to++) dot += rows[at] * v[to];
    dot *= tau[k];
    for (let j = start, at = i * n + j, to = k * n + j; j < n; j++, at++, to++) rows[at] -= dot * v[to];
  }
}
