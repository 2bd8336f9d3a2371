import {
  addStatistics,
  type CalibrationStatistics,
  calibrateModel,
  loadStatistics,
  type Model,
  saveStatistics,
} from '@snp/core';
import { expectedDivergences, Planner } from '@snp/core/planning';
import { open, solveCompensation } from '@snp/core/stages';
import { writeTextWhole } from '@snp/onnx/node';
import { onnxRuntime, type Shard, type Skipped, shardOf } from '@snp/runtime';
import { openTaskData, openTaskModel, type SampleOptions } from './inputs.js';
import { type PluginName, pluginsOf } from './plugins.js';
import { JSON_TYPE, PLACES, type TaskContext, type TaskFunction, type TaskOutcome } from './task.js';

export interface GatherTaskOptions {
  samples: SampleOptions;
  effects: boolean;
  plugins?: readonly PluginName[] | undefined;
  /** Which part of the samples. Default: all. */
  shard?: Shard | undefined;
}

const STATISTICS = { name: 'statistics.safetensors', type: 'application/octet-stream' };

/** Shares of the multiply-accumulates at which the trade-off is drawn. */
const SHARES = Array.from({ length: 33 }, (_, at) => 1 - at / 40);

/** Gathers statistics of a part of the samples. */
export const gatherShard: TaskFunction<GatherTaskOptions> = async (options, context) => {
  const { statistics, skipped } = await gather(await openTaskModel(), options, context);
  return { result: { samples: statistics.samples, skipped }, files: [STATISTICS] };
};

/** Gathers statistics of all samples, and predicts what they mean for budgets. */
export const gatherAll: TaskFunction<GatherTaskOptions> = async (options, context) => {
  const model = await openTaskModel();
  const { statistics, skipped } = await gather(model, options, context);
  return predict(model, statistics, skipped, context);
};

/** Adds up what parts have gathered. */
export const addShards: TaskFunction<{ parts: number; skipped: Skipped[] }> = async ({ parts, skipped }, context) => {
  const paths = Array.from({ length: parts }, (_, at) => PLACES.statistics(at));
  const statistics = addStatistics(await Promise.all(paths.map(loadStatistics)));
  await saveStatistics(statistics, `${PLACES.output}/${STATISTICS.name}`);
  return predict(await openTaskModel(), statistics, skipped, context);
};

async function gather(
  model: Model,
  { samples, effects, plugins, shard }: GatherTaskOptions,
  { progress }: TaskContext,
) {
  const calibration = await openTaskData(model, shard ? shardOf(samples, shard) : samples);
  const statistics = await calibrateModel(model, {
    calibration,
    sensitivity: effects,
    plugins: pluginsOf(plugins),
    batchSize: samples.batch,
    runtime: onnxRuntime(),
    onProgress: ({ step, done, total }) => progress({ step, done, total: total ?? null }),
  });
  await saveStatistics(statistics, `${PLACES.output}/${STATISTICS.name}`);
  return { statistics, skipped: [...calibration.skipped] };
}

/** Curves of expected divergence over width for predictions while someone moves a slider, and the trade-off that they make. */
async function predict(
  model: Model,
  statistics: CalibrationStatistics,
  skipped: readonly Skipped[],
  { progress }: TaskContext,
): Promise<TaskOutcome> {
  const opened = await open(model, {
    runtime: onnxRuntime(),
    verify: false,
    onProgress: ({ step, done, total }) => progress({ step, done, total: total ?? null }),
  });
  const { neurons } = await solveCompensation(opened, statistics);
  const curves = expectedDivergences(neurons.values(), statistics.sensitivity);
  progress({ step: 'plan', done: 0, total: null });
  const points = new Planner(opened.analysis, curves).tradeOff(SHARES);
  const rows = Object.fromEntries([...curves].map(([id, curve]) => [id, [...curve]]));
  await writeTextWhole(`${PLACES.output}/curves.json`, JSON.stringify(rows));
  await writeTextWhole(`${PLACES.output}/trade-off.json`, JSON.stringify({ points }));
  return {
    result: { samples: statistics.samples, groups: statistics.groups.size, skipped },
    files: [STATISTICS, { name: 'curves.json', type: JSON_TYPE }, { name: 'trade-off.json', type: JSON_TYPE }],
  };
}
