/**
 * A B for A of `rows` x `inner` and B of `inner` x `columns`, row-major. Four rows of B at a time: each element of the
 * result is then loaded and stored a quarter as often, which is what such products cost in JavaScript.
 *
 * @param upper A is upper triangular: what lies below its diagonal is not looked at, but must be zero.
 */
export function product(
  a: Float64Array,
  b: Float64Array,
  { rows, inner, columns, upper = false }: { rows: number; inner: number; columns: number; upper?: boolean },
): Float64Array {
  const result = new Float64Array(rows * columns);
  const whole = inner - (inner % 4);
  for (let i = 0; i < rows; i++) {
    const to = i * columns;
    for (let k = upper ? i - (i % 4) : 0; k < whole; k += 4) {
      const at = i * inner + k;
      const [f0, f1, f2, f3] = [a[at], a[at + 1], a[at + 2], a[at + 3]];
      const b0 = k * columns;
      const b1 = b0 + columns;
      const b2 = b1 + columns;
      const b3 = b2 + columns;
      for (let j = 0; j < columns; j++) {
        result[to + j] += f0 * b[b0 + j] + f1 * b[b1 + j] + f2 * b[b2 + j] + f3 * b[b3 + j];
      }
    }
    for (let k = upper ? Math.max(whole, i) : whole; k < inner; k++) {
      const factor = a[i * inner + k];
      for (let j = 0; j < columns; j++) result[to + j] += factor * b[k * columns + j];
    }
  }
  return result;
}
