import { cloneModel, inlineFunctions, type Model, settleRandomness } from '@snp/onnx';
import { readModel } from '@snp/onnx/node';
import type { Runtime, Session } from '@snp/runtime';

/**
 * Opens a model to compare its answers with those of others that were made of the same original; where that draws random numbers, without chance.
 *
 * @param original The one that was given, or as it was made ready for the analysis.
 */
export async function openToCompare(
  model: Model | string,
  original: Model,
  { runtime, signal }: { runtime: Runtime; signal?: AbortSignal | undefined },
): Promise<Session> {
  if (!settled(original).drew) return runtime.open(model, { signal });
  return runtime.open(settled(typeof model === 'string' ? await readModel(model) : model).model, { signal });
}

/** A copy without chance, that of functions included. */
function settled(model: Model): { model: Model; drew: boolean } {
  const copy = cloneModel(model);
  inlineFunctions(copy);
  return { model: copy, drew: settleRandomness(copy).length > 0 };
}
