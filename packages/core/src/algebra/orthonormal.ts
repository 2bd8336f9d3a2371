/**
 * Makes the columns of a matrix [n, m] (m <= n) orthonormal, one after the other: the first r columns of the result span what the first r columns
 * did. Columns that hardly add anything give way to unit vectors that do. Gram and Schmidt, twice over (Giraud et al. 2005).
 *
 * @param avoid Unit vectors that the result is to be orthogonal to.
 */
export function orthonormal(
  matrix: Float64Array,
  n: number,
  m: number,
  avoid: readonly Float64Array[] = [],
): Float64Array {
  const done: Float64Array[] = [...avoid];
  let spare = 0;
  for (let column = 0; column < m; column++) {
    let next = reduced(
      Float64Array.from({ length: n }, (_, i) => matrix[i * m + column]),
      done,
    );
    while (!next) {
      const unit = new Float64Array(n);
      unit[spare++] = 1;
      next = reduced(unit, done);
    }
    done.push(next);
  }
  const columns = done.slice(avoid.length);
  return Float64Array.from({ length: n * m }, (_, at) => columns[at % m][Math.floor(at / m)]);
}

/** What is left of a vector beside others, at length one; undefined if next to nothing is. */
function reduced(vector: Float64Array, others: readonly Float64Array[]): Float64Array | undefined {
  const before = norm(vector);
  for (let time = 0; time < 2; time++) {
    for (const other of others) {
      let share = 0;
      for (let i = 0; i < vector.length; i++) share += vector[i] * other[i];
      for (let i = 0; i < vector.length; i++) vector[i] -= share * other[i];
    }
  }
  const after = norm(vector);
  if (!(after > 1e-9 * before)) return undefined;
  return vector.map((element) => element / after);
}

function norm(vector: Float64Array): number {
  return Math.sqrt(vector.reduce((sum, element) => sum + element * element, 0));
}
