import type { Analysis, Group } from '@snp/graph';
import { Tensor } from '@snp/onnx';
import { solvePositive } from '@snp/runtime';
import type { PairMoments } from './pairMoments.js';
import { RIDGE } from './predictRemoved.js';
import { type QueryProjection, queryProjection } from './queryProjection.js';

/**
 * Mixes the queries that stay so that their products with the keys that stay come close to all products: with
 * A = (C_SS + l I)^-1 C_S: for queries and for keys, Q K^T is near Q_S (A_q A_k^T) K_S^T, and the matrix in the middle goes into the
 * query projection. Second moments about zero, in float64 (METHODS: CORP, arXiv 2602.05243, without its symmetrising).
 *
 * @returns `done`, or why it could not be done.
 */
export function recoverQueries(
  group: Group,
  kept: readonly number[],
  moments: PairMoments | undefined,
  analysis: Analysis,
): string {
  const projection = queryProjection(group, analysis);
  if (typeof projection === 'string') return projection;
  if (!moments) return 'no statistics';
  const stays = new Set(kept);
  const mixtures: Mixture[] = [];
  for (let head = 0; head < projection.query.lanes; head++) {
    const mixture = mixtureOf(head, stays, moments, projection);
    if (!mixture) return 'the calibration data give no finite solution';
    mixtures.push(mixture);
  }
  for (const mixture of mixtures) fold(mixture, projection);
  return 'done';
}

/** The units of one head that stay, and the matrix [units, units] that their queries are multiplied with from the right. */
interface Mixture {
  units: number[];
  matrix: Float64Array;
}

function mixtureOf(
  head: number,
  stays: ReadonlySet<number>,
  moments: PairMoments,
  { query, key }: QueryProjection,
): Mixture | undefined {
  const width = query.unitAt.length / query.lanes;
  const unitsAt = ({ unitAt }: { unitAt: Int32Array }) => [...unitAt.subarray(head * width, (head + 1) * width)];
  const [queryUnits, keyUnits] = [unitsAt(query), unitsAt(key)];
  const units = queryUnits.filter((unit) => stays.has(unit));
  // All products in the order of the query's units, whatever the key's order is.
  const order = (own: number[]) => queryUnits.map((unit) => own.indexOf(unit));
  const left = extrapolation(moments.queries[head], order(queryUnits), queryUnits, stays);
  const right = extrapolation(moments.keys[head], order(keyUnits), queryUnits, stays);
  if (!left || !right) return undefined;
  const n = units.length;
  const matrix = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      for (let k = 0; k < width; k++) matrix[i * n + j] += left[i * width + k] * right[j * width + k];
    }
  }
  return matrix.every(Number.isFinite) ? { units, matrix } : undefined;
}

/** (C_SS + l I)^-1 C_S: for one side of a head, [kept, width]; position `order[i]` of the moments belongs to unit `units[i]`. */
function extrapolation(
  moments: Float64Array,
  order: readonly number[],
  units: readonly number[],
  stays: ReadonlySet<number>,
): Float64Array | undefined {
  const width = units.length;
  const kept = units.flatMap((unit, at) => (stays.has(unit) ? [at] : []));
  const product = (i: number, j: number) => moments[order[i] * width + order[j]];
  const trace = kept.reduce((sum, at) => sum + product(at, at), 0);
  if (!(trace > 0)) return undefined;
  const own = new Float64Array(kept.length ** 2);
  const all = new Float64Array(kept.length * width);
  kept.forEach((at, i) => {
    kept.forEach((other, j) => {
      own[i * kept.length + j] = product(at, other) + (i === j ? (RIDGE * trace) / kept.length : 0);
    });
    for (let k = 0; k < width; k++) all[i * width + k] = product(at, k);
  });
  return solvePositive(own, kept.length, all, width);
}

function fold({ units, matrix }: Mixture, { weight, axis, bias, positionOf }: QueryProjection): void {
  const positions = units.map((unit) => positionOf[unit]);
  const { dims } = weight.tensor!;
  const rows = dims[1 - axis];
  const [along, across] = axis === 1 ? [1, dims[1]] : [dims[1], 1];
  const data = Float32Array.from(weight.tensor!.numbers());
  for (let row = 0; row < rows; row++) mix(data, row * across, along, positions, matrix);
  weight.tensor = Tensor.float32(dims, data);
  if (!bias) return;
  const shift = Float32Array.from(bias.tensor!.numbers());
  mix(shift, 0, 1, positions, matrix);
  bias.tensor = Tensor.float32(bias.tensor!.dims, shift);
}

/** x <- x M for the elements of one row at some positions. */
function mix(
  data: Float32Array,
  start: number,
  stride: number,
  positions: readonly number[],
  matrix: Float64Array,
): void {
  const old = positions.map((position) => data[start + position * stride]);
  positions.forEach((position, j) => {
    data[start + position * stride] = old.reduce(
      (sum, element, i) => sum + element * matrix[i * positions.length + j],
      0,
    );
  });
}
