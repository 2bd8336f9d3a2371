import type { Value } from '@snp/onnx';
import type { GraphWriter } from '../../write/graphWriter.js';

/** [batch, tokens, heads x width] becomes [batch, heads, tokens, width]. */
export function apart(writer: GraphWriter, x: Value, heads: number): Value {
  return writer.transpose(writer.reshape(x, [0, 0, heads, -1]), [0, 2, 1, 3]);
}

/** [batch, heads, tokens, width] becomes [batch, tokens, heads x width]. */
export function together(writer: GraphWriter, x: Value): Value {
  return writer.reshape(writer.transpose(x, [0, 2, 1, 3]), [0, 0, -1]);
}

/** Gives each of [batch, key heads, tokens, width] to `times` heads that follow one another. */
export function repeated(writer: GraphWriter, x: Value, times: number): Value {
  if (times === 1) return x;
  const wide = writer.expand(writer.unsqueeze(x, [2]), writer.ints([1, 1, times, 1, 1]));
  const [batch, heads, tokens, width] = [0, 1, 2, 3].map((axis) => writer.sizeOf(x, axis));
  const all = writer.op('Mul', [heads, writer.ints([times])]);
  return writer.reshape(wide, writer.concat([batch, all, tokens, width], 0));
}

/** 0, 1, 2, ... up to a size, given as a vector of one element. */
export function countedTo(writer: GraphWriter, size: Value): Value {
  return writer.op('Range', [writer.int(0), writer.squeeze(size, [0]), writer.int(1)]);
}
