import type { CompensationKind } from '../compensation/methods.js';
import type { Context } from '../context/context.js';
import type { Widths } from '../plan/widths.js';
import type { UnitGroup } from '../plugin/unitGroup.js';
import type { CalibrationStatistics } from '../statistics/statistics.js';

/** What statistics serve for. */
export interface StatisticsUse {
  kind: CompensationKind;
  /** Groups that may lose units. Default all. */
  groups?: readonly string[] | undefined;
  /** They were gathered before. */
  given: boolean;
  /** Units beyond neurons that may leave. */
  units: readonly UnitGroup[];
  /** Of heads and branches that leave in any case. */
  fixed: Widths;
}

/** Warns where statistics say less than would be good. */
export function warnOfStatistics(context: Context, statistics: CalibrationStatistics, use: StatisticsUse): void {
  warnOfFewSamples(context, statistics, use.groups);
  if (!use.given || use.kind === 'mean') return;
  const leaves = (id: string) =>
    use.fixed[id] !== undefined || use.units.some(({ cuts }) => cuts.flat().some(({ group }) => group === id));
  const known = [...statistics.groups.values()].some(({ crossMoments }) => crossMoments);
  if (!known && context.analysis.branches.some(({ id }) => leaves(id)))
    context.warn(
      "The statistics say nothing of branches that may leave, which become their means alone. Calibrate with the same plug-ins ('snp calibrate --plugin ...') for a closer compensation.",
    );
}

/** Regression on fewer rows than neurons makes much up. */
function warnOfFewSamples(
  { analysis, warn }: Context,
  { groups: moments }: CalibrationStatistics,
  wanted: readonly string[] | undefined,
): void {
  const short = analysis.groups.flatMap((group) => {
    const count = moments.get(group.id)?.secondMoments?.count;
    const counts = !wanted || wanted.includes(group.id);
    return counts && count !== undefined && count < group.units ? [{ group, count }] : [];
  });
  if (short.length === 0) return;
  const [{ group, count }] = short;
  warn(
    `Too few calibration data: ${short.length === 1 ? '1 group has' : `${short.length} groups have`} fewer rows (samples times tokens) than neurons, '${group.id}' for one ${count} rows for ${group.units} neurons. Results are less accurate; give at least twice as many rows as neurons.`,
  );
}
