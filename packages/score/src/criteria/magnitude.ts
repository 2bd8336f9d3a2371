import type { Group } from '@snp/graph';
import type { Criterion } from '../criterion.js';
import { addOverSlices } from '../slices.js';

/** Sum of |w| over everything a unit owns: weights, biases, norm scales. Needs no calibration data. */
export function l1(): Criterion {
  return { name: 'l1', score: (group) => magnitude(group, Math.abs) };
}

/** Euclidean norm of everything a unit owns: weights, biases, norm scales. Needs no calibration data. */
export function l2(): Criterion {
  return { name: 'l2', score: (group) => magnitude(group, (element) => element * element).map(Math.sqrt) };
}

function magnitude(group: Group, measure: (element: number) => number): Float64Array {
  const sums = new Float64Array(group.units);
  for (const member of group.members) addOverSlices(member, sums, measure);
  return sums;
}
