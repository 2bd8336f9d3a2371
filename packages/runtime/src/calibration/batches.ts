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
  return { type, dims: shape, data: sideBySide(parts.map((part) => part.data as Numbers)) };
}

type Numbers = Exclude<RuntimeData, string[]>;

/** Arrays one behind the other: where they lie so already, without a copy. */
function sideBySide(parts: readonly Numbers[]): Numbers {
  const [first] = parts;
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  let end = first.byteOffset;
  const adjacent = parts.every(({ buffer, byteOffset, byteLength }) => {
    const follows = buffer === first.buffer && byteOffset === end;
    end += byteLength;
    return follows;
  });
  type Constructor = new (...of: [number] | [ArrayBufferLike, number, number]) => Numbers;
  const NumbersOf = first.constructor as Constructor;
  if (adjacent) return new NumbersOf(first.buffer, first.byteOffset, length);
  const joined = new NumbersOf(length);
  let at = 0;
  for (const part of parts) {
    joined.set(part as never, at);
    at += part.length;
  }
  return joined;
}
