import { SnpError } from '@snp/onnx';
import type { Calibration } from '@snp/runtime';
import type { Compensation } from '../compensation/compensation.js';
import type { Compensations } from '../compensation/solve.js';
import { unitCompensations } from '../compensation/unitCompensations.js';
import { attempt } from '../context/attempt.js';
import type { Context } from '../context/context.js';
import { firstSamples } from '../data/firstSamples.js';
import type { UnitGroup } from '../plugin/unitGroup.js';
import type { Sensitivity } from '../statistics/sensitivity.js';
import type { CalibrationStatistics } from '../statistics/statistics.js';
import { gradientSensitivity } from './gradientSensitivity.js';
import { measureSensitivity, SENSITIVITY_SAMPLES } from './measureSensitivity.js';

/** Options of `estimateSensitivity`. */
export interface EstimateSensitivityOptions {
  /** Know some of it from before: only the rest is measured. */
  statistics?: CalibrationStatistics | undefined;
  /**
   * How: `gradients` estimates by walking back through the model, and measures where that does not reach; `runs` measures all by running the model with each group narrowed, which takes
   * dozens of times as long. Default `gradients`.
   */
  method?: 'gradients' | 'runs' | undefined;
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
  { statistics, units, method = 'gradients' }: EstimateSensitivityOptions = {},
): Promise<Sensitivity> {
  const { data, clock, warn } = context;
  const known = statistics?.sensitivity ?? {};
  const beyond = unitCompensations(units ?? context.units.flatMap(({ groups }) => groups), compensations);
  const missing = [...compensations.neurons, ...beyond].flatMap(([id, compensation]) =>
    known[id] || compensation.touches.length === 0 ? [] : [compensation],
  );
  if (missing.length === 0 || !data) return known;
  const missed = 'What narrowing parts does to the answers was not measured';
  const estimated = method === 'gradients' ? await byGradients(context, missing, data) : {};
  const large = beyondEstimates(estimated);
  const checked = spreadOver(estimated, large);
  const anyway = new Set([...large, ...checked]);
  const left = missing.filter(({ group }) => !estimated[group.id] || anyway.has(group.id));
  const few = left.length < missing.length;
  const measured = await attempt(context, missed, () =>
    clock.time('probe', (onProgress) =>
      measureSensitivity(context, {
        compensations: left,
        data: firstSamples(data, few ? BESIDE_ESTIMATES : SENSITIVITY_SAMPLES),
        onProgress,
        onRefusal: (groups, { message }) => warn(`${missed} for ${groups.join(', ')}: ${message}`),
      }),
    ),
  );
  const anchored = crossChecked(measured ?? {}, estimated);
  const confirmed = crossChecked(Object.fromEntries(checked.map((id) => [id, estimated[id]])), measured ?? {});
  return { ...known, ...estimated, ...anchored, ...confirmed };
}

/** Divergences, in nats, up to which a change of the second order tells them. */
const MOST_ESTIMATED = 0.3;

/** Groups that are measured as well, at most: those with the largest effects. */
const MOST_MEASURED = 6;

/** Groups that are measured only to tell how good their estimates are. */
const CHECKED = 2;

/** Samples that groups are measured on where most are estimated: what is measured then costs many nats, and shows on few. */
const BESIDE_ESTIMATES = 16;

/** The groups whose effects are too large to be estimated, the largest first. */
function beyondEstimates(estimated: Sensitivity): string[] {
  return Object.keys(estimated)
    .filter((id) => !(largestOf(estimated[id]) <= MOST_ESTIMATED))
    .sort((a, b) => largestOf(estimated[b]) - largestOf(estimated[a]))
    .slice(0, MOST_MEASURED);
}

const largestOf = (points: Sensitivity[string]) => Math.max(...points.map(({ divergence }) => divergence));

/** Groups of small and of middling effects. */
function spreadOver(estimated: Sensitivity, large: readonly string[]): string[] {
  const order = Object.keys(estimated)
    .filter((id) => !large.includes(id))
    .sort((a, b) => largestOf(estimated[a]) - largestOf(estimated[b]));
  const places = Array.from({ length: CHECKED }, (_, at) => Math.floor(((at + 0.5) * order.length) / CHECKED));
  return [...new Set(places.flatMap((at) => order[at] ?? []))];
}

/** Points, with what others say of the same. */
function crossChecked(points: Sensitivity, others: Sensitivity): Sensitivity {
  const checked = ([id, own]: [string, Sensitivity[string]]) => {
    const known = new Map(others[id]?.map(({ width, divergence }) => [width, divergence]));
    return [
      id,
      own.map((point) => ({ ...point, ...(known.has(point.width) && { crossCheck: known.get(point.width) }) })),
    ];
  };
  return Object.fromEntries(Object.entries(points).map(checked));
}

/** Samples to estimate on, the first ones: of few calibration samples a quarter, so that it takes no longer than all else. */
const estimateSamples = (all: number | undefined) => Math.min(64, Math.max(16, Math.ceil((all ?? 256) / 4)));

/**
 * Directions in which each answer is looked at. One costs about as much as a run of the model. On DeiT-Tiny at half of the MACs, 96 samples in 2 directions give a divergence of 0.91, 48 in 8, which cost
 * more by half, 0.87. Where samples are few, so are directions.
 */
const directionsFor = (samples: number) => (samples >= 48 ? 8 : 4);

/** Estimates that are numbers; none where the model has an operator without a gradient, or the runtime does not take what is made for it: the rest is measured, then. */
async function byGradients(
  context: Context,
  compensations: readonly Compensation[],
  data: Calibration,
): Promise<Sensitivity> {
  const samples = estimateSamples(data.count);
  try {
    const estimated = await context.clock.time('gradients', (onProgress) =>
      gradientSensitivity(context, {
        compensations,
        data: firstSamples(data, samples),
        directions: directionsFor(samples),
        onProgress,
      }),
    );
    const finite = Object.entries(estimated).filter(([, points]) =>
      points.every(({ divergence }) => Number.isFinite(divergence)),
    );
    return Object.fromEntries(finite);
  } catch (error) {
    if (error instanceof SnpError && error.code !== 'aborted') return {};
    throw error;
  }
}
