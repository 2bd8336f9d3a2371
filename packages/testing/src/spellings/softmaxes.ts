import type { Value } from '@snp/onnx';
import type { SpellingWriter } from './spellingWriter.js';

/** One way of writing the softmax of scores. */
export interface SoftmaxSpelling {
  /** `rank` of the scores; keys lie on the last axis, queries on the one before. */
  readonly write: (w: SpellingWriter, scores: Value, rank: number) => Value;
  /** Over queries and keys, or heads too, taken as one axis: operators before set 13. */
  readonly joint?: 'queries' | 'heads';
  readonly since?: number;
  readonly until?: number;
}

/** Spellings of softmax. */
export const SOFTMAXES = {
  operator: { write: (w, x) => w.op('Softmax', [x], { axis: -1 }) },
  'operator-from-front': { write: (w, x, rank) => w.op('Softmax', [x], { axis: rank - 1 }) },
  'taken-apart': {
    write: (w, x) => {
      const powers = w.op('Exp', [w.op('Sub', [x, w.reduce('ReduceMax', x, [-1])])]);
      return w.op('Div', [powers, w.reduce('ReduceSum', powers, [-1])]);
    },
  },
  'exponential-over-sum': {
    write: (w, x) => {
      const powers = w.op('Exp', [x]);
      return w.op('Mul', [powers, w.op('Reciprocal', [w.reduce('ReduceSum', powers, [-1])])]);
    },
  },
  'log-sum': {
    write: (w, x) => w.op('Exp', [w.op('Sub', [x, w.reduce('ReduceLogSumExp', x, [-1])])]),
  },
  logarithm: { write: (w, x) => w.op('Exp', [w.op('LogSoftmax', [x], { axis: -1 })]) },
  'in-float32': { write: (w, x) => w.cast(w.op('Softmax', [w.cast(x, 'FLOAT')], { axis: -1 }), w.float) },
  'without-nan': {
    write: (w, x) => {
      const map = w.op('Softmax', [x], { axis: -1 });
      return w.op('Where', [w.op('IsNaN', [map]), w.number(0), map]);
    },
  },
  'rows-turned': {
    write: (w, x, rank) => {
      const perm = [...Array(rank).keys()];
      [perm[rank - 1], perm[rank - 2]] = [rank - 2, rank - 1];
      const turned = w.op('Softmax', [w.transpose(x, ...perm)], { axis: rank - 2 });
      return w.transpose(turned, ...perm);
    },
    since: 13,
  },
  'joint-queries': {
    write: (w, x, rank) => w.op('Softmax', [x], { axis: rank - 2 }),
    joint: 'queries',
    until: 12,
  },
  'joint-heads': { write: (w, x) => w.op('Softmax', [x], { axis: 1 }), joint: 'heads', until: 12 },
} as const satisfies Record<string, SoftmaxSpelling>;

/** Name of a spelling of softmax. */
export type SoftmaxName = keyof typeof SOFTMAXES;

/** The spelling of that name. */
export function softmaxSpelling(name: SoftmaxName): SoftmaxSpelling {
  return SOFTMAXES[name];
}
