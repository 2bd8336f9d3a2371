import type { Value } from '@snp/onnx';
import type { BlockWidths } from '../build/blockWidths.js';
import { joinColumns } from '../build/joinColumns.js';
import type { VitWriter } from './vitWriter.js';

/** Query [batch, heads, tokens, d], transposed key [batch, heads, d, tokens] and value [batch, heads, tokens, d]. */
interface Heads {
  query: Value;
  keyTransposed: Value;
  value: Value;
}

/** Self-attention of `x` [batch, tokens, residual], the output projection included. */
export function vitAttention(writer: VitWriter, scope: string, name: string, x: Value, widths: BlockWidths): Value {
  const { builder, vit } = writer;
  const { query, keyTransposed, value } =
    vit.qkv === 'fused' ? fusedHeads(writer, scope, name, x, widths) : separateHeads(writer, scope, name, x, widths);

  const factor = 1 / Math.sqrt(vit.scaleWidth ?? widths.queryKey);
  const scaled = builder.op(scope, 'Mul', [query, builder.float(scope, factor)]);
  const scores = builder.op(scope, 'MatMul', [scaled, keyTransposed]);
  const attention = builder.op(scope, 'Softmax', [scores], { axis: -1 });
  const mixed = builder.op(scope, 'MatMul', [attention, value]);

  const joined = vit.heads * widths.value;
  const byToken = builder.op(scope, 'Transpose', [mixed], { perm: [0, 2, 1, 3] });
  const flat = builder.op(scope, 'Reshape', [byToken, builder.ints(scope, [0, -1, joined])]);
  return writer.linear(`${scope}/proj`, `${name}.proj`, flat, joined, vit.residual);
}

function fusedHeads(writer: VitWriter, scope: string, name: string, x: Value, { queryKey }: BlockWidths): Heads {
  const { builder, vit, weights } = writer;
  const width = vit.heads * queryKey;
  const parts = ['q', 'k', 'v'].map((part) => `${name}.${part}`);
  const matrices = parts.map((part) => weights.matrix(`${part}.weight`, vit.residual, width));
  const biases = parts.map((part) => weights.bias(`${part}.bias`, width));
  const qkv = writer.project(`${scope}/qkv`, `${name}.qkv`, x, {
    matrix: joinColumns(vit.residual, matrices),
    bias: joinColumns(1, biases),
  });
  const target = builder.ints(scope, [0, -1, 3, vit.heads, queryKey]);
  const byHead = builder.op(scope, 'Reshape', [qkv, target]);
  const partsFirst = builder.op(scope, 'Transpose', [byHead], { perm: [2, 0, 3, 1, 4] });
  const split = builder.ops(scope, 'Split', [partsFirst, builder.ints(scope, [1, 1, 1])], 3, { axis: 0 });
  const [query, key, value] = split.map((part) => builder.op(scope, 'Squeeze', [part, builder.ints(scope, [0])]));
  const keyTransposed = builder.op(scope, 'Transpose', [key], { perm: [0, 1, 3, 2] });
  return { query, keyTransposed, value };
}

function separateHeads(writer: VitWriter, scope: string, name: string, x: Value, widths: BlockWidths): Heads {
  const { builder, vit } = writer;
  const heads = (part: string, width: number, perm: number[]) => {
    const inner = `${scope}/${part}`;
    const projected = writer.linear(inner, `${name}.${part}`, x, vit.residual, vit.heads * width);
    const byHead = builder.op(inner, 'Reshape', [projected, builder.ints(inner, [0, -1, vit.heads, width])]);
    return builder.op(inner, 'Transpose', [byHead], { perm });
  };
  return {
    query: heads('q', widths.queryKey, [0, 2, 1, 3]),
    keyTransposed: heads('k', widths.queryKey, [0, 2, 3, 1]),
    value: heads('v', widths.value, [0, 2, 1, 3]),
  };
}
