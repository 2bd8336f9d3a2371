import type { Value } from '@snp/onnx';
import type { WriteOutCall } from '../call.js';
import { countedTo } from './heads.js';

/**
 * What onnxruntime adds to the scores of keys that a mask leaves out, broadcast to [batch, heads, queries, keys]. Masks: ends [batch], ends and starts [2 x batch], or ones and
 * zeros [batch, keys] or [batch, queries, keys]. Undefined for other forms.
 *
 * @param keys How many keys there are
 */
export function keyMask(call: WriteOutCall, mask: Value, keys: Value): Value | undefined {
  const { writer, node, type } = call;
  const shape = call.shape(mask);
  const filtered = node.float('mask_filter_value', -10000);
  const added = (seen: Value, axes: readonly number[]) =>
    writer.unsqueeze(writer.where(seen, writer.number(0, type), writer.number(filtered, type)), axes);
  const zero = writer.cast(writer.int(0), 'INT32');
  if (shape.length === 2) return added(writer.op('Greater', [mask, zero]), [1, 2]);
  if (shape.length === 3) return added(writer.op('Greater', [mask, zero]), [1]);
  if (shape.length !== 1) return undefined;
  const batch = writer.sizeOf(call.input(0), 0);
  const part = (value: Value, starts: Value, ends: Value) =>
    writer.slice(value, { starts, ends, axes: writer.ints([0]) });
  const ends = part(mask, writer.ints([0]), batch);
  // Where there are no starts, zeros behind the ends are read in their place.
  const padded = writer.concat([mask, writer.expand(zero, batch)], 0);
  const starts = part(padded, batch, writer.add(batch, batch));
  const places = writer.unsqueeze(writer.cast(countedTo(writer, keys), 'INT32'), [0]);
  const [start, end] = [starts, ends].map((each) => writer.unsqueeze(each, [1]));
  const seen = writer.op('And', [writer.op('Less', [places, end]), writer.op('GreaterOrEqual', [places, start])]);
  return added(seen, [1, 2]);
}
