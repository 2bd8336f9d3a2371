import { invertPositive, solvePositive } from '@snp/runtime';
import { type Covariance, meanVariance } from './covariance.js';
import type { Elimination } from './eliminate.js';
import { RIDGE } from './ridge.js';

/**
 * Backward elimination of whole parts of a layer's inputs, as of heads: `eliminate` with several units at a time. The part leaves whose removal, after
 * all others have taken over what they can, changes the layer's output least: tr(W_P^T ([C^-1]_PP)^-1 W_P).
 *
 * @param weights Weights of the layer behind, [units, outputs].
 * @param parts Units of each part; together all units.
 * @returns The order of the parts, first to leave first, and what each costs; undefined if the statistics give no finite answer.
 */
export function eliminateParts(
  covariance: Covariance,
  weights: Float64Array,
  parts: readonly (readonly number[])[],
  { ridge = RIDGE }: { ridge?: number } = {},
): Elimination | undefined {
  const { size: n, matrix } = covariance;
  const variance = meanVariance(covariance);
  const order: number[] = [];
  const increments = new Float64Array(parts.length);
  if (variance === 0) return { order: [...parts.keys()], increments };
  const firm = Float64Array.from(matrix);
  for (let i = 0; i < n; i++) firm[i * (n + 1)] += ridge * variance;
  const inverse = invertPositive(firm, n);
  if (!inverse) return undefined;
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) inverse[j * n + i] = inverse[i * n + j];
  const w = Float64Array.from(weights);
  const outputs = weights.length / n;
  const left = new Set(parts.keys());
  while (left.size > 0) {
    const candidates = [...left].map((part) => ({ part, ...carried(inverse, w, parts[part], n, outputs) }));
    if (candidates.some(({ cost }) => !Number.isFinite(cost))) return undefined;
    const next = candidates.reduce((best, other) => (other.cost < best.cost ? other : best));
    increments[order.length] = next.cost;
    order.push(next.part);
    left.delete(next.part);
    const units = [...left].flatMap((part) => parts[part]);
    takeOver(inverse, w, units, parts[next.part], next.share!, n, outputs);
  }
  return { order, increments };
}

/** ([C^-1]_PP)^-1 W_P, which the others take over, and the error if they do. */
function carried(inverse: Float64Array, w: Float64Array, units: readonly number[], n: number, outputs: number) {
  const own = new Float64Array(units.length ** 2);
  const rows = new Float64Array(units.length * outputs);
  for (const [i, unit] of units.entries()) {
    for (const [j, other] of units.entries()) own[i * units.length + j] = inverse[unit * n + other];
    rows.set(w.subarray(unit * outputs, (unit + 1) * outputs), i * outputs);
  }
  const share = solvePositive(own, units.length, rows, outputs);
  const cost = share ? rows.reduce((sum, element, at) => sum + element * share[at], 0) : Number.NaN;
  return { share, cost };
}

/** C^-1 and W of what stays, once a part has left. */
function takeOver(
  inverse: Float64Array,
  w: Float64Array,
  units: readonly number[],
  leaving: readonly number[],
  share: Float64Array,
  n: number,
  outputs: number,
): void {
  const size = leaving.length;
  const own = new Float64Array(size ** 2);
  const across = new Float64Array(size * units.length);
  for (const [i, unit] of leaving.entries()) {
    for (const [j, other] of leaving.entries()) own[i * size + j] = inverse[unit * n + other];
    for (const [j, other] of units.entries()) across[i * units.length + j] = inverse[unit * n + other];
  }
  const shares = units.length > 0 ? solvePositive(own, size, across, units.length)! : across;
  for (const unit of units) {
    for (const [i, gone] of leaving.entries()) {
      const factor = inverse[unit * n + gone];
      if (factor === 0) continue;
      for (const [b, other] of units.entries()) inverse[unit * n + other] -= factor * shares[i * units.length + b];
      for (let o = 0; o < outputs; o++) w[unit * outputs + o] -= factor * share[i * outputs + o];
    }
  }
}
