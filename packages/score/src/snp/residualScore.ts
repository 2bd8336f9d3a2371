import type { Group } from '@snp/graph';
import { addOverSlices } from '../slices.js';

/**
 * SNP score of residual channels: the l2 norm of every coupled slice, each layer normalised by its total sum of squares,
 * averaged over the coupled layers (METHODS section 1).
 */
export function residualScores(group: Group): Float64Array {
  const scores = new Float64Array(group.units);
  for (const member of group.members) {
    const squares = new Float64Array(group.units);
    addOverSlices(member, squares, (element) => element * element);
    const total = squares.reduce((sum, square) => sum + square, 0);
    if (total === 0) continue;
    for (let unit = 0; unit < group.units; unit++) scores[unit] += Math.sqrt(squares[unit]) / total;
  }
  return scores.map((score) => score / group.members.length);
}
