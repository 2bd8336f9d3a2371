/** A B for row-major matrices of `n` x `k` and `k` x `m`. Four rows of B at a time, so that rows of C are read and written less often. */
export function product(a: Float64Array, b: Float64Array, n: number, k: number, m: number): Float64Array {
  const c = new Float64Array(n * m);
  const whole = k - (k % 4);
  for (let i = 0; i < n; i++) {
    const end = (i + 1) * m;
    for (let p = 0; p < whole; p += 4) {
      const at = i * k + p;
      const [a0, a1, a2, a3] = [a[at], a[at + 1], a[at + 2], a[at + 3]];
      if (a0 === 0 && a1 === 0 && a2 === 0 && a3 === 0) continue;
      let [b0, b1, b2, b3] = [p * m, (p + 1) * m, (p + 2) * m, (p + 3) * m];
      for (let to = i * m; to < end; to++) c[to] += a0 * b[b0++] + a1 * b[b1++] + a2 * b[b2++] + a3 * b[b3++];
    }
    for (let p = whole; p < k; p++) {
      const factor = a[i * k + p];
      for (let to = i * m, from = p * m; to < end; to++, from++) c[to] += factor * b[from];
    }
  }
  return c;
}

/** A A^T for a matrix of `n` x `k`, in float64. */
export function rowProducts(a: Float64Array, n: number, k: number): Float64Array {
  const c = new Float64Array(n * n);
  const whole = k - (k % 4);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let [s0, s1, s2, s3] = [0, 0, 0, 0];
      let [p, q] = [i * k, j * k];
      for (const end = p + whole; p < end; p += 4, q += 4) {
        s0 += a[p] * a[q];
        s1 += a[p + 1] * a[q + 1];
        s2 += a[p + 2] * a[q + 2];
        s3 += a[p + 3] * a[q + 3];
      }
      for (const end = (i + 1) * k; p < end; p++, q++) s0 += a[p] * a[q];
      c[i * n + j] = c[j * n + i] = s0 + s1 + s2 + s3;
    }
  }
  return c;
}

/** The transpose of a matrix of `n` x `m`. */
export function transpose(a: Float64Array, n: number, m: number): Float64Array {
  const t = new Float64Array(n * m);
  for (let i = 0; i < n; i++) for (let j = 0; j < m; j++) t[j * n + i] = a[i * m + j];
  return t;
}
