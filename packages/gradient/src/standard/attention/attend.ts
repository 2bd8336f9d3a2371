import type { DataType, Value } from '@snp/onnx';
import type { GraphWriter } from '../../write/graphWriter.js';
import { countedTo } from './heads.js';

/** Scores this small leave nothing after a softmax. */
const LEAST: Partial<Record<DataType, number>> = { FLOAT16: -65504, BFLOAT16: -3.38e38 };

function least(type: DataType): number {
  return LEAST[type] ?? -3.4028234663852886e38;
}

/** Scores of all queries, [batch, heads, queries, width], with all keys. */
export function scoresOf(
  writer: GraphWriter,
  { q, k, scale, type }: { q: Value; k: Value; scale: number | undefined; type: DataType },
): Value {
  const product = writer.matmul(q, writer.turned(k, 4));
  if (scale !== undefined) return writer.mul(product, writer.number(scale, type));
  const width = writer.cast(writer.squeeze(writer.sizeOf(q, 3), [0]), type);
  return writer.div(product, writer.op('Sqrt', [width]));
}

/** cap tanh(scores / cap) */
export function capped(writer: GraphWriter, scores: Value, { cap, type }: { cap: number; type: DataType }): Value {
  if (cap === 0) return scores;
  const number = writer.number(cap, type);
  return writer.mul(writer.op('Tanh', [writer.div(scores, number)]), number);
}

/** Hides scores where a condition, broadcast to them, is false. */
export function hidden(writer: GraphWriter, scores: Value, { seen, type }: { seen: Value; type: DataType }): Value {
  return writer.where(seen, scores, writer.number(least(type), type));
}

/** Positions of queries as a column and of keys as a row, [queries, 1] and [1, keys]; the first query stands at position `first`, an INT64 scalar. */
export function positions(
  writer: GraphWriter,
  { q, k, first }: { q: Value; k: Value; first: Value | undefined },
): { queries: Value; keys: Value } {
  const counted = countedTo(writer, writer.sizeOf(q, 2));
  const placed = first ? writer.add(counted, first) : counted;
  return {
    queries: writer.unsqueeze(placed, [1]),
    keys: writer.unsqueeze(countedTo(writer, writer.sizeOf(k, 2)), [0]),
  };
}
