/** A = Q T Q^T with T symmetric tridiagonal; Q as the Householder reflections it is a product of. */
export interface Tridiagonal {
  diagonal: Float64Array;
  /** `beside[k]` stands between `diagonal[k]` and `diagonal[k + 1]`; the last is zero. */
  beside: Float64Array;
  /** Row k holds v_k of the reflection I - tau_k v_k v_k^T, zero up to position k. */
  v: Float64Array;
  tau: Float64Array;
}

/**
 * Brings a symmetric matrix (`n` x `n`, row-major, of which the upper triangle is read) to tridiagonal form by Householder
 * reflections (Golub and Van Loan, Matrix Computations, 8.3.1).
 */
export function tridiagonalise(a: Float64Array, n: number): Tridiagonal {
  const work = Float64Array.from(a);
  const diagonal = new Float64Array(n);
  const beside = new Float64Array(n);
  const v = new Float64Array(n * n);
  const tau = new Float64Array(n);
  const w = new Float64Array(n);
  for (let k = 0; k < n; k++) {
    diagonal[k] = work[k * n + k];
    if (k + 1 >= n) break;
    const row = k * n;
    let squares = 0;
    for (let i = k + 1; i < n; i++) {
      v[row + i] = work[row + i];
      squares += v[row + i] * v[row + i];
    }
    if (squares === 0) continue;
    const norm = Math.sqrt(squares);
    const first = v[row + k + 1];
    beside[k] = first > 0 ? -norm : norm;
    v[row + k + 1] = first - beside[k];
    tau[k] = 2 / (squares - first * first + v[row + k + 1] * v[row + k + 1]);
    reflectBoth(work, v, tau[k], w, k, n);
  }
  return { diagonal, beside, v, tau };
}

/** A <- H A H on rows and columns from k + 1 on, upper triangle only: A - v w^T - w v^T. */
function reflectBoth(a: Float64Array, v: Float64Array, tau: number, w: Float64Array, k: number, n: number): void {
  const at = k * n;
  multiply(a, v, w, k, n);
  let dot = 0;
  for (let i = k + 1; i < n; i++) dot += w[i] * v[at + i];
  const half = (tau * tau * dot) / 2;
  for (let i = k + 1; i < n; i++) w[i] = tau * w[i] - half * v[at + i];
  let i = k + 1;
  // Four rows at a time, here and below, so that vectors are read and written less often: twice as fast.
  for (; i + 3 < n; i += 4) {
    const [r0, r1, r2, r3] = [i * n, (i + 1) * n, (i + 2) * n, (i + 3) * n];
    const [v0, v1, v2, v3] = [v[at + i], v[at + i + 1], v[at + i + 2], v[at + i + 3]];
    const [w0, w1, w2, w3] = [w[i], w[i + 1], w[i + 2], w[i + 3]];
    for (let j = i; j < n; j++) {
      const vj = v[at + j];
      const wj = w[j];
      a[r0 + j] -= v0 * wj + w0 * vj;
      a[r1 + j] -= v1 * wj + w1 * vj;
      a[r2 + j] -= v2 * wj + w2 * vj;
      a[r3 + j] -= v3 * wj + w3 * vj;
    }
  }
  for (; i < n; i++) for (let j = i; j < n; j++) a[i * n + j] -= v[at + i] * w[j] + w[i] * v[at + j];
}

/** Sets `result` to A v_k, from row k + 1 on. */
function multiply(a: Float64Array, v: Float64Array, result: Float64Array, k: number, n: number): void {
  const at = k * n;
  result.fill(0, k + 1);
  let i = k + 1;
  for (; i + 3 < n; i += 4) {
    const [r0, r1, r2, r3] = [i * n, (i + 1) * n, (i + 2) * n, (i + 3) * n];
    const [v0, v1, v2, v3] = [v[at + i], v[at + i + 1], v[at + i + 2], v[at + i + 3]];
    let [s0, s1, s2, s3] = [0, 0, 0, 0];
    for (let j = i + 4; j < n; j++) {
      const a0 = a[r0 + j];
      const a1 = a[r1 + j];
      const a2 = a[r2 + j];
      const a3 = a[r3 + j];
      const vj = v[at + j];
      s0 += a0 * vj;
      s1 += a1 * vj;
      s2 += a2 * vj;
      s3 += a3 * vj;
      result[j] += a0 * v0 + a1 * v1 + a2 * v2 + a3 * v3;
    }
    result[i] += s0;
    result[i + 1] += s1;
    result[i + 2] += s2;
    result[i + 3] += s3;
    addCorner(a, v, result, k, n, i, i + 4);
  }
  addCorner(a, v, result, k, n, i, n);
}

/** What rows and columns `from` to `to` give each other. */
function addCorner(
  a: Float64Array,
  v: Float64Array,
  result: Float64Array,
  k: number,
  n: number,
  from: number,
  to: number,
): void {
  const at = k * n;
  for (let i = from; i < to; i++) {
    result[i] += a[i * n + i] * v[at + i];
    for (let j = i + 1; j < to; j++) {
      result[i] += a[i * n + j] * v[at + j];
      result[j] += a[i * n + j] * v[at + i];
    }
  }
}

/** Turns rows z (eigenvectors of T) into rows Q z (eigenvectors of A), in place. */
export function turnBack(rows: Float64Array, count: number, { v, tau }: Tridiagonal, n: number): void {
  for (let k = n - 2; k >= 0; k--) {
    if (tau[k] === 0) continue;
    for (let j = 0; j < count; j++) {
      let dot = 0;
      for (let i = k + 1; i < n; i++) dot += rows[j * n + i] * v[k * n + i];
      dot *= tau[k];
      for (let i = k + 1; i < n; i++) rows[j * n + i] -= dot * v[k * n + i];
    }
  }
}
