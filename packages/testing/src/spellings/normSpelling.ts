import type { Value } from '@snp/onnx';
import type { SpellingWriter } from './spellingWriter.js';
import type { Weight } from './weight.js';

/** What a norm computes of a row of channels. */
export interface NormFormula {
  /** What the statistics run over: channels of a token, channels of all tokens, tokens of a channel; or stored, or none. */
  readonly over: 'channels' | 'tokens' | 'all' | 'stored' | 'nothing';
  /** The mean is taken away. */
  readonly centred: boolean;
  /** The squares are divided by N, by N - 1, or by 1: the length of the row. */
  readonly divisor: 'N' | 'N-1' | '1';
  /** Added to the mean of squares; to its root; the least that the length of the row may be; or none. */
  readonly epsilon: 'inside' | 'outside' | 'clip' | 'none';
  /** The operator's own epsilon. */
  readonly ownEpsilon?: number;
  /** N is a number that says nothing of a width, so that a narrower model may as well keep it. */
  readonly keepsDivisor?: boolean;
}

/** Weights and sizes of a norm over the last axis of [batch, tokens, channels]. */
export interface NormParts {
  readonly channels: number;
  readonly epsilon: number;
  /** Absent where the model has none. */
  readonly scale?: Weight;
  readonly shift?: Weight;
  /** A weight of ones along the channels, for operators that must have a scale. */
  readonly ones: Weight;
  /** Stored mean and variance, for those that keep them. */
  readonly mean: Weight;
  readonly variance: Weight;
}

/** One way of writing a norm. */
export interface NormSpelling {
  readonly formula: NormFormula;
  readonly write: (writer: SpellingWriter, x: Value, parts: NormParts) => Value;
  /** First operator set that has what it needs, default 11. */
  readonly since?: number;
  /** What the operator must have, or cannot have, else both are drawn. */
  readonly scale?: 'always' | 'never';
  readonly shift?: 'always' | 'never';
  /** Also over the last axis of a value of rank 4: a head's neurons. */
  readonly anyRank?: boolean;
}

export const LAYER: NormFormula = { over: 'channels', centred: true, divisor: 'N', epsilon: 'inside' };
export const RMS: NormFormula = { over: 'channels', centred: false, divisor: 'N', epsilon: 'inside' };

/** Scale and shift of a normalised value, where the norm has them. */
export function affine(writer: SpellingWriter, x: Value, { scale, shift }: NormParts): Value {
  const scaled = scale ? writer.op('Mul', [x, writer.weight(scale)]) : x;
  return shift ? writer.op('Add', [scaled, writer.weight(shift)]) : scaled;
}

/** The value through `work` with channels in front of the tokens. */
export function channelsFirst(writer: SpellingWriter, x: Value, work: (turned: Value) => Value): Value {
  return writer.transpose(work(writer.transpose(x, 0, 2, 1)), 0, 2, 1);
}
