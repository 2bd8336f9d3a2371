import { cloneModel, type Model } from '@snp/onnx';
import { gatherStatistics } from '../calibration/gatherStatistics.js';
import { outputSums, outputTaps } from '../calibration/outputSums.js';
import type { Context } from '../context/context.js';
import { fittingData } from '../data/emptyPast.js';
import { biasedOutputs, shiftBias } from '../layers/outputBias.js';
import { ownWeights } from '../layers/weights.js';
import type { CalibrationStatistics } from '../statistics/statistics.js';

/**
 * Bias correction (as after quantisation, Nagel et al., arXiv 1906.04721): shifts the last bias of a pruned model so that its answers have the original's means over the calibration data. Errors of layers add up
 * to a tilt of the answers that no layer alone can see. Takes one pass of the pruned model.
 *
 * @param pruned It stays as it is.
 * @param statistics Know the original's outputs.
 * @returns The corrected model.
 * @throws SnpError `runtime` where the runtime does not take the model; `aborted`.
 */
export async function correctBias(context: Context, pruned: Model, statistics: CalibrationStatistics): Promise<Model> {
  const { analysis, data, runtime, batchSize, signal, clock } = context;
  const { outputs } = statistics;
  if (outputs.size === 0 || !data) return pruned;
  const { shapes, model } = analysis;
  const sums = outputTaps(pruned, (name) => shapes.shape(model.graph.value(name))?.length);
  const calibration = fittingData(data, pruned);
  const run = { model: pruned, requests: {}, assignments: [], sums, calibration, runtime, batchSize, signal };
  const gathered = await clock.time('match', (onProgress) => gatherStatistics({ ...run, onProgress }));
  const found = outputSums(gathered.sums);
  const corrected = cloneModel(pruned);
  for (const { output, bias } of biasedOutputs(corrected)) {
    const [want, got] = [outputs.get(output.name), found.get(output.name)];
    if (!want || got?.sums.length !== bias.tensor!.size) continue;
    const shift = want.sums.map((sum, at) => sum / want.rows - got.sums[at] / got.rows);
    if (shift.every(Number.isFinite)) shiftBias(bias, shift, ownWeights);
  }
  return corrected;
}
