import type { Feeds, RuntimeData, RuntimeTensor, TensorInfo } from '../session/runtime.js';
import type { Sample } from './calibration.js';
import { checkSample } from './checkSample.js';

/** Samples that run together. */
export interface Batch {
  feeds: Feeds;
  samples: readonly Sample[];
}

/**
 * Stacks samples along their first axis, `size` at a time. Samples of other shapes than the ones before start a new batch.
 * Each sample is checked against the model's inputs.
 */
export async function* batches(
  samples: AsyncIterable<Sample>,
  size: number,
  inputs: readonly TensorInfo[],
): AsyncGenerator<Batch> {
  let waiting: Sample[] = [];
  for await (const sample of samples) {
    checkSample(sample, inputs);
    if (waiting.length > 0 && (waiting.length === size || shapeOf(waiting[0]) !== shapeOf(sample))) {
      yield stack(waiting);
      waiting = [];
    }
    waiting.push(sample);
  }
  if (waiting.length > 0) yield stack(waiting);
}

function shapeOf({ feeds }: Sample): string {
  return Object.entries(feeds)
    .map(([name, { dims }]) => `${name}:${dims}`)
    .join(';');
}

function stack(samples: readonly Sample[]): Batch {
  if (samples.length === 1) return { feeds: samples[0].feeds, samples };
  const feeds: Feeds = {};
  for (const name of Object.keys(samples[0].feeds)) {
    const parts = samples.map((sample) => sample.feeds[name]);
    feeds[name] = concatenate(parts);
  }
  return { feeds, samples };
}

function concatenate(parts: readonly RuntimeTensor[]): RuntimeTensor {
  const [{ type, dims, data }] = parts;
  const rows = parts.reduce((sum, part) => sum + part.dims[0], 0);
  const shape = [rows, ...dims.slice(1)];
  if (Array.isArray(data)) return { type, dims: shape, data: parts.flatMap((part) => part.data as string[]) };
  const length = parts.reduce((sum, part) => sum + part.data.length, 0);
  const joined = new (data.constructor as new (length: number) => Exclude<RuntimeData, string[]>)(length);
  let at = 0;
  for (const part of parts) {
    joined.set(part.data as never, at);
    at += part.data.length;
  }
  return { type, dims: shape, data: joined };
}
