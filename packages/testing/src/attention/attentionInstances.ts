import type { Value } from '@snp/onnx';
import { AttentionModel } from './attentionModel.js';

/** Models around one attention operator each, in all its forms, by seed. */
export const ATTENTION_INSTANCES: Readonly<Record<string, (seed: number) => AttentionModel>> = {
  Attention: attention,
  'com.microsoft.Attention': fused,
  'com.microsoft.MultiHeadAttention': multiHead,
  'com.microsoft.GroupQueryAttention': groupQuery,
  'RotaryEmbedding, of both domains': rotary,
};

function attention(seed: number): AttentionModel {
  const own = new AttentionModel(seed);
  const keyHeads = own.pick(1, 2, 3);
  const heads = keyHeads * own.pick(1, 1, 2, 3);
  const [queryKey, value] = [own.pick(2, 4, 5), own.pick(2, 3, 6)];
  const x = own.stream();
  const merged = own.chance();
  const operands = [
    [heads, queryKey],
    [keyHeads, queryKey],
    [keyHeads, value],
  ].map(([count, size]) => {
    const projected = own.linear(x, own.width, count * size);
    return merged ? projected : own.apart(projected, count, size);
  });
  const past = own.chance(3);
  const total = own.tokens + (past ? own.past : 0);
  const mask = own.pick<() => Value | undefined>(
    () => undefined,
    () => undefined,
    () => own.weight([own.tokens, total]),
    () => own.weight([1, heads, own.tokens, total]),
    () => own.weight([heads, own.tokens, total]),
    () => own.input('mask', ['batch', 1, 'tokens', 'total'], [own.batch, 1, own.tokens, total]),
    () => own.input('mask', ['batch', heads, 'tokens', 'total'], [own.batch, heads, own.tokens, total]),
  )();
  const caches = past ? [own.cache('key', keyHeads, queryKey), own.cache('value', keyHeads, value)] : [];
  const scores = own.chance(4);
  const outputs = own.node('Attention', '', [...operands, mask, ...caches], scores ? 4 : past || own.chance() ? 3 : 1, {
    ...(merged && { q_num_heads: heads, kv_num_heads: keyHeads }),
    ...(own.chance(3) && { scale: { float: 0.7 } }),
    ...(own.chance(3) && { is_causal: 1 }),
    ...(own.chance(3) && { softcap: { float: 2 } }),
    ...(scores && { qk_matmul_output_mode: own.pick(0, 1, 2, 3) }),
  });
  own.finish(merged ? outputs[0] : own.together(outputs[0], heads * value), heads * value);
  if (past) {
    own.present(outputs[1], 'key', keyHeads, queryKey);
    own.present(outputs[2], 'value', keyHeads, value);
  }
  if (scores && own.chance()) own.builder.output(outputs[3], 'scores', 'FLOAT', ['batch', heads, 'tokens', 'total']);
  return own;
}

function fused(seed: number): AttentionModel {
  const own = new AttentionModel(seed, 2);
  const heads = own.pick(1, 2, 3);
  const past = own.chance(5);
  const queryKey = own.pick(2, 4, 5);
  const value = past || own.chance() ? queryKey : own.pick(2, 3, 6);
  const sizes = [heads * queryKey, heads * queryKey, heads * value];
  const all = sizes.reduce((sum, size) => sum + size, 0);
  const total = own.tokens + (past ? own.past : 0);
  const x = own.stream();
  const mask = own.pick<() => Value | undefined>(
    () => undefined,
    () => own.whole('lengths', 'INT32', [own.batch], [total, total - 1]),
    () =>
      own.whole(
        'mask',
        'INT32',
        [own.batch, total],
        Array.from({ length: own.batch * total }, (_, at) => (at === 1 ? 0 : 1)),
      ),
  )();
  const cache = past
    ? own.input('past', [2, 'batch', heads, 'past', queryKey], [2, own.batch, heads, own.past, queryKey])
    : undefined;
  // onnxruntime takes past or bias, not both.
  const bias = past
    ? undefined
    : own.pick<() => Value | undefined>(
        () => undefined,
        () => own.weight([1, heads, own.tokens, total]),
        () => own.input('bias', ['batch', heads, 'tokens', 'total'], [own.batch, heads, own.tokens, total]),
        () => own.input('bias', [1, 1, 'tokens', 'total'], [1, 1, own.tokens, total]),
      )();
  const inputs = [x, own.weight([own.width, all]), own.weight([all]), mask, cache, bias];
  const outputs = own.node('Attention', 'com.microsoft', inputs, past ? 2 : 1, {
    num_heads: heads,
    ...((value !== queryKey || own.chance()) && { qkv_hidden_sizes: sizes }),
    ...(own.chance(3) && { scale: { float: 0.7 } }),
    ...(own.chance(3) && { unidirectional: 1 }),
    ...(own.chance(4) && { mask_filter_value: { float: -100 } }),
  });
  own.finish(outputs[0], heads * value);
  if (past) own.builder.output(outputs[1], 'present', 'FLOAT', [2, 'batch', heads, 'total', queryKey]);
  return own;
}

function multiHead(seed: number): AttentionModel {
  const own = new AttentionModel(seed);
  const heads = own.pick(1, 2, 3);
  const past = own.chance(3);
  const apart = !past && own.chance(4);
  const queryKey = own.pick(2, 4, 5);
  const value = past || apart || own.chance() ? queryKey : own.pick(2, 3, 6);
  const x = own.stream();
  const total = own.tokens + (past ? own.past : 0);
  const operands = [queryKey, queryKey, value].map((size, at) => {
    const projected = own.linear(x, own.width, heads * size);
    return apart && at > 0 ? own.apart(projected, heads, size) : projected;
  });
  const bias = !apart && own.chance() ? own.weight([heads * (2 * queryKey + value)]) : undefined;
  const mask = own.pick<() => Value | undefined>(
    () => undefined,
    () => undefined,
    () =>
      own.whole(
        'mask',
        'INT32',
        [own.batch, total],
        Array.from({ length: own.batch * total }, (_, at) => (at === 1 ? 0 : 1)),
      ),
  )();
  const added = own.pick<() => Value | undefined>(
    () => undefined,
    () => own.weight([1, heads, own.tokens, total]),
    () => own.input('bias', ['batch', heads, 'tokens', 'total'], [own.batch, heads, own.tokens, total]),
    () => own.input('bias', [1, 1, 'tokens', 'total'], [1, 1, own.tokens, total]),
  )();
  const caches = past ? [own.cache('key', heads, queryKey), own.cache('value', heads, value)] : [];
  const presents = past || (!apart && own.chance(4));
  const outputs = own.node(
    'MultiHeadAttention',
    'com.microsoft',
    [...operands, bias, mask, added, ...caches],
    presents ? 3 : 1,
    {
      num_heads: heads,
      ...(own.chance(3) && { scale: { float: 0.7 } }),
      ...(own.chance(3) && { unidirectional: 1 }),
    },
  );
  own.finish(outputs[0], heads * value);
  if (past) {
    own.present(outputs[1], 'key', heads, queryKey);
    own.present(outputs[2], 'value', heads, value);
  }
  return own;
}

function groupQuery(seed: number): AttentionModel {
  const own = new AttentionModel(seed, 1);
  const keyHeads = own.pick(1, 2, 3);
  const heads = keyHeads * own.pick(1, 2, 3);
  const rotated = own.chance(3);
  const size = rotated ? own.pick(16, 32) : own.pick(8, 16, 24);
  const x = own.stream();
  const past = own.chance();
  const total = own.tokens + (past ? own.past : 0);
  const packed = own.chance(4);
  const operands = packed
    ? [own.linear(x, own.width, (heads + 2 * keyHeads) * size), undefined, undefined]
    : [heads, keyHeads, keyHeads].map((count) => own.linear(x, own.width, count * size));
  const caches = past ? [own.cache('key', keyHeads, size), own.cache('value', keyHeads, size)] : [undefined, undefined];
  const lengths = own.whole('lengths', 'INT32', [1], [total - 1]);
  const totals = own.whole('total', 'INT32', [], [total]);
  const columns = rotated ? own.pick(size / 2, 8) : 0;
  const tables = rotated ? [own.weight([16, columns]), own.weight([16, columns])] : [undefined, undefined];
  const bias = own.pick<() => Value | undefined>(
    () => undefined,
    () => undefined,
    () => own.weight([1, heads, own.tokens, total]),
    () => own.input('bias', ['batch', 1, 'tokens', 'total'], [1, 1, own.tokens, total]),
    () => own.input('bias', ['batch', heads, 'tokens', 'total'], [1, heads, own.tokens, total]),
  )();
  const sink = own.chance(4) ? own.weight([heads]) : undefined;
  const inputs = [...operands, ...caches, lengths, totals, ...tables, undefined, bias, sink];
  const outputs = own.node('GroupQueryAttention', 'com.microsoft', inputs, past || own.chance() ? 3 : 1, {
    num_heads: heads,
    kv_num_heads: keyHeads,
    ...(rotated && { do_rotary: 1, rotary_interleaved: own.pick(0, 1) }),
    ...(own.chance(3) && { scale: { float: 0.7 } }),
    ...(own.chance(3) && { softcap: { float: 2 } }),
    ...(own.chance(3) && { local_window_size: 2 }),
    ...(!sink && own.chance(4) && { smooth_softmax: 1 }),
  });
  own.finish(outputs[0], heads * size);
  if (past) {
    own.present(outputs[1], 'key', keyHeads, size);
    own.present(outputs[2], 'value', keyHeads, size);
  }
  return own;
}

/** Queries and keys are rotated in front of an Attention. */
function rotary(seed: number): AttentionModel {
  const own = new AttentionModel(seed);
  const keyHeads = own.pick(1, 2, 3);
  const heads = keyHeads * own.pick(1, 1, 2);
  const [size, value] = [own.pick(2, 4, 6, 10), own.pick(2, 3)];
  const x = own.stream();
  const merged = own.chance();
  const contrib = own.chance();
  const part = size > 2 && own.chance(4) ? size - 2 : size;
  const looked = contrib || own.chance();
  const shape = looked ? [9, part / 2] : [own.batch, own.tokens, part / 2];
  const stored = own.chance(3) ? undefined : [own.weight(shape), own.weight(shape)];
  const tables = stored ?? [own.input('cos', shape, shape), own.input('sin', shape, shape)];
  const positions = Array.from({ length: own.batch * own.tokens }, (_, at) => at % own.tokens);
  const where = looked ? own.whole('positions', 'INT64', [own.batch, own.tokens], positions) : undefined;
  const attributes = (count: number) => ({
    ...((merged || part !== size || own.chance()) && { num_heads: count }),
    ...((part !== size || own.chance(4)) && { rotary_embedding_dim: part }),
    ...(own.chance(3) && { interleaved: 1 }),
  });
  const rotate = (data: Value, count: number) => {
    const stated = attributes(count);
    const whole = 'rotary_embedding_dim' in stated ? { ...stated, num_heads: count } : stated;
    return contrib
      ? own.builder.contrib('', 'RotaryEmbedding', [data, where, ...tables], whole)
      : own.builder.op('', 'RotaryEmbedding', where ? [data, ...tables, where] : [data, ...tables], whole);
  };
  const [q, k, v] = [
    [heads, size],
    [keyHeads, size],
    [keyHeads, value],
  ].map(([count, own_], at) => {
    const projected = own.linear(x, own.width, count * own_);
    const operand = merged ? projected : own.apart(projected, count, own_);
    return at === 2 ? operand : rotate(operand, count);
  });
  const mixed = own.builder.op(
    '',
    'Attention',
    [q, k, v],
    merged ? { q_num_heads: heads, kv_num_heads: keyHeads } : {},
  );
  own.finish(merged ? mixed : own.together(mixed, heads * value), heads * value);
  return own;
}
