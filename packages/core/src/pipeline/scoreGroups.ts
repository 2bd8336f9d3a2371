import { SnpError } from '@snp/onnx';
import type { Criterion, RowKernels, Statistics } from '@snp/score';
import type { Assignment } from './gatherStatistics.js';

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
  for (const [at, { group, keep }] of assignments.entries()) {
    signal?.throwIfAborted();
    const result = await criterion.score(group, statistics.get(group.id) ?? {}, { keep, kernels });
    const wrong = whatIsWrong(result, group.units);
    if (wrong) {
      throw new SnpError(
        'invalid-argument',
        `Criterion '${criterion.name}' ${wrong} for group '${group.id}'. It must return a Float64Array of ${group.units} finite numbers, one per unit.`,
        { group: group.id },
      );
    }
    scores.set(group.id, result);
    onProgress?.(at + 1, assignments.length);
  }
  return scores;
}

function whatIsWrong(scores: unknown, units: number): string | undefined {
  if (!(scores instanceof Float64Array)) return `returned ${scores === null ? 'null' : typeof scores}`;
  if (scores.length !== units) return `returned ${scores.length} scores`;
  const bad = scores.findIndex((score) => !Number.isFinite(score));
  return bad >= 0 ? `returned ${scores[bad]} for unit ${bad}` : undefined;
}
