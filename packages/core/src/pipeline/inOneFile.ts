import type { Model } from '@snp/onnx';
import { readModel, writeModel } from '@snp/onnx/node';
import { onnxRuntime } from '@snp/runtime';
import { checkMerged } from '../companions/checkMerged.js';
import { type MergedModel, mergedModel, readBy } from '../companions/mergedModel.js';
import type { OpenOptions } from '../context/open.js';
import { mapSamples } from '../data/mapSamples.js';
import type { PruneResult } from './pruneResult.js';

/** A model that was read, and the two models that it is if it is a merged one. */
export async function readMerged(source: string | Model): Promise<{ model: Model; parts: MergedModel | undefined }> {
  const model = typeof source === 'string' ? await readModel(source) : source;
  return { model, parts: mergedModel(model) };
}

/**
 * Prunes two models that are in one file (`mergedModel`) in step: the second is a companion of the first.
 *
 * @param prune Prunes the first.
 * @throws SnpError `unsupported` if one of them is another in one file than by itself, before or after.
 */
export async function inOneFile<Options extends OpenOptions>(
  { model, parts }: { model: Model; parts: MergedModel },
  options: Options,
  prune: (first: Model, options: Options) => Promise<PruneResult>,
): Promise<PruneResult> {
  const { first, second, choice, merge } = parts;
  const { runtime = onnxRuntime(), dims, signal, verify, name = model.graph.name, companions = [] } = options;
  const check = async (whole: Model, models: readonly [Model, Model]) => {
    if (verify !== false) await checkMerged(whole, models, choice, { runtime, dims, signal });
  };
  await check(model, [first, second]);
  const calibration = options.calibration && mapSamples(options.calibration, (feeds) => readBy(first, feeds));
  const result = await prune(first, { ...options, calibration, name, companions: [second, ...companions] });
  const [inStep, ...others] = result.companions;
  const whole = merge(result.model, inStep.model);
  await check(whole, [result.model, inStep.model]);
  return { ...result, model: whole, companions: others, write: (path) => writeModel(whole, path) };
}
