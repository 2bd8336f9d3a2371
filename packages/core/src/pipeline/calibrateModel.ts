import type { Model } from '@snp/onnx';
import type { Calibration } from '@snp/runtime';
import { calibrate } from '../calibration/calibrate.js';
import { solveCompensation } from '../compensation/solve.js';
import { OPEN_FIELDS, type OpenOptions, openChecked } from '../context/open.js';
import { checkOptions, type OptionFields } from '../options/checkOptions.js';
import * as is from '../options/fields.js';
import { estimateSensitivity } from '../sensitivity/estimateSensitivity.js';
import type { CalibrationStatistics } from '../statistics/statistics.js';

/** Options of `calibrateModel`. */
export interface CalibrateModelOptions
  extends Omit<OpenOptions, 'holdBack' | 'companions' | 'verify' | 'dims' | 'name'> {
  calibration: Calibration;
  /** Also measure what narrowing each group does to the answers, which allocating a budget takes. Default true. */
  sensitivity?: boolean | undefined;
}

const { holdBack: _, companions: _____, verify: __, dims: ___, name: ____, ...OPENING } = OPEN_FIELDS;

const CALIBRATE_FIELDS: OptionFields<CalibrateModelOptions> = { ...OPENING, sensitivity: is.flag };

/**
 * Gathers all that pruning has to know of calibration data, once for any number of plans: save it with `saveStatistics`, add shards up with
 * `addStatistics`.
 *
 * @throws SnpError `calibration` if the data hold no samples or do not fit the model; `not-prunable`; `aborted`.
 * @example
 * const statistics = await calibrateModel('deit_small.onnx', { calibration });
 * for (const macs of [0.7, 0.6, 0.5]) await prune('deit_small.onnx', { statistics, budget: { macs } });
 */
export async function calibrateModel(
  source: string | Model,
  given: CalibrateModelOptions,
): Promise<CalibrationStatistics> {
  checkOptions('calibrateModel', given, CALIBRATE_FIELDS);
  const { sensitivity = true, ...options } = given;
  const context = await openChecked(source, { ...options, verify: false });
  const statistics = await calibrate(context);
  if (!sensitivity) return statistics;
  const beyond = context.units.some(({ groups }) => groups.length > 0);
  const compensations = await solveCompensation(context, statistics, { beyond });
  return { ...statistics, sensitivity: await estimateSensitivity(context, compensations) };
}
