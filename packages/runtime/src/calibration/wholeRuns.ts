import type { TensorInfo } from '../session/runtime.js';
import { batches } from './batches.js';
import type { Calibration, Sample } from './calibration.js';

/** Full runs that are enough to leave one out that would have to be filled up. */
const ENOUGH = 2;

/**
 * Calibration data each of whose samples is what a model runs at a time: for work that cannot tell which part of a value belongs to which sample. Where a model takes a fixed number of samples,
 * what is left over of them at the end is left out, unless there is hardly anything else.
 */
export function wholeRuns(calibration: Calibration, inputs: readonly TensorInfo[]): Calibration {
  return {
    count: undefined,
    get skipped() {
      return calibration.skipped;
    },
    async *samples(signal?: AbortSignal): AsyncGenerator<Sample> {
      let full = 0;
      for await (const { feeds, samples, size } of batches(calibration.samples(signal), 1, inputs)) {
        if (samples.length < size && full >= ENOUGH) continue;
        yield { name: samples[0].name, feeds };
        full++;
      }
    },
  };
}
