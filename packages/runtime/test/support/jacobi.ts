/** Eigenvalues (descending) of a symmetric matrix by cyclic Jacobi rotations: slow, simple, and unlike what is tested. */
export function jacobiEigenvalues(symmetric: ArrayLike<number>, n: number): number[] {
  const a = Array.from({ length: n }, (_, i) => Array.from({ length: n }, (__, j) => symmetric[i * n + j]));
  for (let sweep = 0; sweep < 60; sweep++) {
    let off = 0;
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        off += a[p][q] ** 2;
        if (a[p][q] === 0) continue;
        const angle = 0.5 * Math.atan2(2 * a[p][q], a[q][q] - a[p][p]);
        const [c, s] = [Math.cos(angle), Math.sin(angle)];
        for (let k = 0; k < n; k++) [a[k][p], a[k][q]] = [c * a[k][p] - s * a[k][q], s * a[k][p] + c * a[k][q]];
        for (let k = 0; k < n; k++) [a[p][k], a[q][k]] = [c * a[p][k] - s * a[q][k], s * a[p][k] + c * a[q][k]];
      }
    }
    if (off === 0) break;
  }
  return a.map((row, i) => row[i]).sort((x, y) => y - x);
}

/** A^T A for a row-major matrix of `rows` x `n`. */
export function gram(a: ArrayLike<number>, rows: number, n: number): Float64Array {
  const result = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) for (let k = 0; k < rows; k++) result[i * n + j] += a[k * n + i] * a[k * n + j];
  }
  return result;
}
