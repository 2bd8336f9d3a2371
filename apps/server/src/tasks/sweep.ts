import { type CostBudget, loadStatistics, renderSweep, type SweepPoint, sweep } from '@snp/core';
import type { LeastShares } from '@snp/core/planning';
import { holdBack } from '@snp/core/stages';
import { writeTextWhole } from '@snp/onnx/node';
import { onnxRuntime } from '@snp/runtime';
import { openTaskData, openTaskModel, type SampleOptions } from './inputs.js';
import { type PluginName, pluginsOf } from './plugins.js';
import { modelFiles } from './prune.js';
import { HTML, JSON_TYPE, PLACES, type TaskFunction } from './task.js';

export interface SweepPointTaskOptions {
  output: string;
  budget: CostBudget;
  samples?: SampleOptions | undefined;
  least?: LeastShares | undefined;
  round?: number | undefined;
  plugins?: readonly PluginName[] | undefined;
}

/** Prunes to one budget of a sweep, and measures what came of it. */
export const sweepPoint: TaskFunction<SweepPointTaskOptions> = async (options, { progress }) => {
  const { output, budget, samples, least, round } = options;
  const model = await openTaskModel();
  const all = samples && (await openTaskData(model, samples));
  const { fit, held } = all ? holdBack(all) : { fit: undefined, held: undefined };
  const [point] = await sweep(
    model,
    {
      statistics: await loadStatistics(PLACES.statistics(0)),
      budgets: [budget],
      calibration: fit,
      data: held,
      least,
      round,
      plugins: pluginsOf(options.plugins),
      batchSize: samples?.batch,
      runtime: onnxRuntime(),
      onProgress: ({ step, done, total }) => progress({ step, done, total: total ?? null }),
    },
    (_point, result) => result.write(`${PLACES.output}/${output}`),
  );
  return { result: point, files: await modelFiles(output) };
};

/** Puts the points of a sweep together. */
export const gatherSweep: TaskFunction<{ model: string; points: (SweepPoint & { model: string })[] }> = async ({
  model,
  points,
}) => {
  const file = { format: 'snp-sweep', version: 1, points };
  await writeTextWhole(`${PLACES.output}/sweep.json`, `${JSON.stringify(file, null, 1)}\n`);
  await writeTextWhole(`${PLACES.output}/sweep.html`, renderSweep(model, points));
  return {
    result: { points },
    files: [
      { name: 'sweep.json', type: JSON_TYPE },
      { name: 'sweep.html', type: HTML },
    ],
  };
};
