/** Singular values in descending order; columns of `u` and `v` are the vectors. One-sided Jacobi: slow, and independent. */
export function jacobiSvd(a: number[][]): { s: number[]; u: number[][]; v: number[][] } {
  const n = a[0].length;
  const work = a.map((row) => [...row]);
  const v = Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => Number(i === j)));
  for (let sweep = 0; sweep < 100; sweep++) {
    let worst = 0;
    for (let p = 0; p < n - 1; p++) {
      for (let q = p + 1; q < n; q++) {
        let [alpha, beta, gamma] = [0, 0, 0];
        for (const row of work) {
          alpha += row[p] ** 2;
          beta += row[q] ** 2;
          gamma += row[p] * row[q];
        }
        if (gamma === 0) continue;
        worst = Math.max(worst, Math.abs(gamma) / Math.sqrt(alpha * beta || Number.MIN_VALUE));
        const zeta = (beta - alpha) / (2 * gamma);
        const t = (zeta >= 0 ? 1 : -1) / (Math.abs(zeta) + Math.hypot(1, zeta));
        const c = 1 / Math.hypot(1, t);
        const s = c * t;
        for (const rows of [work, v]) {
          for (const row of rows) [row[p], row[q]] = [c * row[p] - s * row[q], s * row[p] + c * row[q]];
        }
      }
    }
    if (worst < 1e-15) break;
  }
  const norms = Array.from({ length: n }, (_, j) => Math.hypot(...work.map((row) => row[j])));
  const order = [...norms.keys()].sort((i, j) => norms[j] - norms[i]);
  return {
    s: order.map((j) => norms[j]),
    u: work.map((row) => order.map((j) => (norms[j] > 0 ? row[j] / norms[j] : 0))),
    v: v.map((row) => order.map((j) => row[j])),
  };
}
