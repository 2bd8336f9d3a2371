import type { Value } from '@snp/onnx';
import type { SpellingWriter } from './spellingWriter.js';

/** Where and how scores get their factor of one over the root of the width. */
export interface ScaleSpelling {
  readonly query?: (w: SpellingWriter, q: Value, width: number) => Value;
  readonly key?: (w: SpellingWriter, k: Value, width: number) => Value;
  /** Of the scores; `query` is of any form with the width last. */
  readonly scores?: (w: SpellingWriter, scores: Value, query: Value, width: number) => Value;
  /** The scores stay as they are. */
  readonly none?: boolean;
}

/** The width, read off the shape at run time, as a vector of one number. */
function widthOf(w: SpellingWriter, x: Value): Value {
  const shape = w.op('Shape', [x]);
  return w.cast(w.slice(shape, 0, -1, Number.MAX_SAFE_INTEGER), w.float);
}

/** Both sides times the root of one over the root of the width, as `scaled_dot_product_attention` is exported. */
function rootOfShape(w: SpellingWriter, x: Value): Value {
  const scale = w.op('Div', [w.number(1), w.op('Sqrt', [widthOf(w, x)])]);
  return w.op('Mul', [x, w.op('Sqrt', [scale])]);
}

/** Spellings of the scale of scores. */
export const SCALES = {
  'scores-div': { scores: (w, scores, _, width) => w.op('Div', [scores, w.number(Math.sqrt(width))]) },
  'scores-mul': { scores: (w, scores, _, width) => w.op('Mul', [w.number(width ** -0.5), scores]) },
  query: { query: (w, q, width) => w.op('Mul', [q, w.number(width ** -0.5)]) },
  'query-div': { query: (w, q, width) => w.op('Div', [q, w.number(Math.sqrt(width))]) },
  key: { key: (w, k, width) => w.op('Mul', [k, w.number(width ** -0.5)]) },
  both: {
    query: (w, q, width) => w.op('Mul', [q, w.number(width ** -0.25)]),
    key: (w, k, width) => w.op('Mul', [k, w.number(width ** -0.25)]),
  },
  'both-of-shape': { query: rootOfShape, key: rootOfShape },
  'shape-root': { scores: (w, scores, q) => w.op('Div', [scores, w.op('Sqrt', [widthOf(w, q)])]) },
  'shape-power': { scores: (w, scores, q) => w.op('Mul', [scores, w.op('Pow', [widthOf(w, q), w.number(-0.5)])]) },
  'shape-power-of-query': { query: (w, q) => w.op('Mul', [q, w.op('Pow', [widthOf(w, q), w.number(-0.5)])]) },
  none: { none: true },
} as const satisfies Record<string, ScaleSpelling>;

/** Name of a spelling of the scale. */
export type ScaleName = keyof typeof SCALES;

/** The spelling of that name. */
export function scaleSpelling(name: ScaleName): ScaleSpelling {
  return SCALES[name];
}
