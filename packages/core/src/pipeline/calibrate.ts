import type { Model } from '@snp/onnx';
import { readModel } from '@snp/onnx/node';
import { type Calibration, onnxRuntime, type Runtime } from '@snp/runtime';
import { measureEffects } from '../planner/effects.js';
import { checkPlugins } from '../plugin/definePlugin.js';
import { findUnits } from '../plugin/findUnits.js';
import type { Plugin } from '../plugin/plugin.js';
import { Recovery } from '../recovery/recovery.js';
import { unitMethods } from '../recovery/unitMethods.js';
import type { CalibrationStatistics } from '../statistics/statistics.js';
import { Clock } from './clock.js';
import { measure } from './measure.js';
import { prepare } from './prepare.js';
import type { OnProgress } from './progress.js';

/** Options of `calibrate`. */
export interface CalibrateOptions {
  calibration: Calibration;
  /** Also measure what narrowing each group does to the answers, which dividing a budget takes. Default true. */
  effects?: boolean | undefined;
  batchSize?: number | undefined;
  /** Bring units beyond neurons, as for `prune`. Default none. */
  plugins?: readonly Plugin[] | undefined;
  /** As for `prune`: statistics are those of the groups that can be pruned then. Default false. */
  narrowCache?: boolean | undefined;
  /** As for `prune`. */
  pluginTimeout?: number | undefined;
  /** Default: onnxruntime in a child process. */
  runtime?: Runtime | undefined;
  onProgress?: OnProgress | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Gathers all that pruning has to know of calibration data, once for any number of plans: save it with `saveStatistics`, add shards up with
 * `addStatistics`, and hand it to `prune` in place of the data.
 *
 * @throws SnpError `calibration` if the data hold no samples or do not fit the model.
 * @example
 * const statistics = await calibrate('deit_small.onnx', { calibration });
 * for (const macs of [0.7, 0.6, 0.5]) await prune('deit_small.onnx', { statistics, budget: { macs } });
 */
export async function calibrate(source: string | Model, options: CalibrateOptions): Promise<CalibrationStatistics> {
  const { calibration, effects = true, batchSize, signal } = options;
  const plugins = checkPlugins(options.plugins);
  const runtime = options.runtime ?? onnxRuntime();
  const clock = new Clock(options.onProgress);
  const model = typeof source === 'string' ? await clock.time('read', () => readModel(source)) : source;
  const analysis = await clock.time('analyze', async () => prepare(model, { narrowCache: options.narrowCache }));
  const found = await clock.time('analyze', () => findUnits(analysis, plugins, options));
  const units = found.flatMap(({ groups }) => groups);
  const branches = units.length > 0;
  const assignments = analysis.groups.map((group) => ({ group, keep: 0 }));
  const { moments } = await clock.time('calibrate', (onProgress) =>
    measure(analysis, { assignments, recovery: 'full', branches, calibration, runtime, batchSize, signal, onProgress }),
  );
  if (!effects) return moments;
  const beyond = branches ? [...analysis.heads, ...analysis.branches].map(({ id }) => id) : [];
  const recovery = await clock.time('solve', (onProgress) =>
    Recovery.create(analysis, moments.groups, 'full', { beyond, runtime, onProgress }),
  );
  const methods = [...recovery.methods.values(), ...unitMethods(units, recovery).values()];
  const measured = await clock.time('probe', (onProgress) =>
    measureEffects({ recovery, methods, runtime, calibration, batchSize, signal, onProgress }),
  );
  return { ...moments, effects: measured };
}
