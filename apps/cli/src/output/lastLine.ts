import type { PruneReport } from '@snp/core';
import pc from 'picocolors';
import { count, duration, percent } from './format.js';

/** What was really removed and what is left, beside what was asked for. */
export function lastLine(report: PruneReport, output: string): string {
  const { budget, criterion, compensation, calibration, seconds, removed, limits = {}, cost } = report;
  const total = Object.values(seconds).reduce((sum, part) => sum + part, 0);
  const kinds = Object.entries(removed).map(([kind, units]) => `${units} ${kind}`);
  const unmet = Object.values(limits).some(({ met }) => !met);
  const left = `${percent(cost.after.macs, cost.before.macs)} of the MACs (${count(cost.after.macs)}) and ${percent(cost.after.params, cost.before.params)} of the parameters left`;
  const how = [
    `criterion ${criterion}`,
    ...(compensation === 'none' ? [] : [`compensation ${compensation}`]),
    ...(calibration.samples > 0 ? [`${calibration.samples} calibration samples`] : []),
  ];
  const asked = `asked for: ${budget}${unmet ? ', met only in part' : ''}`;
  if (kinds.length === 0)
    return `${pc.yellow('unchanged')} ${output}: nothing was removed (${asked}) in ${duration(total)}`;
  const word = unmet ? pc.yellow('done in part') : pc.green('done');
  return `${word} ${output}: removed ${kinds.join(', ')} units; ${left} (${asked}; ${how.join(', ')}) in ${duration(total)}`;
}
