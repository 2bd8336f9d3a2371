import { type AttributeInit, Tensor, type Value } from '@snp/onnx';
import { arrange, type Heads } from './heads.js';
import type { Projected, ProjectionInputs } from './projections.js';
import type { SpellingWriter } from './spellingWriter.js';
import { Weight } from './weight.js';

/** Past keys and values that an operator takes, and where it gives them. */
export interface OperatorCache {
  readonly past: readonly Value[];
  give(present: readonly Value[]): void;
}

interface OperatorOptions {
  readonly causal: boolean;
  readonly cache: OperatorCache | undefined;
}

/** An attention that is one operator. */
export interface AttentionOperator {
  readonly write: (
    w: SpellingWriter,
    qkv: () => Projected,
    inputs: ProjectionInputs,
    options: OperatorOptions,
  ) => Heads;
  readonly since?: number;
  /** Number of key heads may differ from that of heads. */
  readonly grouped?: boolean;
  /** It projects too, so that nothing lies between projections and scores. */
  readonly projects?: boolean;
  /** Values are as wide as queries. */
  readonly even?: boolean;
  /** It can go on with past keys and values. */
  readonly caches?: boolean;
  /** Causal at all times. */
  readonly causal?: 'always';
}

function flat(w: SpellingWriter, heads: readonly Heads[]): Value[] {
  return heads.map((each) => arrange(w, each, 'flat').value);
}

/** ONNX's own operator. */
function attend(
  w: SpellingWriter,
  qkv: readonly Value[],
  attributes: Record<string, AttributeInit>,
  cache: OperatorCache | undefined,
): Value {
  if (!cache) return w.op('Attention', [...qkv], attributes);
  const [value, ...present] = w.ops('Attention', [...qkv, undefined, ...cache.past], 3, attributes);
  cache.give(present);
  return value;
}

function result(w: SpellingWriter, value: Value, form: Heads['form'], heads: number, v: Heads): Heads {
  return { ...v, heads, value, form, tokens: { value, axis: form === 'heads-first' ? 2 : 1, size: w.leading[1] } };
}

/** Attentions by operators of ONNX and of onnxruntime. */
export const ATTENTION_OPERATORS = {
  'operator-rank-4': {
    since: 23,
    grouped: true,
    caches: true,
    write: (w, qkv, { spec }, { causal, cache }) => {
      const [q, k, v] = qkv().map((each) => arrange(w, each, 'heads-first'));
      const value = attend(w, [q.value, k.value, v.value], causal ? { is_causal: 1 } : {}, cache);
      return result(w, value, 'heads-first', spec.heads, v);
    },
  },
  'operator-rank-3': {
    since: 23,
    grouped: true,
    caches: true,
    write: (w, qkv, { spec }, { causal, cache }) => {
      const [q, k, v] = qkv();
      const attributes = { q_num_heads: spec.heads, kv_num_heads: spec.keyHeads, scale: spec.queryKey ** -0.5 };
      const value = attend(w, flat(w, [q, k, v]), { ...attributes, ...(causal ? { is_causal: 1 } : {}) }, cache);
      return result(w, value, 'flat', spec.heads, v);
    },
  },
  'multi-head': {
    caches: true,
    write: (w, qkv, { spec }, { causal, cache }) => {
      const [q, k, v] = qkv();
      const attributes = { num_heads: spec.heads, ...(causal ? { unidirectional: 1 } : {}) };
      const inputs = flat(w, [q, k, v]);
      if (!cache) return result(w, w.contrib('MultiHeadAttention', inputs, attributes), 'flat', spec.heads, v);
      const all = [...inputs, undefined, undefined, undefined, ...cache.past];
      const [value, ...present] = w.contribs('MultiHeadAttention', all, 3, attributes);
      cache.give(present);
      return result(w, value, 'flat', spec.heads, v);
    },
  },
  fused: {
    projects: true,
    write: (w, _, { spec, weights, x, name }, { causal }) => {
      const parts = [weights.q, weights.k, weights.v];
      const matrix = Weight.join(
        `${name}.qkv.weight`,
        parts.map(({ weight }) => weight),
        1,
      );
      const zero = parts.map(
        ({ weight, bias }) => bias ?? new Weight('zero', [weight.axes[1]], new Float64Array(weight.dims[1])),
      );
      const bias = Weight.join(`${name}.qkv.bias`, zero, 0);
      const sizes = parts.map(({ weight }) => weight.dims[1]);
      const value = w.contrib('Attention', [x, w.weight(matrix), w.weight(bias)], {
        num_heads: spec.heads,
        qkv_hidden_sizes: sizes,
        ...(causal ? { unidirectional: 1 } : {}),
      });
      const [batch, tokens] = [0, 1].map((axis) => ({ value, axis, size: w.leading[axis] }));
      return { value, form: 'flat', heads: spec.heads, width: spec.value, batch, tokens };
    },
  },
  'grouped-query': {
    grouped: true,
    even: true,
    causal: 'always',
    write: (w, qkv, { spec, x }) => {
      const [q, k, v] = qkv();
      const last = w.builder.op('', 'Constant', [], { value: Tensor.of('INT32', [], Int32Array.of(w.leading[1])) });
      const lengths = w.op('Expand', [
        w.op('Constant', [], { value: Tensor.of('INT32', [1], Int32Array.of(w.leading[1] - 1)) }),
        w.target([w.axis(x, 0)]),
      ]);
      const attributes = { num_heads: spec.heads, kv_num_heads: spec.keyHeads };
      const inputs = [...flat(w, [q, k, v]), undefined, undefined, lengths, last];
      return result(w, w.contrib('GroupQueryAttention', inputs, attributes), 'flat', spec.heads, v);
    },
  },
} as const satisfies Record<string, AttentionOperator>;

/** Name of an attention that is one operator. */
export type AttentionOperatorName = keyof typeof ATTENTION_OPERATORS;

/** The operator of that name, if there is one. */
export function attentionOperator(name: string): AttentionOperator | undefined {
  return name in ATTENTION_OPERATORS ? ATTENTION_OPERATORS[name as AttentionOperatorName] : undefined;
}
