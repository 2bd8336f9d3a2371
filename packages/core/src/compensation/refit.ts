import { Algebra } from '../algebra/algebra.js';
import { type Covariance, meanVariance } from '../algebra/covariance.js';
import { product, transpose } from '../algebra/product.js';
import { RIDGE } from '../algebra/ridge.js';

/** Options of refits. */
export interface RefitOptions {
  /** Beside the mean variance of what stays. Default `RIDGE`. */
  ridge?: number | undefined;
  /** Where dense algebra is done. Default here, which is slow for wide layers. */
  algebra?: Algebra | undefined;
}

/** New weights of a layer whose inputs become fewer. */
export interface Refit {
  /** [inputs that stay, outputs] */
  weights: Float64Array;
  /** What the layer's bias gains, one number per output. */
  offset: Float64Array;
}

/**
 * The weights with which units that stay come closest to what all units gave, by ridge regression over calibration data:
 * W_S' = W_S + (C_SS + l I)^-1 C_SP W_P, b' = b + m W - m_S W_S', everything in float64. With an infinite ridge, removed units become
 * their means and no more.
 *
 * @param weights The layer's weights now, [all units, outputs].
 * @returns Undefined if the statistics give no finite answer.
 */
export async function refitKept(
  { size, matrix, centre }: Covariance,
  kept: readonly number[],
  weights: Float64Array,
  { ridge = RIDGE, algebra = new Algebra() }: RefitOptions = {},
): Promise<Refit | undefined> {
  const outputs = weights.length / size;
  const stays = new Set(kept);
  const removed = Array.from({ length: size }, (_, unit) => unit).filter((unit) => !stays.has(unit));
  const rows = (units: readonly number[]) => {
    const part = new Float64Array(units.length * outputs);
    for (const [at, unit] of units.entries())
      part.set(weights.subarray(unit * outputs, (unit + 1) * outputs), at * outputs);
    return part;
  };
  const own = submatrix(matrix, size, kept, kept);
  const variance = meanVariance({ size: kept.length, matrix: own });
  const result = rows(kept);
  // Units that never vary predict nothing.
  if (variance > 0 && Number.isFinite(ridge)) {
    const across = submatrix(matrix, size, kept, removed);
    const target = await algebra.product(across, rows(removed), kept.length, removed.length, outputs);
    const change = await solveRidge(algebra, own, target, ridge * variance);
    if (!change) return undefined;
    for (let at = 0; at < result.length; at++) result[at] += change[at];
  }
  const offset = product(centre, weights, 1, size, outputs);
  const carried = product(
    Float64Array.from(kept, (unit) => centre[unit]),
    result,
    1,
    kept.length,
    outputs,
  );
  for (let o = 0; o < outputs; o++) offset[o] -= carried[o];
  return finite({ weights: result, offset });
}

/**
 * The weights with which mixtures of units, Z = X P, come closest to what all units gave: (P^T C P + l I)^-1 P^T C W.
 *
 * @param mixture P, [all units, mixtures].
 */
export async function refitMixed(
  { size, matrix, centre }: Covariance,
  mixture: Float64Array,
  weights: Float64Array,
  { ridge = RIDGE, algebra = new Algebra() }: RefitOptions = {},
): Promise<Refit | undefined> {
  const mixtures = mixture.length / size;
  const outputs = weights.length / size;
  const across = await algebra.product(transpose(mixture, size, mixtures), matrix, mixtures, size, size);
  const own = await algebra.product(across, mixture, mixtures, size, mixtures);
  const target = await algebra.product(across, weights, mixtures, size, outputs);
  const variance = meanVariance({ size: mixtures, matrix: own });
  const result = variance > 0 ? await solveRidge(algebra, own, target, ridge * variance) : undefined;
  if (!result) return undefined;
  const offset = product(centre, weights, 1, size, outputs);
  const carried = product(product(centre, mixture, 1, size, mixtures), result, 1, mixtures, outputs);
  for (let o = 0; o < outputs; o++) offset[o] -= carried[o];
  return finite({ weights: result, offset });
}

function submatrix(matrix: Float64Array, size: number, rows: readonly number[], columns: readonly number[]) {
  const part = new Float64Array(rows.length * columns.length);
  for (let i = 0, at = 0; i < rows.length; i++) {
    for (let j = 0; j < columns.length; j++) part[at++] = matrix[rows[i] * size + columns[j]];
  }
  return part;
}

/** Where units vary little about large means, products in single precision leave a matrix that is not quite positive: then more ridge. */
const FIRMER = [1, 10, 100, 1000];

async function solveRidge(algebra: Algebra, own: Float64Array, target: Float64Array, ridge: number) {
  const n = Math.sqrt(own.length);
  for (const factor of FIRMER) {
    const firm = Float64Array.from(own);
    for (let i = 0; i < n; i++) firm[i * (n + 1)] += factor * ridge;
    const [solution] = await algebra.solve(firm, n, [target]);
    if (solution) return solution;
  }
  return undefined;
}

function finite(refit: Refit): Refit | undefined {
  return refit.weights.every(Number.isFinite) && refit.offset.every(Number.isFinite) ? refit : undefined;
}
