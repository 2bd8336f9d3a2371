import type { Value } from '@snp/onnx';
import type { WriteOutCall, WriteOutRule } from '../call.js';
import { capped, hidden, positions, scoresOf } from './attend.js';
import { apart, countedTo, repeated, together } from './heads.js';
import { rotated } from './rotary.js';

/**
 * onnxruntime's GroupQueryAttention, where all samples have as many past keys as one another: those in front of the new ones. Causal at all times.
 */
export const groupQueryAttention: WriteOutRule = (call) => {
  const { writer, node, type } = call;
  const [heads, keyHeads] = [node.int('num_heads'), node.int('kv_num_heads')];
  if (!heads || !keyHeads || quantised(call)) return undefined;
  const operands = operandsOf(call, heads, keyHeads);
  const past = call.maybe(3) ? { k: call.input(3), v: call.input(4) } : undefined;
  const tokens = writer.sizeOf(operands[0], 2);
  const total = writer.reshape(writer.cast(call.input(6), 'INT64'), [1]);
  // Past values may lie in a buffer that is longer than what they fill.
  const filled = writer.sub(total, tokens);
  const first = past && writer.squeeze(filled, [0]);
  const turn = (x: Value) => (node.int('do_rotary', 0) ? turned(call, x, { tokens, first }) : x);
  const before = (value: Value) =>
    writer.slice(value, { starts: writer.ints([0]), ends: filled, axes: writer.ints([2]) });
  const [q, ownK, ownV] = [turn(operands[0]), turn(operands[1]), operands[2]];
  const k = past ? writer.concat([before(past.k), ownK], 2) : ownK;
  const v = past ? writer.concat([before(past.v), ownV], 2) : ownV;
  const stated = node.float('scale', 0);
  const wideK = repeated(writer, k, heads / keyHeads);
  let scores = scoresOf(writer, { q, k: wideK, scale: stated === 0 ? undefined : stated, type });
  scores = capped(writer, scores, { cap: node.float('softcap', 0), type });
  const added = call.maybe(10);
  if (added) scores = writer.add(scores, added);
  scores = hidden(writer, scores, { seen: seenKeys(call, { q, k, first }), type });
  const map = softmax(call, scores);
  const mixed = writer.matmul(map, repeated(writer, v, heads / keyHeads));
  return [together(writer, mixed), k, v];
};

function quantised(call: WriteOutCall): boolean {
  const types = ['k_quant_type', 'v_quant_type'].map((name) => call.node.string(name, 'NONE'));
  return types.some((type) => type !== 'NONE') || [12, 13].some((index) => call.maybe(index)) || call.isRead(3);
}

/** Queries, keys and values by heads; they may lie in one tensor, side by side. */
function operandsOf(call: WriteOutCall, heads: number, keyHeads: number): Value[] {
  const { writer } = call;
  const counts = [heads, keyHeads, keyHeads];
  if (call.maybe(1)) return counts.map((count, index) => apart(writer, call.input(index), count));
  const all = apart(writer, call.input(0), heads + 2 * keyHeads);
  return writer.ops('Split', [all, writer.ints(counts)], 3, { axis: 1 });
}

function turned(call: WriteOutCall, x: Value, { tokens, first }: { tokens: Value; first: Value | undefined }): Value {
  const { writer, node } = call;
  const counted = countedTo(writer, tokens);
  const places = call.maybe(9) ?? writer.unsqueeze(first ? writer.add(counted, first) : counted, [0]);
  const [cos, sin] = [7, 8].map((index) => writer.op('Gather', [call.input(index), places]));
  const columns = call.shape(call.input(7))[1];
  const part = typeof columns === 'number' && 2 * columns !== widthOf(call) ? 2 * columns : 0;
  return rotated(writer, x, { cos, sin, interleaved: node.int('rotary_interleaved', 0) === 1, part });
}

/** Neurons of each head, where that is known. */
function widthOf(call: WriteOutCall): number | undefined {
  const { node } = call;
  const heads = node.int('num_heads', 1) + (call.maybe(1) ? 0 : 2 * node.int('kv_num_heads', 1));
  const all = call.shape(call.input(0))[2];
  return typeof all === 'number' ? all / heads : undefined;
}

/** Keys up to the query's own position, and no further back than a window. */
function seenKeys(call: WriteOutCall, own: { q: Value; k: Value; first: Value | undefined }): Value {
  const { writer, node } = call;
  const { queries, keys } = positions(writer, own);
  const before = writer.op('LessOrEqual', [keys, queries]);
  const window = node.int('local_window_size', -1);
  if (window < 0) return before;
  const near = writer.op('Less', [writer.sub(queries, keys), writer.int(window)]);
  return writer.op('And', [before, near]);
}

/** A softmax with one more score, which takes its share: 0, or one per head that is learned. */
function softmax(call: WriteOutCall, scores: Value): Value {
  const { writer, node, type } = call;
  const sink = call.maybe(11);
  if (!sink && !node.int('smooth_softmax', 0)) return writer.op('Softmax', [scores], { axis: -1 });
  const [batch, heads, queries] = [0, 1, 2].map((axis) => writer.sizeOf(scores, axis));
  const own = sink ? writer.unsqueeze(sink, [0, 2, 3]) : writer.number(0, type);
  const column = writer.expand(own, writer.concat([batch, heads, queries, writer.ints([1])], 0));
  const map = writer.op('Softmax', [writer.concat([scores, column], 3)], { axis: -1 });
  return writer.slice(map, { starts: writer.ints([0]), ends: writer.ints([-1]), axes: writer.ints([3]) });
}
