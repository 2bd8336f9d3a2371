import type { Feeds } from '../session/runtime.js';

/** One calibration or evaluation input. */
export interface Sample {
  /** File name, or a number, for messages. */
  name: string;
  /** Inputs of the model by name, each with a first axis of size 1. */
  feeds: Feeds;
  /** Class index, where the source knows one. */
  label?: number | undefined;
}

/** Something that could not be read, and why. */
export interface Skipped {
  name: string;
  reason: string;
}

/** A source of samples. Each call of `samples` starts from the first one again. */
export interface Calibration {
  /** Number of samples, where it is known before reading them. */
  readonly count: number | undefined;
  /** Samples that could not be read in the last pass. */
  readonly skipped: readonly Skipped[];
  samples(signal?: AbortSignal): AsyncIterable<Sample>;
}
