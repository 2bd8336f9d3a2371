import type { Group } from '@snp/graph';
import { projections, unitRows } from '../slices.js';
import { pairScores } from './pairScores.js';

/**
 * SNP scores of query/key pairs without data, as if the layer's inputs were white noise: then the Gram matrices of queries
 * and keys are those of their weights, up to a factor that the cosines do not see. Biases are left out. Undefined where
 * queries and keys do not have one projection of equal length each.
 */
export function whiteScores(group: Group, gamma: number): Float64Array | undefined {
  const members = projections(group, 'output');
  const { rows, width } = unitRows(group, members);
  if (width % 2 !== 0 || members.length > 2) return undefined;
  const length = width / 2;
  const scores = new Float64Array(group.units);
  for (let lane = 0; lane < group.lanes; lane++) {
    const units = [...group.laneOf.keys()].filter((unit) => group.laneOf[unit] === lane);
    const gram = (offset: number) => gramOfRows(rows, units, width, offset, length);
    const own = pairScores(gram(0), gram(length), units.length, gamma);
    for (const [at, unit] of units.entries()) scores[unit] = own[at];
  }
  return scores;
}

/** Inner products of the rows of `units`, of which only `length` elements from `offset` count. */
function gramOfRows(
  rows: Float64Array,
  units: readonly number[],
  width: number,
  offset: number,
  length: number,
): Float64Array {
  const n = units.length;
  const gram = new Float64Array(n * n);
  for (let a = 0; a < n; a++) {
    for (let b = a; b < n; b++) {
      const [x, y] = [units[a] * width + offset, units[b] * width + offset];
      let dot = 0;
      for (let k = 0; k < length; k++) dot += rows[x + k] * rows[y + k];
      gram[a * n + b] = dot;
      gram[b * n + a] = dot;
    }
  }
  return gram;
}
