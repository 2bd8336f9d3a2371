import type { Context } from '../context/context.js';
import type { CalibrationRequests } from '../statistics/requests.js';
import type { CalibrationStatistics } from '../statistics/statistics.js';
import { gather } from './gather.js';

/**
 * Gathers what compensation has to know of calibration data, in one pass: second moments of activations, group by group. They serve any number of plans; save them with
 * `saveStatistics`, add shards up with `addStatistics`.
 *
 * @param requests Default: all that any compensation works from; cross moments where a plug-in brings heads or branches.
 * @throws SnpError `calibration` if the data hold no samples or do not fit the model, or there are none; `unsupported` if the model was changed while it was made ready; `aborted`.
 * @example
 * const context = await open('deit_small.onnx', { calibration });
 * const statistics = await calibrate(context);
 */
export async function calibrate(context: Context, requests: CalibrationRequests = {}): Promise<CalibrationStatistics> {
  // Which is long work: for nothing, where the model is no longer what it was.
  await context.proof?.prepared();
  return context.clock.time('calibrate', (onProgress) => gather(context, requests, onProgress));
}
