import { SnpError } from '@snp/onnx';
import type { Feeds } from '../session/runtime.js';
import { throwIfAborted } from '../throwIfAborted.js';
import type { Calibration } from './calibration.js';
import { isSelected, type Selection } from './selection.js';

/** What `tensors` takes: samples' inputs in a list or an iterable, or a function that gives a new iterable for each pass. */
export type FeedSource = Iterable<Feeds> | AsyncIterable<Feeds> | (() => Iterable<Feeds> | AsyncIterable<Feeds>);

/**
 * Samples from a program: anything that can be iterated over. Each item holds one sample's inputs by name, with a first axis
 * of size 1. Some work takes several passes, for which a source must be a list or a function.
 *
 * @throws SnpError `calibration` when a second pass asks for samples that are used up.
 * @example
 * const calibration = tensors(async function* () {
 *   for (const data of recordings) yield { input: { type: 'FLOAT', dims: [1, 16000], data } };
 * });
 */
export function tensors(source: FeedSource, options: Selection & { count?: number } = {}): Calibration {
  let readBefore = false;
  return {
    count: options.count,
    skipped: [],
    async *samples(signal) {
      let position = 0;
      let taken = 0;
      if (options.limit === 0) return;
      for await (const feeds of typeof source === 'function' ? source() : source) {
        throwIfAborted(signal);
        readBefore = true;
        if (!isSelected(position++, options)) continue;
        yield { name: String(taken++), feeds };
        // Before the source is asked again: the next one may be long in coming.
        if (taken === options.limit) break;
      }
      if (position === 0 && readBefore)
        throw new SnpError(
          'calibration',
          'The samples can be read only once, and were. Give a function that starts anew, as in tensors(() => read()).',
        );
    },
  };
}
