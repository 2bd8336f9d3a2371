import type { Value } from '@snp/onnx';
import { MEMORY, TOKENS, type TransformerBlock } from './transformerOptions.js';
import type { TransformerWriter } from './transformerWriter.js';

type Triple = [query: Value, key: Value, value: Value];

/** The attention branch of a block: `x` [batch, tokens, residual] to the same shape; keys and values from `memory` if given. */
export function attention(
  writer: TransformerWriter,
  name: string,
  x: Value,
  memory: Value | undefined,
  block: TransformerBlock,
): Value {
  const width = writer.options.residual;
  const { heads } = block;
  const merged = block.attention === 'fused' ? fused(writer, name, x, block) : apart(writer, name, x, memory, block);
  return writer.linear(`${name}.out`, merged, [heads * block.value, width], block);
}

/** onnxruntime's operator with the projections in it. */
function fused(writer: TransformerWriter, name: string, x: Value, block: TransformerBlock): Value {
  const { builder, weights, options } = writer;
  const { heads, queryKey, value } = block;
  const sizes = [heads * queryKey, heads * queryKey, heads * value];
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const weight = builder.weight(
    `${name}.qkv`,
    [options.residual, total],
    weights.matrix(`${name}.qkv`, options.residual, total),
  );
  const bias = block.bias
    ? builder.weight(`${name}.qkv.bias`, [total], weights.bias(`${name}.qkv.bias`, total))
    : undefined;
  const zeros = bias ?? builder.weight(`${name}.zeros`, [total], new Float32Array(total));
  return builder.contrib('', 'Attention', [x, weight, zeros], {
    num_heads: heads,
    ...(queryKey === value ? {} : { qkv_hidden_sizes: sizes }),
  });
}

function apart(
  writer: TransformerWriter,
  name: string,
  x: Value,
  memory: Value | undefined,
  block: TransformerBlock,
): Value {
  const { heads, queryKey, value, queriesPerKey } = block;
  const keyHeads = heads / queriesPerKey;
  const projected = memory
    ? projectApart(writer, name, x, memory, MEMORY.features, block)
    : block.projection === 'separate'
      ? projectApart(writer, name, x, x, writer.options.residual, block)
      : projectTogether(writer, name, x, block);
  if (block.attention === 'multi-head')
    return writer.builder.contrib('', 'MultiHeadAttention', projected, { num_heads: heads });
  const widths = [queryKey, queryKey, value];
  let [q, k, v] = projected.map((part, at) => {
    const split = writer.op('Reshape', [part, writer.ints(0, -1, at === 0 ? heads : keyHeads, widths[at])]);
    return writer.noisy(writer.op('Transpose', [split], { perm: [0, 2, 1, 3] }), 4);
  }) as Triple;
  if (block.queryKeyNorm !== 'none') {
    [q, k] = [q, k].map((part, at) => writer.norm(`${name}.norm.${at}`, part, queryKey, block.queryKeyNorm as 'layer'));
  }
  if (block.rotary !== 'none') [q, k] = [rotate(writer, q, block), rotate(writer, k, block)];
  if (block.attention === 'operator') {
    const mixed = writer.op('Attention', [q, k, v]);
    return merge(writer, mixed, block);
  }
  [k, v] = [k, v].map((part, at) => repeatHeads(writer, part, block, widths[1 + at])) as [Value, Value];
  return merge(writer, mix(writer, name, [q, k, v], block), block);
}

function projectApart(
  writer: TransformerWriter,
  name: string,
  x: Value,
  memory: Value,
  features: number,
  block: TransformerBlock,
): Triple {
  const keyHeads = block.heads / block.queriesPerKey;
  return [
    writer.linear(`${name}.q`, x, [writer.options.residual, block.heads * block.queryKey], block),
    writer.linear(`${name}.k`, memory, [features, keyHeads * block.queryKey], block),
    writer.linear(`${name}.v`, memory, [features, keyHeads * block.value], block),
  ];
}

/** One product for queries, keys and values, cut into [batch, tokens, width] each. */
function projectTogether(writer: TransformerWriter, name: string, x: Value, block: TransformerBlock): Triple {
  const { heads, queryKey, value, queriesPerKey } = block;
  const keyHeads = heads / queriesPerKey;
  const sizes = [heads * queryKey, keyHeads * queryKey, keyHeads * value];
  const all = writer.linear(`${name}.qkv`, x, [writer.options.residual, sizes[0] + sizes[1] + sizes[2]], block);
  const even = sizes.every((size) => size === sizes[0]);
  if (block.projection === 'slice' || (block.projection !== 'split' && !even)) {
    let start = 0;
    return sizes.map((size) => {
      start += size;
      return writer.op('Slice', [all, writer.ints(start - size), writer.ints(start), writer.ints(2)]);
    }) as Triple;
  }
  if (block.projection === 'split') {
    return writer.builder.ops('', 'Split', [all, writer.ints(...sizes)], 3, { axis: 2 }) as Triple;
  }
  const parts = writer.op('Reshape', [all, writer.ints(0, -1, 3, sizes[0])]);
  if (block.projection === 'unbind') {
    const split = writer.builder.ops('', 'Split', [parts, writer.ints(1, 1, 1)], 3, { axis: 2 });
    return split.map((part) => writer.op('Squeeze', [part, writer.ints(2)])) as Triple;
  }
  const front = writer.op('Transpose', [parts], { perm: [2, 0, 1, 3] });
  return [0, 1, 2].map((index) => writer.op('Gather', [front, writer.builder.int('', index)], { axis: 0 })) as Triple;
}

/** Rotary embedding with tables as constants (Su et al., arXiv 2104.09864), over halves of a head or pairs of neighbours. */
function rotate(writer: TransformerWriter, x: Value, { queryKey, rotary }: TransformerBlock): Value {
  const half = queryKey / 2;
  const angle = (token: number, at: number) =>
    token / 10 ** ((rotary === 'halves' ? at % half : Math.floor(at / 2)) / half);
  const table = (name: string, f: (angle: number) => number) => {
    const data = Float32Array.from({ length: TOKENS * queryKey }, (_, at) =>
      f(angle(Math.floor(at / queryKey), at % queryKey)),
    );
    return writer.builder.weight(name, [TOKENS, queryKey], data);
  };
  const part = (start: number, step: number) =>
    writer.op('Slice', [
      x,
      writer.ints(start),
      writer.ints(step === 2 ? 2 ** 31 - 1 : start + half),
      writer.ints(3),
      writer.ints(step),
    ]);
  let turned: Value;
  if (rotary === 'halves') turned = writer.op('Concat', [writer.op('Neg', [part(half, 1)]), part(0, 1)], { axis: 3 });
  else {
    const [even, odd] = [part(0, 2), part(1, 2)].map((value) => writer.op('Unsqueeze', [value, writer.ints(4)]));
    const pairs = writer.op('Concat', [writer.op('Neg', [odd]), even], { axis: 4 });
    turned = writer.op('Reshape', [pairs, writer.op('Shape', [x])]);
  }
  const cos = writer.op('Mul', [x, table('cos', Math.cos)]);
  return writer.op('Add', [cos, writer.op('Mul', [turned, table('sin', Math.sin)])]);
}

/** Every key head once per query head that shares it. */
function repeatHeads(writer: TransformerWriter, x: Value, block: TransformerBlock, width: number): Value {
  const { heads, queriesPerKey } = block;
  if (queriesPerKey === 1) return x;
  const apart = writer.op('Unsqueeze', [x, writer.ints(2)]);
  const repeated = writer.op('Expand', [apart, writer.ints(1, 1, queriesPerKey, 1, 1)]);
  return writer.op('Reshape', [repeated, writer.ints(0, heads, -1, width)]);
}

/** [batch, heads, tokens, value]. */
function mix(writer: TransformerWriter, name: string, [q, k, v]: Triple, block: TransformerBlock): Value {
  const { builder } = writer;
  const root = Math.sqrt(block.queryKey);
  let [query, key] = [q, k];
  if (block.scale === 'query') query = writer.op('Mul', [q, builder.float('', 1 / root)]);
  if (block.scale === 'both') {
    [query, key] = [q, k].map((part) => writer.op('Mul', [part, builder.float('', 1 / Math.sqrt(root))]));
  }
  const einsum = block.attention === 'einsum';
  let scores = einsum
    ? writer.op('Einsum', [query, key], { equation: 'bhid,bhjd->bhij' })
    : writer.op('MatMul', [query, writer.op('Transpose', [key], { perm: [0, 1, 3, 2] })]);
  if (block.scale === 'scores') scores = writer.op('Div', [scores, builder.float('', root)]);
  if (block.scale === 'shape') {
    const width = writer.op('Gather', [writer.op('Shape', [q]), builder.int('', 3)], { axis: 0 });
    scores = writer.op('Div', [scores, writer.op('Sqrt', [writer.op('Cast', [width], { to: 1 })])]);
  }
  if (block.talkingHeads) scores = mixHeads(writer, `${name}.talk.0`, scores, block.heads);
  if (block.mask !== 'none') scores = writer.op('Add', [scores, maskOf(writer, name, block)]);
  let map = writer.op('Softmax', [scores], { axis: -1 });
  if (block.talkingHeads) map = mixHeads(writer, `${name}.talk.1`, map, block.heads);
  return einsum ? writer.op('Einsum', [map, v], { equation: 'bhij,bhjd->bhid' }) : writer.op('MatMul', [map, v]);
}

function maskOf(
  { builder, weights }: TransformerWriter,
  name: string,
  { mask, heads, cross }: TransformerBlock,
): Value {
  const keys = cross ? MEMORY.tokens : TOKENS;
  if (mask === 'relative') {
    return builder.weight(`${name}.bias`, [heads, TOKENS, keys], weights.bias(`${name}.bias`, heads * TOKENS * keys));
  }
  const causal = Float32Array.from({ length: TOKENS * keys }, (_, at) =>
    at % keys > Math.floor(at / keys) ? -1e4 : 0,
  );
  return builder.weight(`${name}.mask`, [1, 1, TOKENS, keys], causal);
}

/** Talking heads (Shazeer et al., arXiv 2003.02436): a linear layer over the heads. */
function mixHeads(writer: TransformerWriter, name: string, map: Value, heads: number): Value {
  const last = writer.op('Transpose', [map], { perm: [0, 2, 3, 1] });
  const weight = writer.builder.weight(name, [heads, heads], writer.weights.matrix(name, heads, heads));
  return writer.op('Transpose', [writer.op('MatMul', [last, weight])], { perm: [0, 3, 1, 2] });
}

function merge(writer: TransformerWriter, mixed: Value, { heads, value }: TransformerBlock): Value {
  const swapped = writer.op('Transpose', [mixed], { perm: [0, 2, 1, 3] });
  return writer.noisy(writer.op('Reshape', [swapped, writer.ints(0, -1, heads * value)]), 3);
}
