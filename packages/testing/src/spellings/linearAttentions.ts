import type { Value } from '@snp/onnx';
import { arrange, type Heads } from './heads.js';
import type { SpellingWriter } from './spellingWriter.js';

/** An attention whose maps are products of features of queries and keys, so that no map need be made. */
export interface LinearAttention {
  /** Features of queries and keys; with `softmax` over neurons and over tokens, the maps are not divided by their sums. */
  readonly feature: 'relu' | 'elu' | 'softmax';
  /** Queries, keys and values as [batch, heads, tokens, width]. */
  readonly write: (w: SpellingWriter, q: Value, k: Value, v: Value) => Value;
}

type Feature = (w: SpellingWriter, x: Value) => Value;

const relu: Feature = (w, x) => w.op('Relu', [x]);
const elu: Feature = (w, x) => w.op('Add', [w.op('Elu', [x]), w.number(1)]);
const turned: Feature = (w, x) => w.transpose(x, 0, 1, 3, 2);
/** Keeps sums of nothing from zero. */
export const LEAST = 1e-2;

/** Queries times (keys times values), over queries times the sum of keys. */
function divided(feature: Feature): LinearAttention['write'] {
  return (w, q, k, v) => {
    const [queries, keys] = [feature(w, q), feature(w, k)];
    const context = w.op('MatMul', [turned(w, keys), v]);
    const sums = w.op('MatMul', [queries, turned(w, w.reduce('ReduceSum', keys, [2]))]);
    return w.op('Div', [w.op('MatMul', [queries, context]), w.op('Add', [sums, w.number(LEAST)])]);
  };
}

/** Spellings of linear attention. */
export const LINEAR_ATTENTIONS = {
  'linear-relu': { feature: 'relu', write: divided(relu) },
  // Katharopoulos et al., arXiv 2006.16236.
  'linear-elu': { feature: 'elu', write: divided(elu) },
  'linear-einsum': {
    feature: 'relu',
    write: (w, q, k, v) => {
      const [queries, keys] = [relu(w, q), relu(w, k)];
      const context = w.op('Einsum', [keys, v], { equation: 'bhnd,bhne->bhde' });
      const sums = w.op('Einsum', [queries, w.reduce('ReduceSum', keys, [2], 0)], { equation: 'bhnd,bhd->bhn' });
      const part = w.op('Reciprocal', [w.op('Add', [sums, w.number(LEAST)])]);
      const mixed = w.op('Einsum', [queries, context], { equation: 'bhnd,bhde->bhne' });
      return w.op('Mul', [mixed, w.unsqueeze(part, 3)]);
    },
  },
  // EfficientViT (Cai et al., arXiv 2205.14756): values get a column of ones, whose mix is what to divide by.
  'linear-ones': {
    feature: 'relu',
    write: (w, q, k, v) => {
      const [queries, keys] = [relu(w, q), relu(w, k)];
      const padded = w.op('Pad', [v, w.ints(0, 0, 0, 0, 0, 0, 0, 1), w.number(1)], { mode: 'constant' });
      const mixed = w.op('MatMul', [queries, w.op('MatMul', [turned(w, keys), padded])]);
      const sums = w.slice(mixed, 3, -1, Number.MAX_SAFE_INTEGER);
      return w.op('Div', [w.slice(mixed, 3, 0, -1), w.op('Add', [sums, w.number(LEAST)])]);
    },
  },
  // Shen et al., arXiv 1812.01243.
  'linear-softmax': {
    feature: 'softmax',
    write: (w, q, k, v) => {
      const shares = w.op('Softmax', [turned(w, k)], { axis: 3 });
      const queries = w.op('Softmax', [q], { axis: 3 });
      return w.op('MatMul', [queries, w.op('MatMul', [shares, v])]);
    },
  },
} as const satisfies Record<string, LinearAttention>;

/** Name of a linear attention. */
export type LinearAttentionName = keyof typeof LINEAR_ATTENTIONS;

/** The linear attention of that name, if there is one. */
export function linearAttention(name: string): LinearAttention | undefined {
  return name in LINEAR_ATTENTIONS ? LINEAR_ATTENTIONS[name as LinearAttentionName] : undefined;
}

/** Mixed values of heads, one key head per head. */
export function mixLinearly(w: SpellingWriter, spelling: LinearAttention, q: Heads, k: Heads, v: Heads): Heads {
  const [query, key, values] = [q, k, v].map((each) => arrange(w, each, 'heads-first').value);
  const value = spelling.write(w, query, key, values);
  return { ...v, value, form: 'heads-first', tokens: { value, axis: 2, size: w.leading[1] } };
}
