import type { Value } from '@snp/onnx';
import type { WriteOutCall, WriteOutRule } from '../call.js';
import { capped, hidden, positions, scoresOf } from './attend.js';
import { apart, repeated, together } from './heads.js';

/** ONNX's Attention, operator sets 23 and 24. */
export const attention: WriteOutRule = (call) => {
  const { writer, node, type } = call;
  const merged = call.shape(call.input(0)).length === 3;
  const [heads, keyHeads] = headsOf(call, merged);
  if (heads === undefined || keyHeads === undefined) return undefined;
  if (call.maybe(6)) return undefined;
  const [q, ownK, ownV] = [heads, keyHeads, keyHeads].map((count, index) =>
    merged ? apart(writer, call.input(index), count) : call.input(index),
  );
  const past = call.maybe(4) !== undefined;
  const k = past ? writer.concat([call.input(4), ownK], 2) : ownK;
  const v = past ? writer.concat([call.input(5), ownV], 2) : ownV;
  const scale = node.float('scale');
  const raw = scoresOf(writer, { q, k: repeated(writer, k, heads / keyHeads), scale, type });
  const soft = capped(writer, raw, { cap: node.float('softcap', 0), type });
  const masked = withMask(call, soft, { q, k });
  const map = writer.op('Softmax', [masked], { axis: -1 });
  const mixed = writer.matmul(map, repeated(writer, v, heads / keyHeads));
  const shown = [raw, soft, masked, map][node.int('qk_matmul_output_mode', 0)];
  return [merged ? together(writer, mixed) : mixed, k, v, shown];
};

function headsOf(call: WriteOutCall, merged: boolean): (number | undefined)[] {
  const { node } = call;
  if (merged) return [node.int('q_num_heads'), node.int('kv_num_heads')];
  return [0, 1].map((index) => {
    const heads = call.shape(call.input(index))[1];
    return typeof heads === 'number' ? heads : undefined;
  });
}

/** Adds a mask, or hides what it leaves out, and what comes later. */
function withMask(call: WriteOutCall, scores: Value, { q, k }: { q: Value; k: Value }): Value {
  const { writer, node, type } = call;
  const mask = call.maybe(3);
  let masked = scores;
  if (mask) {
    const isBool = call.elementType(mask) === 'BOOL';
    masked = isBool ? hidden(writer, masked, { seen: mask, type }) : writer.add(masked, mask);
  }
  if (!node.int('is_causal', 0)) return masked;
  const first = call.maybe(4) && writer.squeeze(writer.sizeOf(call.input(4), 2), [0]);
  const { queries, keys } = positions(writer, { q, k, first });
  return hidden(writer, masked, { seen: writer.op('LessOrEqual', [keys, queries]), type });
}
