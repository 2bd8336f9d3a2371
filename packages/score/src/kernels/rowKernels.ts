/** Dense products over the rows of a matrix, behind an interface so that large ones can run in the inference runtime. */
export interface RowKernels {
  /**
   * For each of `count` rows of length `width` (row-major), the sum of |cos| between it and every row, itself included.
   * A row of zeros has cosine 0 with all others and 1 with itself.
   */
  absCosineSums(rows: Float32Array | Float64Array, count: number, width: number): Promise<Float64Array>;
}

/** The products in plain JavaScript: for small weights, tests and browsers. O(count² width). */
export const plainKernels: RowKernels = {
  async absCosineSums(rows, count, width) {
    const unit = normaliseRows(rows, count, width);
    const sums = new Float64Array(count).fill(1);
    for (let a = 0; a < count; a++) {
      for (let b = a + 1; b < count; b++) {
        let dot = 0;
        for (let k = 0; k < width; k++) dot += unit[a * width + k] * unit[b * width + k];
        sums[a] += Math.abs(dot);
        sums[b] += Math.abs(dot);
      }
    }
    return sums;
  },
};

/** Rows divided by their Euclidean norms, in float64; rows of zeros stay zero. */
export function normaliseRows(rows: ArrayLike<number>, count: number, width: number): Float64Array {
  const unit = new Float64Array(count * width);
  for (let row = 0; row < count; row++) {
    let squares = 0;
    for (let k = 0; k < width; k++) squares += rows[row * width + k] ** 2;
    const scale = squares > 0 ? 1 / Math.sqrt(squares) : 0;
    for (let k = 0; k < width; k++) unit[row * width + k] = rows[row * width + k] * scale;
  }
  return unit;
}
