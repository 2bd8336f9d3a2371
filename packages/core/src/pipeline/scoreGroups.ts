import type { Criterion, RowKernels, Statistics } from '@snp/score';
import { isUnitGroup } from '../plugin/unitGroup.js';
import type { Assignment } from '../statistics/gatherStatistics.js';
import type { Ablation } from './ablation.js';

/** Asks a guarded criterion for the scores of every group. */
export async function scoreGroups(
  criterion: Criterion,
  assignments: readonly Assignment[],
  statistics: ReadonlyMap<string, Statistics>,
  kernels: RowKernels,
  onProgress?: (done: number, total: number) => void,
  ablation?: Ablation,
): Promise<Map<string, Float64Array>> {
  const scores = new Map<string, Float64Array>();
  let done = 0;
  const waiting = [...assignments];
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const { group, keep } = next;
      const result = await criterion.score(group, statistics.get(group.id) ?? {}, {
        keep,
        kernels,
        ...(ablation && isUnitGroup(group) && { without: (unit) => ablation.without(group, unit) }),
      });
      scores.set(group.id, result);
      onProgress?.(++done, assignments.length);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  // In the order of the groups, whichever was done first.
  return new Map(assignments.map(({ group }) => [group.id, scores.get(group.id)!]));
}

/** Groups scored at once: while the runtime multiplies for one, the weights of the next are laid out. */
const AT_ONCE = 2;
