import type { Analysis } from '@snp/core';
import { laneWidth, type Widths } from '@snp/core/planning';
import { uniformNumbers } from '@snp/score';

/** Shares of the units of a kind that are tried while all else is whole. */
const ALONE = [0.3, 0.55, 0.8] as const;

/**
 * Widths worth measuring: the whole model, every kind of group alone at a few widths in all blocks at once (so that what one block
 * does shows as many times as there are blocks), and mixed ones, every other of which in multiples of eight.
 *
 * @param mixed Number of mixed ones.
 */
export function designPlans(analysis: Analysis, mixed: number, seed: number): Widths[] {
  const kinds = [...new Set(analysis.groups.map(({ kind }) => kind))];
  const next = uniformNumbers(seed);
  const alone = kinds.flatMap((kind) =>
    ALONE.map((share) => widthsOf(analysis, (group) => (group.kind === kind ? share : 1), 1)),
  );
  const random = Array.from({ length: mixed }, (_, at) => {
    const level = 0.1 + 0.75 * next();
    return widthsOf(analysis, () => Math.min(1, Math.max(0.08, level + 0.5 * (next() - 0.5))), at % 2 === 0 ? 1 : 8);
  });
  return [...alone, ...random];
}

function widthsOf(
  { groups }: Analysis,
  shareOf: (group: Analysis['groups'][number]) => number,
  multiple: number,
): Widths {
  const widths: Widths = {};
  for (const group of groups) {
    const full = laneWidth(group);
    const width = Math.max(1, Math.round((full * shareOf(group)) / multiple) * multiple);
    if (width < full) widths[group.id] = width;
  }
  return widths;
}
