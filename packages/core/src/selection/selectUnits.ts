import { type Group, unitsByLane } from '@snp/graph';

/** The units that stay: in every head (lane) the `keep` with the highest scores; of equal scores the earlier one stays. */
export function selectUnits(group: Group, scores: ArrayLike<number>, keep: number): number[] {
  return unitsByLane(group)
    .flatMap((units) => [...units].sort((a, b) => scores[b] - scores[a] || a - b).slice(0, keep))
    .sort((a, b) => a - b);
}
