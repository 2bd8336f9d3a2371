import { dataTypeCode, type Value } from '@snp/onnx';
import type { WriteOutCall, WriteOutRule } from './call.js';

/** A norm of the sum of a stream, a branch and a bias. The sum is output 3. */
function skipNorm(call: WriteOutCall, bias: Value | undefined, norm: (sum: Value) => Value) {
  if (call.isRead(1) || call.isRead(2)) return undefined;
  const { writer } = call;
  const branch = bias ? writer.add(call.input(0), bias) : call.input(0);
  const sum = writer.add(branch, call.input(1));
  return [norm(sum), undefined, undefined, sum];
}

const skipLayerNormalization: WriteOutRule = (call) =>
  skipNorm(call, call.maybe(4), (sum) =>
    call.writer.op('LayerNormalization', [sum, call.input(2), call.maybe(3)], {
      axis: -1,
      epsilon: { float: call.node.float('epsilon', 1e-5) },
    }),
  );

const skipSimplified: WriteOutRule = (call) =>
  skipNorm(call, call.maybe(3), (sum) =>
    call.writer.op('SimplifiedLayerNormalization', [sum, call.input(2)], {
      axis: -1,
      epsilon: { float: call.node.float('epsilon', 1e-5) },
    }),
  );

/** Rows of two or three tables, their sum, and its norm. */
const embedLayerNormalization: WriteOutRule = (call) => {
  const { writer, node } = call;
  const ids = call.input(0);
  const [segments, positions] = [call.maybe(1), call.maybe(8)];
  const rows = (table: Value, indices: Value) => writer.op('Gather', [table, indices]);
  const places = () => {
    const count = writer.squeeze(writer.sizeOf(ids, 1), [0]);
    return writer.unsqueeze(writer.op('Range', [writer.int(0), count, writer.int(1)]), [0]);
  };
  const words = rows(call.input(2), ids);
  const placed = writer.add(words, rows(call.input(3), positions ?? places()));
  const sum = segments ? writer.add(placed, rows(call.input(4), segments)) : placed;
  const normed = writer.op('LayerNormalization', [sum, call.input(5), call.input(6)], {
    axis: -1,
    epsilon: { float: node.float('epsilon', 1e-12) },
  });
  const mask = call.maybe(7);
  const lengths = () => {
    if (mask) return writer.sum(mask, [1], false);
    return writer.op('Cast', [writer.filled(0, 'FLOAT', writer.sizeOf(ids, 0))], { to: dataTypeCode('INT32') });
  };
  return [normed, call.isRead(1) ? lengths() : undefined, sum];
};

/** Norms of sums. */
export const SKIP_NORMS: Readonly<Record<string, WriteOutRule>> = {
  'com.microsoft.EmbedLayerNormalization': embedLayerNormalization,
  'com.microsoft.SkipLayerNormalization': skipLayerNormalization,
  'com.microsoft.SkipSimplifiedLayerNormalization': skipSimplified,
};
