import { describe, expect, it } from 'vitest';
import { type AttributeInit, costOf, Tensor } from '../src/index.js';
import { Draw } from './conformance/draw.js';
import { type OperandInit, operatorModel } from './support/graphs.js';

/** Sizes of one attention. */
interface Sizes {
  batch: number;
  heads: number;
  keyHeads: number;
  queries: number;
  keys: number;
  past: number;
  neurons: number;
  values: number;
}

function sizes(r: Draw): Sizes {
  const keyHeads = r.pick([1, 2, 4]);
  const [batch, queries, keys] = [r.int(1, 3), r.int(1, 5), r.int(1, 5)];
  return {
    batch,
    heads: keyHeads * r.int(1, 3),
    keyHeads,
    queries,
    keys,
    past: r.pick([0, 0, 3]),
    neurons: r.int(1, 6),
    values: r.int(1, 6),
  };
}

/** What an attention multiplies, counted one by one: every query with every key, and every score with its value. */
function counted({ batch, heads, queries, keys, past, neurons, values }: Sizes): number {
  let macs = 0;
  for (let sample = 0; sample < batch; sample++)
    for (let head = 0; head < heads; head++)
      for (let query = 0; query < queries; query++)
        for (let key = 0; key < past + keys; key++) {
          for (let neuron = 0; neuron < neurons; neuron++) macs++;
          for (let neuron = 0; neuron < values; neuron++) macs++;
        }
  return macs;
}

interface Form {
  op: string;
  inputs: (OperandInit | undefined)[];
  attributes?: Record<string, AttributeInit>;
  outputs?: number;
  macs: number;
}

const cache = ({ batch, keyHeads, past }: Sizes, width: number) =>
  past > 0 ? { shape: [batch, keyHeads, past, width] } : undefined;

const zeros = (...dims: number[]) =>
  Tensor.float32(dims, new Float32Array(dims.reduce((product, dim) => product * dim, 1)));

const FORMS: Record<string, (r: Draw) => Form> = {
  Attention(r) {
    const own = sizes(r);
    const { batch, heads, keyHeads, queries, keys, neurons, values } = own;
    const flat = r.chance();
    const shape = (count: number, tokens: number, width: number) => ({
      shape: flat ? [batch, tokens, count * width] : [batch, count, tokens, width],
    });
    const operands = [shape(heads, queries, neurons), shape(keyHeads, keys, neurons), shape(keyHeads, keys, values)];
    return {
      op: 'Attention',
      inputs: [...operands, undefined, cache(own, neurons), cache(own, values)],
      ...(flat && { attributes: { q_num_heads: heads, kv_num_heads: keyHeads } }),
      outputs: 3,
      macs: counted(own),
    };
  },
  'com.microsoft.Attention'(r) {
    const drawn = sizes(r);
    const own = { ...drawn, keyHeads: drawn.heads, keys: drawn.queries, past: 0 };
    const [q, v, width] = [own.heads * own.neurons, own.heads * own.values, r.int(1, 6)];
    return {
      op: 'com.microsoft.Attention',
      inputs: [{ shape: [own.batch, own.queries, width] }, zeros(width, 2 * q + v), zeros(2 * q + v)],
      attributes: { num_heads: own.heads, qkv_hidden_sizes: [q, q, v] },
      macs: own.batch * own.queries * width * (2 * q + v) + counted(own),
    };
  },
  'com.microsoft.MultiHeadAttention'(r) {
    const drawn = sizes(r);
    const own = { ...drawn, keyHeads: drawn.heads };
    const { batch, heads, queries, keys, neurons, values } = own;
    const shape = (tokens: number, width: number) => ({ shape: [batch, tokens, heads * width] });
    const caches = [cache(own, neurons), cache(own, values)];
    return {
      op: 'com.microsoft.MultiHeadAttention',
      inputs: [
        shape(queries, neurons),
        shape(keys, neurons),
        shape(keys, values),
        undefined,
        undefined,
        undefined,
        ...caches,
      ],
      attributes: { num_heads: heads },
      outputs: 3,
      macs: counted(own),
    };
  },
  'com.microsoft.GroupQueryAttention'(r) {
    const drawn = sizes(r);
    const own = { ...drawn, keys: drawn.queries, values: drawn.neurons };
    const { batch, heads, keyHeads, queries, past, neurons } = own;
    const shape = (count: number) => ({ shape: [batch, queries, count * neurons] });
    const packed = r.chance(0.3);
    const operands = packed
      ? [shape(heads + 2 * keyHeads), undefined, undefined]
      : [shape(heads), shape(keyHeads), shape(keyHeads)];
    const lengths = [{ shape: [batch], type: 'INT32' as const }, Tensor.of('INT32', [], Int32Array.of(past + queries))];
    return {
      op: 'com.microsoft.GroupQueryAttention',
      inputs: [...operands, cache(own, neurons), cache(own, neurons), ...lengths],
      attributes: { num_heads: heads, kv_num_heads: keyHeads },
      outputs: 3,
      macs: counted(own),
    };
  },
};

describe('multiply-accumulates of attention operators, counted one by one', () => {
  it.each(Object.keys(FORMS))('%s', (name) => {
    for (let seed = 0; seed < 300; seed++) {
      const { op, inputs, attributes = {}, outputs = 1, macs } = FORMS[name](new Draw(seed));
      const dot = op.lastIndexOf('.');
      const [domain, opType] = [op.slice(0, Math.max(dot, 0)), op.slice(dot + 1)];
      const model = operatorModel({ op: opType, domain, inputs, attributes, outputs, opset: 23 });
      expect(costOf(model).macs, `${name}, seed ${seed}: ${JSON.stringify(attributes)}`).toBe(macs);
    }
  });
});
