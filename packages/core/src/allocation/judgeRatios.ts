import type { Analysis, Group } from '@snp/graph';
import type { RoundOptions } from '../plan/widths.js';
import type { FoundUnits } from '../plugin/findUnits.js';
import { UNIT_KINDS } from '../plugin/unitGroup.js';
import { checkRatios } from './checkRatios.js';
import { idleRatios } from './idleRatios.js';

/**
 * Checks the fractions of the target and of plug-ins against what the model has, and says which are too small to remove anything.
 *
 * @throws SnpError `invalid-argument` for one that names what is not there or may not leave.
 */
export function judgeRatios(
  ratios: Readonly<Record<string, number>>,
  analysis: Analysis,
  found: readonly FoundUnits[],
  options: RoundOptions,
): string[] {
  const units = found.flatMap(({ groups }) => groups);
  checkRatios(ratios, analysis, { plugins: found.map(({ plugin }) => plugin.name), groups: units });
  for (const { plugin, groups } of found)
    checkRatios(plugin.ratios ?? {}, analysis, { plugins: [plugin.name], groups });
  return [
    ...idleRatios(ratios, analysis.groups, options),
    ...idleRatios(Object.assign({}, ...found.map(({ plugin }) => plugin.ratios), ratios), pooled(units)),
  ];
}

/** Units as fractions see them: by themselves, and all of a kind whose groups have one unit each as one. */
function pooled(groups: readonly Group[]): Group[] {
  const ones = UNIT_KINDS.map((kind) => groups.filter((group) => group.kind === kind && group.units === 1));
  const pools = ones.filter((own) => own.length > 0).map((own) => ({ ...own[0], id: '', units: own.length }));
  return [...groups, ...pools];
}
