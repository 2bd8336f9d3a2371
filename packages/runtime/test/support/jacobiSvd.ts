/** A singular value decomposition as lists: A = sum_j s[j] u[j] v[j]^T, descending; u[j] is zero where s[j] is. */
export interface NaiveSvd {
  s: number[];
  u: number[][];
  v: number[][];
}

/**
 * Singular values and vectors of a row-major n x n matrix by one-sided Jacobi rotations (Hestenes 1958): columns are turned
 * in pairs until all are orthogonal. Slow, accurate, and nothing like bidiagonalisation.
 */
export function jacobiSvd(a: ArrayLike<number>, n: number): NaiveSvd {
  const columns = Array.from({ length: n }, (_, j) => Array.from({ length: n }, (__, i) => a[i * n + j]));
  const turned = columns.map((_, j) => columns.map((__, i) => Number(i === j)));
  for (let sweep = 0; sweep < 100 && turnPairs(columns, turned); sweep++);
  const norms = columns.map((column) => Math.hypot(...column));
  const order = [...norms.keys()].sort((i, j) => norms[j] - norms[i]);
  return {
    s: order.map((j) => norms[j]),
    u: order.map((j) => columns[j].map((element) => (norms[j] > 0 ? element / norms[j] : 0))),
    v: order.map((j) => turned[j]),
  };
}

/** One sweep over all pairs; false once none needs to be turned. */
function turnPairs(columns: number[][], turned: number[][]): boolean {
  let any = false;
  for (let p = 0; p < columns.length; p++) {
    for (let q = p + 1; q < columns.length; q++) {
      const [pp, qq, pq] = [dot(columns[p], columns[p]), dot(columns[q], columns[q]), dot(columns[p], columns[q])];
      if (Math.abs(pq) <= 1e-15 * Math.sqrt(pp * qq)) continue;
      any = true;
      const angle = Math.atan2(2 * pq, pp - qq) / 2;
      for (const vectors of [columns, turned]) turn(vectors[p], vectors[q], Math.cos(angle), Math.sin(angle));
    }
  }
  return any;
}

function turn(x: number[], y: number[], cosine: number, sine: number): void {
  for (const i of x.keys()) [x[i], y[i]] = [cosine * x[i] + sine * y[i], cosine * y[i] - sine * x[i]];
}

function dot(x: readonly number[], y: readonly number[]): number {
  return x.reduce((sum, element, i) => sum + element * y[i], 0);
}
