import type { Model } from '@snp/onnx';
import { batches } from '../calibration/batches.js';
import type { Calibration, Sample } from '../calibration/calibration.js';
import type { Feeds, Moments, Runtime, RuntimeTensor } from '../session/runtime.js';
import { throwIfAborted } from '../throwIfAborted.js';
import { BATCH_NUMBER } from './build.js';
import { addTaps, type Tap } from './tap.js';

/** Options of `runTapped`. */
export interface RunTappedOptions {
  model: Model;
  taps: readonly Tap[];
  runtime: Runtime;
  calibration: Calibration;
  /** Samples per run, where the model's first dimensions are free. Default `DEFAULT_BATCH_SIZE`. */
  batchSize?: number | undefined;
  signal?: AbortSignal | undefined;
  /** Names of taps whose values are added up over all batches where the model runs, instead of being handed to `onBatch` (float64). */
  sums?: readonly string[] | undefined;
  /** Given those sums at the end, one after the other. */
  onSum?: ((name: string, sum: RuntimeTensor) => void) | undefined;
  /** Names of taps of rows whose second moments are added up likewise. */
  moments?: readonly string[] | undefined;
  /** Given those moments at the end, one after the other. */
  onMoments?: ((name: string, moments: Moments) => void) | undefined;
  /** Called after each batch with the number of samples done. */
  onProgress?: ((done: number, total: number | undefined) => void) | undefined;
}

/**
 * Given what a batch gave, its samples, and how many samples the outputs hold: more where the model takes a fixed number and the last batch was filled up. Sums and moments count a batch
 * for as many samples as it has.
 */
export type OnBatch = (outputs: Feeds, samples: readonly Sample[], size: number) => void | Promise<void>;

/** Samples per run of a model with a free batch dimension: larger batches gain nothing on a CPU and take memory. */
export const DEFAULT_BATCH_SIZE = 4;

/**
 * Runs calibration data through a model with taps and hands each batch's tapped values to `onBatch`, in order. The next
 * batch waits until they were looked at: both take all cores, and a runtime that has to share them loses more than is won.
 */
export async function runTapped(options: RunTappedOptions, onBatch: OnBatch): Promise<void> {
  return runSamples({ ...options, model: addTaps(options.model, options.taps) }, onBatch);
}

/** Options of `runSamples`: as for `runTapped`, with a model as it is (or its path) and the outputs to fetch. */
export interface RunSamplesOptions extends Omit<RunTappedOptions, 'model' | 'taps'> {
  model: Model | string;
  fetches?: readonly string[] | undefined;
}

/** Runs samples through a model and hands each batch's outputs to `onBatch`, in order. */
export async function runSamples(options: RunSamplesOptions, onBatch: OnBatch): Promise<void> {
  const { calibration, signal } = options;
  const session = await options.runtime.open(options.model, { signal });
  try {
    const inputs = session.inputs.filter(({ name }) => name !== BATCH_NUMBER);
    const numbered = inputs.length < session.inputs.length;
    const { batchSize = DEFAULT_BATCH_SIZE, fetches, sums, moments } = options;
    let [done, number] = [0, 0n];
    for await (const batch of batches(calibration.samples(signal), batchSize, inputs)) {
      throwIfAborted(signal);
      const own = numbered && { [BATCH_NUMBER]: { type: 'INT64' as const, dims: [1], data: BigInt64Array.of(number) } };
      const weight = batch.samples.length / batch.size;
      const outputs = await session.run({ ...batch.feeds, ...own }, { fetches, sums, moments, weight, signal });
      await onBatch(outputs, batch.samples, batch.size);
      done += batch.samples.length;
      number++;
      options.onProgress?.(done, calibration.count);
    }
    if (done === 0) return;
    for (const name of sums ?? []) options.onSum?.(name, await session.takeSum(name));
    await inAdvance(
      moments ?? [],
      (name) => session.takeMoments(name),
      (name, own) => options.onMoments?.(name, own),
    );
  } finally {
    await session.close();
  }
}

/** Things that are asked for at a time: while one is looked at, others come. */
const ASKED_FOR = 6;

/** Asks for one thing after the other, some in advance. */
async function inAdvance<T>(
  names: readonly string[],
  take: (name: string) => Promise<T>,
  use: (name: string, taken: T) => void,
): Promise<void> {
  const coming: Promise<T>[] = [];
  for (const [at, name] of names.entries()) {
    for (let next = at + coming.length; next < Math.min(at + ASKED_FOR, names.length); next++) {
      const own = take(names[next]);
      // Looked at in its turn.
      own.catch(() => undefined);
      coming.push(own);
    }
    use(name, await coming.shift()!);
  }
}
