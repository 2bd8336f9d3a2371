import type { CompensationKind } from '../compensation/methods.js';
import type { Context } from '../context/context.js';
import { gather } from './gather.js';
import type { CalibrationStatistics } from './statistics.js';

/** Options of `calibrate`. */
export interface CalibrateOptions {
  /** For which kind of compensation. Default `full`, which serves all. */
  compensation?: CompensationKind | undefined;
  /** Whether heads and branches may leave. Default: whether a plug-in brings any. */
  beyond?: boolean | undefined;
}

/**
 * Gathers what compensation has to know of calibration data, in one pass: second moments of activations, group by group. They serve any number of plans; save them with
 * `saveStatistics`, add shards up with `addStatistics`.
 *
 * @throws SnpError `calibration` if the data hold no samples or do not fit the model, or there are none.
 * @example
 * const context = await open('deit_small.onnx', { calibration });
 * const statistics = await calibrate(context);
 */
export async function calibrate(context: Context, options: CalibrateOptions = {}): Promise<CalibrationStatistics> {
  const { compensation = 'full', beyond = context.units.some(({ groups }) => groups.length > 0) } = options;
  return context.clock.time('calibrate', (onProgress) => gather(context, { compensation, beyond, onProgress }));
}
