import type { Value } from '@snp/onnx';
import { arrange, type Heads } from './heads.js';
import type { ScoreForm } from './scores.js';
import type { SpellingWriter } from './spellingWriter.js';

/** One way of multiplying queries with keys, and maps with values. */
export interface CoreSpelling {
  readonly form: ScoreForm;
  /** Rank 4 forms with one head per query head; the scores in the core's form. */
  readonly scores: (w: SpellingWriter, q: Heads, k: Heads) => Value;
  readonly mix: (w: SpellingWriter, map: Value, v: Heads) => Heads;
}

const first = (w: SpellingWriter, x: Heads) => arrange(w, x, 'heads-first').value;
const last = (w: SpellingWriter, x: Heads) => arrange(w, x, 'tokens-first').value;

function folded(w: SpellingWriter, x: Heads): Value {
  return w.reshape(first(w, x), [{ product: [x.batch, x.heads] }, x.tokens, x.width]);
}

/** [tokens, batch, ...] in front, then [batch * heads, tokens, width], as nn.MultiheadAttention does it. */
function foldedSequenceFirst(w: SpellingWriter, x: Heads): Value {
  const flat = w.transpose(arrange(w, x, 'flat').value, 1, 0, 2);
  const rows = w.reshape(flat, [x.tokens, { product: [x.batch, x.heads] }, x.width]);
  return w.transpose(rows, 1, 0, 2);
}

const headMajor = (w: SpellingWriter, x: Heads) => w.transpose(last(w, x), 2, 0, 1, 3);

/** Spellings of an attention of plain products. */
export const CORES = {
  'heads-first': {
    form: 'heads-first',
    scores: (w, q, k) => w.op('MatMul', [first(w, q), w.transpose(first(w, k), 0, 1, 3, 2)]),
    mix: (w, map, v) => fromHeads(w, w.op('MatMul', [map, first(w, v)]), v),
  },
  'key-turned-at-once': {
    form: 'heads-first',
    scores: (w, q, k) => w.op('MatMul', [first(w, q), w.transpose(last(w, k), 0, 2, 3, 1)]),
    mix: (w, map, v) => fromHeads(w, w.op('MatMul', [map, first(w, v)]), v),
  },
  'scores-turned': {
    form: 'heads-first',
    scores: (w, q, k) => {
      const product = w.op('MatMul', [first(w, k), w.transpose(first(w, q), 0, 1, 3, 2)]);
      return w.transpose(product, 0, 1, 3, 2);
    },
    mix: (w, map, v) => {
      const turned = w.op('MatMul', [w.transpose(last(w, v), 0, 2, 3, 1), w.transpose(map, 0, 1, 3, 2)]);
      return fromHeads(w, w.transpose(turned, 0, 1, 3, 2), v);
    },
  },
  folded: {
    form: 'folded',
    scores: (w, q, k) => w.op('MatMul', [folded(w, q), w.transpose(folded(w, k), 0, 2, 1)]),
    mix: (w, map, v) => fromFolded(w, w.op('MatMul', [map, folded(w, v)]), v),
  },
  'sequence-first': {
    form: 'folded',
    scores: (w, q, k) => w.op('MatMul', [foldedSequenceFirst(w, q), w.transpose(foldedSequenceFirst(w, k), 0, 2, 1)]),
    mix: (w, map, v) => {
      const rows = w.transpose(w.op('MatMul', [map, foldedSequenceFirst(w, v)]), 1, 0, 2);
      const queries = { value: rows, axis: 0, size: w.leading[1] };
      const flat = w.transpose(w.reshape(rows, [queries, v.batch, v.heads * v.width]), 1, 0, 2);
      return { ...v, value: flat, form: 'flat', tokens: queries };
    },
  },
  'head-major': {
    form: 'head-major',
    scores: (w, q, k) => w.op('MatMul', [headMajor(w, q), w.transpose(headMajor(w, k), 0, 1, 3, 2)]),
    mix: (w, map, v) => {
      const value = w.transpose(w.op('MatMul', [map, headMajor(w, v)]), 1, 2, 0, 3);
      return { ...v, value, form: 'tokens-first', tokens: { value, axis: 1, size: w.leading[1] } };
    },
  },
  einsum: {
    form: 'heads-first',
    scores: (w, q, k) => w.op('Einsum', [last(w, q), last(w, k)], { equation: 'bqhd,bkhd->bhqk' }),
    mix: (w, map, v) => {
      const value = w.op('Einsum', [map, last(w, v)], { equation: 'bhqk,bkhd->bqhd' });
      return { ...v, value, form: 'tokens-first', tokens: { value, axis: 1, size: w.leading[1] } };
    },
  },
  'einsum-keras': {
    form: 'heads-first',
    // The key comes first.
    scores: (w, q, k) => w.op('Einsum', [last(w, k), last(w, q)], { equation: 'aecd,abcd->acbe' }),
    mix: (w, map, v) => {
      const value = w.op('Einsum', [map, last(w, v)], { equation: 'acbe,aecd->abcd' });
      return { ...v, value, form: 'tokens-first', tokens: { value, axis: 1, size: w.leading[1] } };
    },
  },
  'einsum-heads-first': {
    form: 'heads-first',
    scores: (w, q, k) => w.op('Einsum', [first(w, q), first(w, k)], { equation: '...id,...jd->...ij' }),
    mix: (w, map, v) => fromHeads(w, w.op('Einsum', [map, first(w, v)], { equation: '...ij,...jd->...id' }), v),
  },
  'products-and-sums': {
    form: 'heads-first',
    // No product of matrices at all: [.., queries, 1, width] times [.., 1, keys, width], summed.
    scores: (w, q, k) => {
      const product = w.op('Mul', [w.unsqueeze(first(w, q), 3), w.unsqueeze(first(w, k), 2)]);
      return w.reduce('ReduceSum', product, [-1], 0);
    },
    mix: (w, map, v) => fromHeads(w, w.op('MatMul', [map, first(w, v)]), v),
  },
} as const satisfies Record<string, CoreSpelling>;

function fromHeads(w: SpellingWriter, value: Value, v: Heads): Heads {
  return { ...v, value, form: 'heads-first', tokens: { value, axis: 2, size: w.leading[1] } };
}

function fromFolded(w: SpellingWriter, value: Value, v: Heads): Heads {
  const queries = { value, axis: 1, size: w.leading[1] };
  return fromHeads(w, w.reshape(value, [v.batch, v.heads, queries, v.width]), v);
}

/** Name of a spelling of an attention's products. */
export type CoreName = keyof typeof CORES;

/** The spelling of that name. */
export function coreSpelling(name: CoreName): CoreSpelling {
  return CORES[name];
}
