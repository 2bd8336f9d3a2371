/** Values closer than this, relative to the largest, are made orthogonal to one another. */
const CLUSTER = 1e-4;

/**
 * Eigenvectors of a symmetric tridiagonal matrix for given eigenvalues (descending), as rows, by inverse iteration; those of
 * close values are made orthogonal to one another (Golub and Van Loan, Matrix Computations, 8.2.2).
 */
export function tridiagonalVectors(
  diagonal: Float64Array,
  beside: Float64Array,
  values: Float64Array,
  n: number,
): Float64Array {
  const scale = Math.max(...diagonal.map(Math.abs), ...beside.map(Math.abs)) || 1;
  const solver = new ShiftedSolver(diagonal, beside, n, scale);
  const rows = new Float64Array(values.length * n);
  for (let j = 0, first = 0; j < values.length; j++) {
    if (j > 0 && values[j - 1] - values[j] > CLUSTER * scale) first = j;
    const x = rows.subarray(j * n, (j + 1) * n);
    // Starts that differ and have a part along every vector.
    for (let i = 0; i < n; i++) x[i] = scattered(i, j);
    solver.factor(values[j]);
    for (let step = 0; step < 3; step++) {
      solver.solve(x);
      for (let other = first; other < j; other++) removePart(x, rows, other * n, n);
      if (!normalise(x, n)) x[(j * 5 + step) % n] = 1; // nothing was left: another start
    }
  }
  return rows;
}

/** A number between 0.1 and 1.1 that looks random, the same for the same arguments. */
function scattered(i: number, j: number): number {
  const mixed = Math.imul(Math.imul(i + 1, 0x9e3779b1) ^ Math.imul(j + 1, 0x85ebca6b), 0xc2b2ae35);
  return 0.1 + ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
}

function removePart(x: Float64Array, rows: Float64Array, at: number, n: number): void {
  let dot = 0;
  for (let k = 0; k < n; k++) dot += x[k] * rows[at + k];
  for (let k = 0; k < n; k++) x[k] -= dot * rows[at + k];
}

/** Scales a vector to length one; false if there is nothing to scale. */
function normalise(x: Float64Array, n: number): boolean {
  let largest = 0;
  for (let k = 0; k < n; k++) largest = Math.max(largest, Math.abs(x[k]));
  if (largest === 0) return false;
  let squares = 0;
  for (let k = 0; k < n; k++) {
    x[k] /= largest;
    squares += x[k] * x[k];
  }
  const scale = 1 / Math.sqrt(squares);
  for (let k = 0; k < n; k++) x[k] *= scale;
  return true;
}

/** Solves (T - shift I) x = b for a symmetric tridiagonal T, by elimination with partial pivoting. */
class ShiftedSolver {
  readonly #pivot: Float64Array;
  readonly #upper: Float64Array;
  readonly #second: Float64Array;
  readonly #multiplier: Float64Array;
  readonly #swapped: Uint8Array;

  constructor(
    private readonly diagonal: Float64Array,
    private readonly beside: Float64Array,
    private readonly size: number,
    private readonly scale: number,
  ) {
    this.#pivot = new Float64Array(size);
    this.#upper = new Float64Array(size);
    this.#second = new Float64Array(size);
    this.#multiplier = new Float64Array(size);
    this.#swapped = new Uint8Array(size);
  }

  factor(shift: number): void {
    const { size, diagonal, beside } = this;
    const tiny = this.scale * 2 ** -52;
    // Diagonal and upper element of the current row before it is eliminated.
    let pivot = diagonal[0] - shift;
    let upper = beside[0];
    for (let i = 0; i < size - 1; i++) {
      const below = beside[i];
      if (Math.abs(pivot) >= Math.abs(below)) {
        if (Math.abs(pivot) < tiny) pivot = tiny;
        const multiplier = below / pivot;
        this.#swapped[i] = 0;
        this.#multiplier[i] = multiplier;
        this.#pivot[i] = pivot;
        this.#upper[i] = upper;
        this.#second[i] = 0;
        pivot = diagonal[i + 1] - shift - multiplier * upper;
        upper = beside[i + 1];
      } else {
        const multiplier = pivot / below;
        this.#swapped[i] = 1;
        this.#multiplier[i] = multiplier;
        this.#pivot[i] = below;
        this.#upper[i] = diagonal[i + 1] - shift;
        this.#second[i] = beside[i + 1];
        pivot = upper - multiplier * this.#upper[i];
        upper = -multiplier * beside[i + 1];
      }
    }
    this.#pivot[size - 1] = Math.abs(pivot) < tiny ? tiny : pivot;
  }

  /** Overwrites b with the solution. */
  solve(b: Float64Array): void {
    const { size } = this;
    for (let i = 0; i < size - 1; i++) {
      if (this.#swapped[i] === 1) {
        const own = b[i];
        b[i] = b[i + 1];
        b[i + 1] = own - this.#multiplier[i] * b[i];
      } else b[i + 1] -= this.#multiplier[i] * b[i];
    }
    b[size - 1] /= this.#pivot[size - 1];
    if (size > 1) b[size - 2] = (b[size - 2] - this.#upper[size - 2] * b[size - 1]) / this.#pivot[size - 2];
    for (let i = size - 3; i >= 0; i--) {
      b[i] = (b[i] - this.#upper[i] * b[i + 1] - this.#second[i] * b[i + 2]) / this.#pivot[i];
    }
  }
}
