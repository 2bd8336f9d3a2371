import type { Feeds, RuntimeData, RuntimeTensor, TensorInfo } from '../session/runtime.js';
import type { Sample } from './calibration.js';
import { checkSample } from './checkSample.js';
import { runPlan } from './runPlan.js';
import { withoutPadding } from './withoutPadding.js';

/** Samples that run together. */
export interface Batch {
  feeds: Feeds;
  samples: readonly Sample[];
  /** How many samples the feeds hold: more than `samples` where a model takes no fewer, and the last batch is filled up with samples that it holds already. */
  size: number;
}

/**
 * Stacks samples along their first axis, `size` at a time, or as many as the model takes where that is fixed. Samples of other shapes than the ones before start a new batch, and so do those
 * that hold something else in an input that a batch has but once. Samples that hold more than one of their own, and those of models that take but one, run alone. Each sample is checked
 * against the model's inputs, and loses what its mask says is padding.
 *
 * @throws SnpError `calibration` if a sample does not fit.
 */
export async function* batches(
  samples: AsyncIterable<Sample>,
  size: number,
  inputs: readonly TensorInfo[],
): AsyncGenerator<Batch> {
  let waiting: Sample[] = [];
  let room = 0;
  for await (const given of samples) {
    checkSample(given, inputs);
    const sample = withoutPadding(given, inputs);
    const plan = runPlan(sample, inputs, size);
    if (waiting.length > 0 && (waiting.length === room || !goTogether(waiting[0], sample, plan.stacked))) {
      yield stack(waiting, inputs, size);
      waiting = [];
    }
    waiting.push(sample);
    room = plan.size;
  }
  if (waiting.length > 0) yield stack(waiting, inputs, size);
}

/** True of samples of equal shapes that hold the same in all that is not stacked. */
function goTogether({ feeds: first }: Sample, { feeds: second }: Sample, stacked: ReadonlySet<string>): boolean {
  return Object.entries(second).every(([name, { dims, data }]) => {
    const other = first[name];
    if (dims.join() !== other.dims.join()) return false;
    return stacked.has(name) || data.every((element, at) => element === other.data[at]);
  });
}

function stack(samples: readonly Sample[], inputs: readonly TensorInfo[], most: number): Batch {
  const { stacked, size, fixed } = runPlan(samples[0], inputs, most);
  const whole = fixed ? size : samples.length;
  if (whole === 1) return { feeds: samples[0].feeds, samples, size: 1 };
  const rows = Array.from({ length: whole }, (_, at) => samples[at % samples.length].feeds);
  const feeds = Object.fromEntries(
    Object.entries(samples[0].feeds).map(([name, tensor]) => [
      name,
      stacked.has(name) ? concatenate(rows.map((own) => own[name])) : tensor,
    ]),
  );
  return { feeds, samples, size: whole };
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
