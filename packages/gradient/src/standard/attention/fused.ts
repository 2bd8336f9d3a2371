import type { Value } from '@snp/onnx';
import type { WriteOutCall, WriteOutRule } from '../call.js';
import { hidden, positions, scoresOf } from './attend.js';
import { apart, together } from './heads.js';
import { keyMask } from './keyMask.js';

/** onnxruntime's Attention: the projection of queries, keys and values within. */
export const fusedAttention: WriteOutRule = (call) => {
  const { writer, node } = call;
  const heads = node.int('num_heads');
  if (!heads || node.int('do_rotary', 0) || node.int('past_present_share_buffer', 0) || call.maybe(6)) return undefined;
  const all = writer.matmul(call.input(0), call.input(1));
  const bias = call.maybe(2);
  const sizes = node.ints('qkv_hidden_sizes');
  const [q, ownK, ownV] = parts(call, bias ? writer.add(all, bias) : all, sizes).map((part) =>
    apart(writer, part, heads),
  );
  const past = call.maybe(4);
  const before = (index: number) => writer.op('Gather', [past!, writer.int(index)], { axis: 0 });
  const k = past ? writer.concat([before(0), ownK], 2) : ownK;
  const v = past ? writer.concat([before(1), ownV], 2) : ownV;
  const mixed = attended(call, { q, k, v }, { mask: call.maybe(3), added: call.maybe(5) });
  const present = () => writer.concat([writer.unsqueeze(k, [0]), writer.unsqueeze(v, [0])], 0);
  return mixed && [together(writer, mixed), call.isRead(1) ? present() : undefined];
};

function parts({ writer }: WriteOutCall, all: Value, sizes: readonly number[] | undefined): Value[] {
  if (sizes) return writer.ops('Split', [all, writer.ints(sizes)], 3, { axis: -1 });
  const even: Record<string, number> = writer.opset >= 18 ? { num_outputs: 3 } : {};
  return writer.ops('Split', [all], 3, { axis: -1, ...even });
}

/** Attention with onnxruntime's masks: what is hidden, what is added to the scores, and what comes later. */
export function attended(
  call: WriteOutCall,
  { q, k, v }: { q: Value; k: Value; v: Value },
  { mask, added }: { mask: Value | undefined; added: Value | undefined },
): Value | undefined {
  const { writer, node, type } = call;
  const stated = node.float('scale', 0);
  const scale = stated === 0 ? undefined : stated;
  let scores = scoresOf(writer, { q, k, scale, type });
  if (added) scores = writer.add(scores, added);
  if (mask) {
    const own = keyMask(call, mask, writer.sizeOf(k, 2));
    if (!own) return undefined;
    scores = writer.add(scores, own);
  }
  if (node.int('unidirectional', 0)) {
    const first = writer.squeeze(writer.sub(writer.sizeOf(k, 2), writer.sizeOf(q, 2)), [0]);
    const { queries, keys } = positions(writer, { q, k, first });
    scores = hidden(writer, scores, { seen: writer.op('LessOrEqual', [keys, queries]), type });
  }
  return writer.matmul(writer.op('Softmax', [scores], { axis: -1 }), v);
}
