import { SnpError } from '@snp/onnx';
import {
  type Calibration,
  checkSample,
  type RuntimeTensor,
  type Sample,
  type TensorInfo,
  throwIfAborted,
} from '@snp/runtime';
import { shuffled } from './order.js';

/** Samples to train on, and those that are held back to look at. */
export interface Divided {
  trained: readonly Sample[];
  heldBack: readonly Sample[];
}

/** Bytes of samples that are kept in memory, at most. */
const MOST_BYTES = 4 * 2 ** 30;

/** Samples that are held back at least, and that must be left to train on. */
export const LEAST_SAMPLES = 16;

/**
 * Reads all samples into memory.
 *
 * @throws SnpError `limit` where they take more than 4 GiB.
 */
export async function readSamples(
  data: Calibration,
  inputs: readonly TensorInfo[],
  { signal, onRead }: { signal: AbortSignal | undefined; onRead: (done: number) => void },
): Promise<Sample[]> {
  const samples: Sample[] = [];
  let bytes = 0;
  for await (const sample of data.samples(signal)) {
    throwIfAborted(signal);
    checkSample(sample, inputs);
    samples.push(sample);
    for (const tensor of Object.values(sample.feeds)) bytes += bytesOf(tensor);
    if (bytes > MOST_BYTES)
      throw new SnpError(
        'limit',
        `The samples take more than ${MOST_BYTES / 2 ** 30} GiB of memory after ${samples.length} of them, and are all kept while a model is tuned. Take fewer (--limit, --every).`,
      );
    onRead(samples.length);
  }
  return samples;
}

const bytesOf = ({ data }: RuntimeTensor) => (Array.isArray(data) ? 0 : data.byteLength);

/** Of so many samples one is held back: the same that `prune` of `@snp/core` holds back, so that of data that were given to both the same stay unseen. */
const EVERY = 8;

/**
 * Holds samples back: every eighth, or a share that is chosen at random.
 *
 * @param options.share Default: every eighth, and at random what is missing of sixteen.
 * @throws SnpError `calibration` if too few are left.
 */
export function divide(
  samples: readonly Sample[],
  { share, seed }: { share: number | undefined; seed: number },
): Divided {
  const eighth = Math.floor(samples.length / EVERY);
  const held = Math.max(LEAST_SAMPLES, share === undefined ? eighth : Math.round(share * samples.length));
  if (samples.length - held < LEAST_SAMPLES)
    throw new SnpError(
      'calibration',
      `There are ${samples.length} samples, of which ${held} are held back: at least ${LEAST_SAMPLES} must be left to train on. Give more.`,
    );
  const order = shuffled(samples.length, seed);
  const first = share === undefined ? Array.from({ length: eighth }, (_, at) => EVERY * (at + 1) - 1) : [];
  const chosen = new Set([...new Set([...first, ...order])].slice(0, held));
  return {
    trained: samples.filter((_, at) => !chosen.has(at)),
    heldBack: samples.filter((_, at) => chosen.has(at)),
  };
}
