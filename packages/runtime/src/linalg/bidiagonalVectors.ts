/** Values closer than this, relative to the largest, get vectors that are made orthogonal to one another. */
const CLUSTER = 1e-3;

/** Below this share of the largest value, left and right vectors mix in the inverse iteration. */
const SMALLEST = 1e-7;

/** Largest residual, relative to the largest value, that is accurate enough. */
const RESIDUAL = 1e-12;

/**
 * Singular vectors of an upper bidiagonal matrix for given singular values (descending), as rows, by inverse iteration on
 * the tridiagonal matrix [[0, B^T], [B, 0]] with rows and columns interleaved (Golub and Kahan): its eigenvalues are the
 * singular values, its eigenvectors (v_1, u_1, v_2, u_2, ...), and nothing is squared. Undefined where the result would
 * not be accurate: values that are tiny, or too many alike.
 */
export function bidiagonalVectors(
  diagonal: Float64Array,
  superdiagonal: Float64Array,
  values: Float64Array,
  n: number,
): { ut: Float64Array; vt: Float64Array } | undefined {
  const count = values.length;
  const largest = values[0];
  if (!(values[count - 1] > SMALLEST * largest)) return undefined;
  const off = new Float64Array(2 * n);
  for (let k = 0; k < n; k++) {
    off[2 * k] = diagonal[k];
    off[2 * k + 1] = superdiagonal[k];
  }
  const ut = new Float64Array(count * n);
  const vt = new Float64Array(count * n);
  const solver = new ShiftedSolver(off, 2 * n, largest);
  const x = new Float64Array(2 * n);
  for (let j = 0, first = 0; j < count; j++) {
    if (values[first] - values[j] > CLUSTER * largest && values[j - 1] - values[j] > CLUSTER * largest) first = j;
    solver.factor(values[j]);
    // A start that has a part along every vector.
    for (let i = 0; i < 2 * n; i++) x[i] = 1 + ((i * 7 + j) % 5) / 10;
    for (let step = 0; step < 3; step++) {
      solver.solve(x);
      for (let other = first; other < j; other++) {
        removePart(x, 0, vt, other * n, n);
        removePart(x, 1, ut, other * n, n);
      }
      if (!normalise(x, 0, n) || !normalise(x, 1, n)) return undefined;
    }
    for (let k = 0; k < n; k++) {
      vt[j * n + k] = x[2 * k];
      ut[j * n + k] = x[2 * k + 1];
    }
    if (residual(diagonal, superdiagonal, values[j], ut, vt, j * n, n) > RESIDUAL * largest) return undefined;
  }
  return { ut, vt };
}

/** Takes the part along a unit vector out of every second element of x. */
function removePart(x: Float64Array, offset: number, rows: Float64Array, at: number, n: number): void {
  let dot = 0;
  for (let k = 0; k < n; k++) dot += x[2 * k + offset] * rows[at + k];
  for (let k = 0; k < n; k++) x[2 * k + offset] -= dot * rows[at + k];
}

/** Scales every second element to length one; false if there is nothing to scale. */
function normalise(x: Float64Array, offset: number, n: number): boolean {
  let squares = 0;
  for (let k = 0; k < n; k++) squares += x[2 * k + offset] * x[2 * k + offset];
  if (!(squares > 0) || squares === Number.POSITIVE_INFINITY) return false;
  const scale = 1 / Math.sqrt(squares);
  for (let k = 0; k < n; k++) x[2 * k + offset] *= scale;
  return true;
}

/** max |B v - s u| and |B^T u - s v|. */
function residual(
  d: Float64Array,
  e: Float64Array,
  value: number,
  ut: Float64Array,
  vt: Float64Array,
  at: number,
  n: number,
): number {
  let worst = 0;
  for (let k = 0; k < n; k++) {
    const next = k + 1 < n ? e[k] * vt[at + k + 1] : 0;
    const before = k > 0 ? e[k - 1] * ut[at + k - 1] : 0;
    const right = Math.abs(d[k] * vt[at + k] + next - value * ut[at + k]);
    const left = Math.abs(d[k] * ut[at + k] + before - value * vt[at + k]);
    if (!(right <= worst)) worst = right;
    if (!(left <= worst)) worst = left;
  }
  return worst;
}

/** Solves (T - shift I) x = b for a symmetric tridiagonal T with zero diagonal, by elimination with partial pivoting. */
class ShiftedSolver {
  readonly #diagonal: Float64Array;
  readonly #upper: Float64Array;
  readonly #second: Float64Array;
  readonly #multiplier: Float64Array;
  readonly #swapped: Uint8Array;

  constructor(
    private readonly off: Float64Array,
    private readonly size: number,
    private readonly scale: number,
  ) {
    this.#diagonal = new Float64Array(size);
    this.#upper = new Float64Array(size);
    this.#second = new Float64Array(size);
    this.#multiplier = new Float64Array(size);
    this.#swapped = new Uint8Array(size);
  }

  factor(shift: number): void {
    const { size, off } = this;
    const tiny = this.scale * 2 ** -52;
    // Current row: diagonal and upper element before elimination.
    let pivot = -shift;
    let beside = off[0];
    for (let i = 0; i < size - 1; i++) {
      const below = off[i];
      if (Math.abs(pivot) >= Math.abs(below)) {
        if (Math.abs(pivot) < tiny) pivot = tiny;
        const multiplier = below / pivot;
        this.#swapped[i] = 0;
        this.#multiplier[i] = multiplier;
        this.#diagonal[i] = pivot;
        this.#upper[i] = beside;
        this.#second[i] = 0;
        pivot = -shift - multiplier * beside;
        beside = off[i + 1];
      } else {
        const multiplier = pivot / below;
        this.#swapped[i] = 1;
        this.#multiplier[i] = multiplier;
        this.#diagonal[i] = below;
        this.#upper[i] = -shift;
        this.#second[i] = off[i + 1];
        pivot = beside + multiplier * shift;
        beside = -multiplier * off[i + 1];
      }
    }
    this.#diagonal[size - 1] = Math.abs(pivot) < tiny ? tiny : pivot;
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
    b[size - 1] /= this.#diagonal[size - 1];
    if (size > 1) b[size - 2] = (b[size - 2] - this.#upper[size - 2] * b[size - 1]) / this.#diagonal[size - 2];
    for (let i = size - 3; i >= 0; i--) {
      b[i] = (b[i] - this.#upper[i] * b[i + 1] - this.#second[i] * b[i + 2]) / this.#diagonal[i];
    }
  }
}
