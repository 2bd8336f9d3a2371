import type { Feeds } from '../session/runtime.js';
import type { Calibration } from './calibration.js';
import { isSelected, type Selection } from './selection.js';

/** What `tensors` takes: samples' inputs in a list or an iterable, or a function that gives a new iterable for each pass. */
export type FeedSource = Iterable<Feeds> | AsyncIterable<Feeds> | (() => Iterable<Feeds> | AsyncIterable<Feeds>);

/**
 * Samples from a program: anything that can be iterated over. Each item holds one sample's inputs by name, with a first axis
 * of size 1.
 *
 * @example
 * const calibration = tensors(async function* () {
 *   for (const data of recordings) yield { input: { type: 'FLOAT', dims: [1, 16000], data } };
 * });
 */
export function tensors(source: FeedSource, options: Selection & { count?: number } = {}): Calibration {
  return {
    count: options.count,
    skipped: [],
    async *samples(signal) {
      let position = 0;
      let taken = 0;
      for await (const feeds of typeof source === 'function' ? source() : source) {
        signal?.throwIfAborted();
        if (options.limit !== undefined && taken >= options.limit) return;
        if (isSelected(position++, options)) yield { name: String(taken++), feeds };
      }
    },
  };
}
