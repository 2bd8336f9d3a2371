/**
 * Solves A X = B for a symmetric positive definite A (`n` x `n`, row-major, of which the lower triangle is read) and B of
 * `n` x `columns`, by Cholesky factorisation in float64 (Golub and Van Loan, Matrix Computations, 4.2). Undefined if A is not
 * positive definite to working precision.
 */
export function solvePositive(a: Float64Array, n: number, b: Float64Array, columns: number): Float64Array | undefined {
  const l = lowerFactor(a, n);
  if (!l) return undefined;
  const x = Float64Array.from(b);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) subtractRow(x, i, k, l[i * n + k], columns);
    divideRow(x, i, l[i * n + i], columns);
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) subtractRow(x, i, k, l[k * n + i], columns);
    divideRow(x, i, l[i * n + i], columns);
  }
  return x;
}

/**
 * The inverse of a symmetric positive definite matrix (`n` x `n`, row-major, of which the lower triangle is read), by Cholesky
 * factorisation in float64. Undefined if it is not positive definite to working precision.
 */
export function invertPositive(a: Float64Array, n: number): Float64Array | undefined {
  const l = lowerFactor(a, n);
  if (!l) return undefined;
  const m = invertLower(l, n);
  const inverse = new Float64Array(n * n);
  for (let k = 0; k < n; k++) {
    for (let i = 0; i <= k; i++) {
      const factor = m[k * n + i];
      for (let j = 0, to = i * n, from = k * n; j <= i; j++) inverse[to++] += factor * m[from++];
    }
  }
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) inverse[j * n + i] = inverse[i * n + j];
  return inverse;
}

/**
 * The lower triangular L with A = L L^T, of a symmetric positive definite matrix (`n` x `n`, row-major, of which the lower triangle is read).
 * Undefined if it is not positive definite to working precision.
 */
export function lowerFactor(a: Float64Array, n: number): Float64Array | undefined {
  const l = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      const sum = a[i * n + j] - dot(l, i * n, j * n, j);
      if (i > j) l[i * n + j] = sum / l[j * n + j];
      else if (sum > 0) l[i * n + i] = Math.sqrt(sum);
      else return undefined;
    }
  }
  return l;
}

/** The inverse of a lower triangular matrix (`n` x `n`, row-major) without zeros on its diagonal, row by row from L L^-1 = I. */
export function invertLower(l: Float64Array, n: number): Float64Array {
  const m = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    m[i * n + i] = 1;
    for (let k = 0; k < i; k++) {
      const factor = l[i * n + k];
      for (let j = 0, to = i * n, from = k * n; j <= k; j++) m[to++] -= factor * m[from++];
    }
    for (let j = 0; j <= i; j++) m[i * n + j] /= l[i * n + i];
  }
  return m;
}

/** The product of two stretches of a list, in four sums that need not wait for one another. */
function dot(list: Float64Array, a: number, b: number, length: number): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  let [p, q] = [a, b];
  for (const end = a + length - (length % 4); p < end; p += 4, q += 4) {
    s0 += list[p] * list[q];
    s1 += list[p + 1] * list[q + 1];
    s2 += list[p + 2] * list[q + 2];
    s3 += list[p + 3] * list[q + 3];
  }
  for (const end = a + length; p < end; p++, q++) s0 += list[p] * list[q];
  return s0 + s1 + s2 + s3;
}

function subtractRow(x: Float64Array, to: number, from: number, factor: number, columns: number): void {
  if (factor === 0) return;
  const [target, source] = [to * columns, from * columns];
  for (let j = 0; j < columns; j++) x[target + j] -= factor * x[source + j];
}

function divideRow(x: Float64Array, row: number, divisor: number, columns: number): void {
  for (let at = row * columns; at < (row + 1) * columns; at++) x[at] /= divisor;
}
