import { type Dim, dimsEqual, SnpError, type Value } from '@snp/onnx';
import type { GraphWriter } from './graphWriter.js';

/** A gradient, and what it is to be the gradient of. */
export interface Broadcast {
  gradient: Value;
  /** Shape of the gradient. */
  from: readonly Dim[];
  target: Value;
  /** Shape of the target, which broadcasts to `from`. */
  to: readonly Dim[];
}

/**
 * Sums a gradient over the axes along which its target was broadcast. Axes are found from the shapes where these tell them, else when the model runs.
 */
export function unbroadcast(writer: GraphWriter, { gradient, from, target, to }: Broadcast): Value {
  const lead = from.length - to.length;
  const leading = [...Array(lead).keys()];
  const inner: number[] = [];
  for (const [axis, dim] of to.entries()) {
    const wide = from[lead + axis];
    if (dimsEqual(dim, wide)) continue;
    if (dim === 1) inner.push(lead + axis);
    else if (typeof dim !== 'number') return unbroadcastAtRun(writer, { gradient, from, target, to });
  }
  if (inner.length === 0) return writer.sum(gradient, leading, false);
  const summed = writer.sum(gradient, [...leading, ...inner], true);
  return lead === 0 ? summed : writer.reshape(summed, writer.shapeOf(target));
}

/** The same for each sample: the axis of samples, the first of the gradient, stays, in front of all axes of the target. */
export function unbroadcastPerSample(writer: GraphWriter, { gradient, from, target, to }: Broadcast): Value {
  const lead = from.length - to.length;
  if (lead < 0 || (lead === 0 && to[0] !== 1)) {
    throw new SnpError(
      'unsupported',
      `'${target.name}' has no gradient of each sample: the samples lie along one of its own axes.`,
      { value: target.name },
    );
  }
  const inner = to.flatMap((dim, axis) =>
    dim === 1 && from[lead + axis] !== 1 && lead + axis > 0 ? [lead + axis] : [],
  );
  const leading = [...Array(lead).keys()].slice(1);
  const summed = writer.sum(gradient, [...leading, ...inner], true);
  if (lead === 0) return writer.unsqueeze(summed, [1]);
  return leading.length === 0 ? summed : writer.squeeze(summed, leading);
}

function unbroadcastAtRun(writer: GraphWriter, { gradient, from, target, to }: Broadcast): Value {
  const own = writer.shapeOf(target);
  const lead = from.length - to.length;
  const padded = lead === 0 ? own : writer.concat([writer.ints(Array(lead).fill(1)), own], 0);
  const differs = writer.op('Not', [writer.op('Equal', [padded, writer.shapeOf(gradient)])]);
  const axes = writer.squeeze(writer.op('NonZero', [differs]), [0]);
  const summed = writer.op('ReduceSum', [gradient, axes], { keepdims: 1, noop_with_empty_axes: 1 });
  return lead === 0 ? summed : writer.reshape(summed, own);
}
