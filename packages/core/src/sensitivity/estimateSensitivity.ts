import type { Compensations } from '../compensation/solve.js';
import { unitCompensations } from '../compensation/unitCompensations.js';
import { attempt } from '../context/attempt.js';
import type { Context } from '../context/context.js';
import type { UnitGroup } from '../plugin/unitGroup.js';
import type { Sensitivity } from '../statistics/sensitivity.js';
import type { CalibrationStatistics } from '../statistics/statistics.js';
import { measureSensitivity } from './measureSensitivity.js';

/** Options of `estimateSensitivity`. */
export interface EstimateSensitivityOptions {
  /** Know some of it from before: only the rest is measured. */
  statistics?: CalibrationStatistics | undefined;
  /** Units beyond neurons that may leave. Default: all that plug-ins bring. */
  units?: readonly UnitGroup[] | undefined;
}

/**
 * Estimates what narrowing each group does to the model's answers, on calibration samples: what a budget is allocated by. Without samples there is what was known before.
 *
 * @throws SnpError `aborted`.
 */
export async function estimateSensitivity(
  context: Context,
  compensations: Compensations,
  { statistics, units }: EstimateSensitivityOptions = {},
): Promise<Sensitivity> {
  const { data, clock, warn } = context;
  const known = statistics?.sensitivity ?? {};
  const beyond = unitCompensations(units ?? context.units.flatMap(({ groups }) => groups), compensations);
  const missing = [...compensations.neurons, ...beyond].flatMap(([id, compensation]) =>
    known[id] || compensation.touches.length === 0 ? [] : [compensation],
  );
  if (missing.length === 0 || !data) return known;
  const missed = 'What narrowing parts does to the answers was not measured';
  const measured = await attempt(context, missed, () =>
    clock.time('probe', (onProgress) =>
      measureSensitivity(context, {
        compensations: missing,
        data,
        onProgress,
        onRefusal: (groups, { message }) => warn(`${missed} for ${groups.join(', ')}: ${message}`),
      }),
    ),
  );
  return { ...known, ...measured };
}
