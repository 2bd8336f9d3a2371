import type { Feeds } from '../session/runtime.js';

/** One calibration or evaluation input. */
export interface Sample {
  /** File name, or a number, for messages. */
  name: string;
  /** Inputs of the model by name, each with a first axis of size 1. */
  feeds: Feeds;
  /** Class index, where the source knows one. */
  label?: number | undefined;
  /** Of a text: what a language model is to foretell. */
  following?: FollowingTokens | undefined;
}

/** The tokens that follow in a text, and what they stand for. */
export interface FollowingTokens {
  /** For each token the one that comes after it; -1 where none does, or where it is not to be counted. */
  ids: readonly number[];
  /** Bytes of UTF-8 and words of the text that these are. */
  bytes: number;
  words: number;
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
  /** Samples that could not be read, in any pass so far. */
  readonly skipped: readonly Skipped[];
  /** Whether each sample is a picture [1, 3, height, width], as the one input of a model. */
  readonly pictures?: boolean | undefined;
  /** What is read, and how, in a line; absent where there is nothing to say. */
  readonly description?: string | undefined;
  /** Where samples are made of texts: the text of tokens. */
  readonly decode?: ((ids: readonly number[]) => string) | undefined;
  samples(signal?: AbortSignal): AsyncIterable<Sample>;
}
