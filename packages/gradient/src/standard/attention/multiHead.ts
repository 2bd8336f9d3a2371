import type { Value } from '@snp/onnx';
import type { WriteOutCall, WriteOutRule } from '../call.js';
import { attended } from './fused.js';
import { apart, together } from './heads.js';

/** onnxruntime's MultiHeadAttention of queries, keys and values that are apart. */
export const multiHeadAttention: WriteOutRule = (call) => {
  const { writer, node } = call;
  const heads = node.int('num_heads');
  const ranks = [0, 1, 2].map((index) => call.maybe(index) && call.shape(call.input(index)).length);
  if (!heads || ranks[0] !== 3 || call.maybe(8) || call.isRead(3)) return undefined;
  if (ranks[1] === undefined || ranks[1] !== ranks[2] || ranks[1] > 4) return undefined;
  const biases = biasesOf(call);
  if (!biases) return undefined;
  const [q, ownK, ownV] = [0, 1, 2].map((index) => {
    const x = call.input(index);
    if (ranks[index] === 4) return x;
    return apart(writer, biases[index] ? writer.add(x, biases[index]) : x, heads);
  });
  const past = call.maybe(6) !== undefined;
  const k = past ? writer.concat([call.input(6), ownK], 2) : ownK;
  const v = past ? writer.concat([call.input(7), ownV], 2) : ownV;
  const mixed = attended(call, { q, k, v }, { mask: call.maybe(4), added: call.maybe(5) });
  return mixed && [together(writer, mixed), k, v];
};

/** One vector for queries, keys and values: cut where they end. Keys that are split into heads have theirs already. */
function biasesOf(call: WriteOutCall): (Value | undefined)[] | undefined {
  const { writer } = call;
  const bias = call.maybe(3);
  if (!bias) return [];
  if ([1, 2].some((index) => call.shape(call.input(index)).length !== 3)) return undefined;
  const sizes = [0, 1, 2].map((index) => writer.sizeOf(call.input(index), 2));
  return writer.ops('Split', [bias, writer.concat(sizes, 0)], 3, { axis: 0 });
}
