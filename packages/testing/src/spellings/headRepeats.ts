import type { Value } from '@snp/onnx';
import { arrange, type Heads } from './heads.js';
import type { SpellingWriter } from './spellingWriter.js';

/** One way of giving every query head its key head: [batch, key heads, tokens, width] to [batch, heads, tokens, width]. */
export interface HeadRepeatSpelling {
  /** Neighbouring query heads share a key head, or each key head serves every so many. */
  readonly order: 'neighbours' | 'rounds';
  readonly write: (w: SpellingWriter, x: Heads, times: number) => Value;
}

function merged(w: SpellingWriter, x: Heads, apart: Value, times: number): Value {
  return w.reshape(apart, [x.batch, x.heads * times, x.tokens, x.width]);
}

/** Spellings of grouped queries. */
export const HEAD_REPEATS = {
  expand: {
    order: 'neighbours',
    write: (w, x, times) => {
      const apart = w.unsqueeze(x.value, 2);
      return merged(w, x, w.op('Expand', [apart, w.ints(1, 1, times, 1, 1)]), times);
    },
  },
  'expand-computed': {
    order: 'neighbours',
    write: (w, x, times) => {
      const apart = w.unsqueeze(x.value, 2);
      return merged(w, x, w.expand(apart, [x.batch, x.heads, times, x.tokens, x.width]), times);
    },
  },
  tile: {
    order: 'neighbours',
    write: (w, x, times) => merged(w, x, w.op('Tile', [w.unsqueeze(x.value, 2), w.ints(1, 1, times, 1, 1)]), times),
  },
  concat: {
    order: 'neighbours',
    write: (w, x, times) => {
      const apart = w.unsqueeze(x.value, 2);
      return merged(w, x, w.concat(2, ...Array<Value>(times).fill(apart)), times);
    },
  },
  gather: {
    order: 'neighbours',
    write: (w, x, times) => {
      const indices = Array.from({ length: x.heads * times }, (_, at) => Math.floor(at / times));
      return w.op('Gather', [x.value, w.indices([indices.length], indices)], { axis: 1 });
    },
  },
  'tile-heads': {
    order: 'rounds',
    write: (w, x, times) => w.op('Tile', [x.value, w.ints(1, times, 1, 1)]),
  },
  'concat-heads': { order: 'rounds', write: (w, x, times) => w.concat(1, ...Array<Value>(times).fill(x.value)) },
} as const satisfies Record<string, HeadRepeatSpelling>;

/** Name of a spelling of grouped queries. */
export type HeadRepeatName = keyof typeof HEAD_REPEATS;

/** The spelling of that name. */
export function headRepeatSpelling(name: HeadRepeatName): HeadRepeatSpelling {
  return HEAD_REPEATS[name];
}

/** Keys or values with one head per query head, in front of the tokens. */
export function repeatHeads(w: SpellingWriter, x: Heads, heads: number, name: HeadRepeatName): Heads {
  if (x.heads === heads) return x;
  const first = arrange(w, x, 'heads-first');
  return { ...first, heads, value: headRepeatSpelling(name).write(w, first, heads / x.heads) };
}
