import type { Model } from '@snp/onnx';
import type { Calibration, Feeds, RuntimeTensor, TensorInfo } from '@snp/runtime';
import { tensorInputs } from '@snp/runtime';
import { mapSamples } from './mapSamples.js';

/** What a model is fed where the data were made for a wider one: keys and values of a past of no tokens are as wide as its own. All else stays. */
export function fittingFeeds(feeds: Feeds, inputs: readonly TensorInfo[]): Feeds {
  const own = inputs.flatMap(({ name, dims }): [string, RuntimeTensor][] => {
    const tensor = feeds[name];
    if (tensor?.data.length !== 0 || tensor.dims.length !== dims.length) return [];
    const sizes = tensor.dims.map((size, axis) => {
      const wanted = dims[axis];
      return size > 0 && typeof wanted === 'number' ? wanted : size;
    });
    return [[name, { ...tensor, dims: sizes }]];
  });
  return own.length > 0 ? { ...feeds, ...Object.fromEntries(own) } : feeds;
}

/** Data made for a wider model, as this one takes them. */
export function fittingData(data: Calibration, model: Model): Calibration {
  const inputs = tensorInputs(model);
  return mapSamples(data, (feeds) => fittingFeeds(feeds, inputs));
}

/** True if data hold no tokens of a past in these inputs, by the first sample: keys and values of earlier tokens are those of one model alone. */
export async function pastIsEmpty(
  data: Calibration,
  inputs: readonly string[],
  signal?: AbortSignal,
): Promise<boolean> {
  for await (const { feeds } of data.samples(signal)) return inputs.every((name) => feeds[name]?.data.length === 0);
  return false;
}
