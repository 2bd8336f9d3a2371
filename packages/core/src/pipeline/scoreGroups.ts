import type { Group } from '@snp/graph';
import { SnpError } from '@snp/onnx';
import type { Criterion, RowKernels, Statistics } from '@snp/score';
import type { Assignment } from '../statistics/gatherStatistics.js';

/** Asks the criterion for the scores of every group and checks what it answers. */
export async function scoreGroups(
  criterion: Criterion,
  assignments: readonly Assignment[],
  statistics: ReadonlyMap<string, Statistics>,
  kernels: RowKernels,
  onProgress?: (done: number, total: number) => void,
  signal?: AbortSignal,
): Promise<Map<string, Float64Array>> {
  const scores = new Map<string, Float64Array>();
  let done = 0;
  const waiting = [...assignments];
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      signal?.throwIfAborted();
      const { group, keep } = next;
      const result = await criterion.score(group, statistics.get(group.id) ?? {}, { keep, kernels });
      checkScores(result, criterion, group);
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

function checkScores(result: unknown, criterion: Criterion, group: Group): void {
  const wrong = whatIsWrong(result, group.units);
  if (!wrong) return;
  throw new SnpError(
    'invalid-argument',
    `Criterion '${criterion.name}' ${wrong} for group '${group.id}'. It must return a Float64Array of ${group.units} finite numbers, one per unit.`,
    { group: group.id },
  );
}

function whatIsWrong(scores: unknown, units: number): string | undefined {
  if (!(scores instanceof Float64Array)) return `returned ${scores === null ? 'null' : typeof scores}`;
  if (scores.length !== units) return `returned ${scores.length} scores`;
  const bad = scores.findIndex((score) => !Number.isFinite(score));
  return bad >= 0 ? `returned ${scores[bad]} for unit ${bad}` : undefined;
}
