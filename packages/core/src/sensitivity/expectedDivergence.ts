import type { GroupKind } from '@snp/graph';
import type { Compensation } from '../compensation/compensation.js';
import { isUnitGroup } from '../plugin/unitGroup.js';
import type { Sensitivity } from '../statistics/sensitivity.js';

/** What it costs, in divergence of the model's answers, to keep w units per head of a group, for w from 0 to all. */
export type DivergenceCurve = Float64Array;

/**
 * The expected divergence of every width of every group that has an error-versus-width curve.
 *
 * Two views are averaged. The measured one runs the group's error curve through its measured effects on the answers. It knows what a
 * group alone does, but not what it does to a model in which everything else gave way too: there, errors in early layers weigh more than alone. The other
 * view is the error itself, in the units of what is added to the residual stream, scaled so that its median effect at half width is the measured
 * one. On DeiT-Tiny at 0.73, 0.62 and 0.5 of the MACs (top-1 beside the original's): measured alone 0.97, 0.86, 0.60, errors alone 0.91, 0.83, 0.67,
 * the average 0.95, 0.86, 0.66. Measuring anew around a plan found no better ones.
 */
export function expectedDivergences(
  compensations: Iterable<Compensation>,
  sensitivity: Sensitivity,
): Map<string, DivergenceCurve> {
  const all = [...compensations].filter(({ errors }) => errors[0] > 0 || errors.length > 0);
  const scale = medianEffect(all, sensitivity);
  const curves = new Map<string, DivergenceCurve>();
  const someMeasured = Object.keys(sensitivity).length > 0;
  for (const { errors, group } of all) {
    const measured = sensitivity[group.id]?.length ? measuredCurve(errors, sensitivity[group.id]) : undefined;
    // Errors of the stream cannot be compared with others: beside groups whose effects are known it keeps its width.
    if (group.kind === 'residual' && !measured && someMeasured) continue;
    if (OTHER_UNITS.has(group.kind)) {
      curves.set(group.id, measured ?? relative(errors, all, group.block).map((error) => error * scale));
    } else {
      const plain = errors.map((error) => error * scale);
      curves.set(group.id, measured ? plain.map((divergence, width) => (divergence + measured[width]) / 2) : plain);
    }
  }
  return curves;
}

/** Errors of attention scores are those before the softmax, errors of the stream those of all its readers: other units than that of what is added to it. */
const OTHER_UNITS: ReadonlySet<GroupKind> = new Set(['query-key', 'residual']);

/**
 * Effect per error at half width, the median over groups of neurons that write to the residual stream; 1 without measurements. What neurons are planned by must not
 * hang on whether there are units beyond them.
 */
function medianEffect(compensations: readonly Compensation[], sensitivity: Sensitivity): number {
  const ratios = compensations
    .filter(({ group }) => !OTHER_UNITS.has(group.kind) && !isUnitGroup(group) && sensitivity[group.id]?.length)
    .flatMap(({ group, errors }) => {
      const half = Math.round((errors.length - 1) / 2);
      const divergence = measuredCurve(errors, sensitivity[group.id])[half];
      return errors[half] > 0 && divergence > 0 ? [divergence / errors[half]] : [];
    })
    .sort((a, b) => a - b);
  return ratios.length > 0 ? ratios[ratios.length >> 1] : 1;
}

/** Piecewise linear in the error through the measured points, and never falling as the group narrows. */
function measuredCurve(errors: Float64Array, points: Sensitivity[string]): Float64Array {
  const known = [{ error: 0, divergence: 0 }];
  for (const { width, divergence } of [...points].sort((a, b) => b.width - a.width)) {
    const last = known[known.length - 1];
    if (errors[width] > last.error)
      known.push({ error: errors[width], divergence: Math.max(last.divergence, divergence) });
    else last.divergence = Math.max(last.divergence, known.length > 1 ? divergence : 0);
  }
  return errors.map((error) => {
    const next = known.findIndex((point) => point.error >= error);
    if (next === 0) return 0;
    if (next < 0) {
      const last = known[known.length - 1];
      return last.error > 0 ? (last.divergence * error) / last.error : error;
    }
    const [a, b] = [known[next - 1], known[next]];
    return a.divergence + ((b.divergence - a.divergence) * (error - a.error)) / (b.error - a.error);
  });
}

/** Without measurements: losing all scores costs as much as losing all values of the block. */
function relative(
  errors: Float64Array,
  compensations: readonly Compensation[],
  block: number | undefined,
): Float64Array {
  const values = compensations.find(({ group }) => group.kind === 'value' && group.block === block);
  const most = values?.errors[0] ?? 1;
  return errors.map((error) => (errors[0] > 0 ? (error / errors[0]) * most : 0));
}
