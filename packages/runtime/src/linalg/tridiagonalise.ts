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
  const p = new Float64Array(n);
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
    reflectBoth(work, v, tau[k], p, k, n);
  }
  return { diagonal, beside, v, tau };
}

/** A <- H A H on rows and columns from k + 1 on, upper triangle only: A - v w^T - w v^T. */
function reflectBoth(a: Float64Array, v: Float64Array, tau: number, p: Float64Array, k: number, n: number): void {
  const at = k * n;
  for (let i = k + 1; i < n; i++) p[i] = 0;
  for (let i = k + 1; i < n; i++) {
    const row = i * n;
    const vi = v[at + i];
    let sum = a[row + i] * vi;
    for (let j = i + 1; j < n; j++) {
      const element = a[row + j];
      sum += element * v[at + j];
      p[j] += element * vi;
    }
    p[i] += sum;
  }
  let dot = 0;
  for (let i = k + 1; i < n; i++) dot += p[i] * v[at + i];
  const half = (tau * tau * dot) / 2;
  for (let i = k + 1; i < n; i++) p[i] = tau * p[i] - half * v[at + i];
  for (let i = k + 1; i < n; i++) {
    const row = i * n;
    const [vi, wi] = [v[at + i], p[i]];
    for (let j = i; j < n; j++) a[row + j] -= vi * p[j] + wi * v[at + j];
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
