// Symmetric matrices by their lower triangles, row by row: element (i, j) with j <= i is number i (i + 1) / 2 + j.

/** Numbers in the lower triangle of an n x n matrix. */
export function triangleLength(n: number): number {
  return (n * (n + 1)) / 2;
}

/**
 * Where the lower triangle of a symmetric matrix keeps the element of row `i` and column `j`, given in either order.
 *
 * @example
 * const triangle = Float64Array.of(4, 1, 9); // of [[4, 1], [1, 9]]
 * const diagonal = [0, 1].map((i) => triangle[triangleAt(i, i)]); // 4, 9
 */
export function triangleAt(i: number, j: number): number {
  return i >= j ? triangleLength(i) + j : triangleLength(j) + i;
}

/** Rows of a symmetric matrix of which there is the lower triangle. */
function triangleSize(triangle: Float64Array): number {
  return Math.round((Math.sqrt(8 * triangle.length + 1) - 1) / 2);
}

/**
 * The whole of a symmetric matrix, [n, n], from its lower triangle, row by row.
 *
 * @param triangle Of length n (n + 1) / 2.
 * @example
 * const { values } = symmetricEigen(squareOf(Float64Array.of(4, 1, 9)), 2); // of [[4, 1], [1, 9]]
 */
export function squareOf(triangle: Float64Array): Float64Array {
  const n = triangleSize(triangle);
  const square = new Float64Array(n * n);
  for (let i = 0, at = 0; i < n; i++) {
    for (let j = 0; j <= i; j++, at++) {
      square[i * n + j] = triangle[at];
      square[j * n + i] = triangle[at];
    }
  }
  return square;
}
