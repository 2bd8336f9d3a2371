/** Matrices [rows, columns] side by side, as one matrix [rows, sum of columns]. A bias is a matrix of one row. */
export function joinColumns(rows: number, parts: readonly Float32Array[]): Float32Array {
  const joined = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (let row = 0; row < rows; row++) {
    for (const part of parts) {
      const columns = part.length / rows;
      joined.set(part.subarray(row * columns, (row + 1) * columns), at);
      at += columns;
    }
  }
  return joined;
}
