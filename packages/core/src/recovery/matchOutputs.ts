import type { Analysis } from '@snp/graph';
import type { Model } from '@snp/onnx';
import type { Calibration, Runtime } from '@snp/runtime';
import { gatherStatistics } from '../statistics/gatherStatistics.js';
import { outputSums, outputTaps } from '../statistics/outputSums.js';
import type { OutputSums } from '../statistics/statistics.js';
import { biasedOutputs, shiftBias } from './outputBias.js';

/** Options of `matchOutputs`. */
export interface MatchOutputsOptions {
  /** The original's outputs on the calibration data. */
  outputs: ReadonlyMap<string, OutputSums>;
  calibration: Calibration;
  runtime: Runtime;
  batchSize?: number | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((done: number, total: number | undefined) => void) | undefined;
}

/**
 * Shifts the last bias of a pruned model so that its answers have the original's means over the calibration data: errors of layers add up to a tilt of the
 * answers that no layer alone can see. Takes one pass of the pruned model.
 */
export async function matchOutputs(
  pruned: Model,
  { shapes, model }: Analysis,
  { outputs, ...options }: MatchOutputsOptions,
): Promise<void> {
  if (outputs.size === 0) return;
  const rankOf = (name: string) => shapes.shape(model.graph.value(name))?.length;
  const sums = outputTaps(pruned, rankOf);
  const found = outputSums(
    (await gatherStatistics({ ...options, model: pruned, requests: {}, assignments: [], sums })).sums,
  );
  for (const { output, bias } of biasedOutputs(pruned)) {
    const [want, got] = [outputs.get(output.name), found.get(output.name)];
    if (!want || got?.sums.length !== bias.tensor!.size) continue;
    const shift = want.sums.map((sum, at) => sum / want.rows - got.sums[at] / got.rows);
    if (shift.every(Number.isFinite)) shiftBias(bias, shift);
  }
}
