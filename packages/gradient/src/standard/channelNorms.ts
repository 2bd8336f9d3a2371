import type { Value } from '@snp/onnx';
import type { WriteOutCall, WriteOutRule } from './call.js';

/** (x - mean) / sqrt(variance + epsilon) over axes. */
function normed(call: WriteOutCall, x: Value, axes: readonly number[], epsilon: number): Value {
  const { writer } = call;
  const centred = writer.sub(x, writer.mean(x, axes, true));
  const variance = writer.mean(writer.mul(centred, centred), axes, true);
  return writer.div(centred, writer.op('Sqrt', [writer.add(variance, call.number(epsilon))]));
}

/** Scale and bias of each channel, the second axis. */
function scaled({ writer }: WriteOutCall, x: Value, [scale, bias]: readonly Value[], rank: number): Value {
  const inner = [...Array(rank - 2).keys()].map((axis) => axis + 1);
  const wide = (vector: Value) => (inner.length === 0 ? vector : writer.unsqueeze(vector, inner));
  return writer.add(writer.mul(x, wide(scale)), wide(bias));
}

const instanceNormalization: WriteOutRule = (call) => {
  const x = call.input(0);
  const rank = call.shape(x).length;
  const own = normed(call, x, [...Array(rank).keys()].slice(2), call.node.float('epsilon', 1e-5));
  return [scaled(call, own, [call.input(1), call.input(2)], rank)];
};

/** Channels in groups. Scale and bias belong to groups in operator set 18, to channels from 21 on. */
const groupNormalization: WriteOutRule = (call) => {
  const { writer, node } = call;
  const x = call.input(0);
  const rank = call.shape(x).length;
  const groups = node.int('num_groups');
  if (groups === undefined) return undefined;
  const apart = writer.reshape(x, [0, groups, -1]);
  const own = normed(call, apart, [2], node.float('epsilon', 1e-5));
  const vectors = [call.input(1), call.input(2)];
  const whole = (value: Value) => writer.reshape(value, writer.shapeOf(x));
  if (writer.opset < 21) return [whole(scaled(call, own, vectors, 3))];
  return [scaled(call, whole(own), vectors, rank)];
};

/** (x - mean) / (deviation + 1e-9) */
const meanVarianceNormalization: WriteOutRule = (call) => {
  const { writer, node } = call;
  const x = call.input(0);
  const rank = call.shape(x).length;
  const axes = (node.ints('axes') ?? [0, 2, 3]).map((axis) => (axis < 0 ? axis + rank : axis));
  const centred = writer.sub(x, writer.mean(x, axes, true));
  const variance = writer.mean(writer.mul(centred, centred), axes, true);
  return [writer.div(centred, writer.add(writer.op('Sqrt', [variance]), call.number(1e-9)))];
};

/** Normalizations of channels. */
export const CHANNEL_NORMS: Readonly<Record<string, WriteOutRule>> = {
  GroupNormalization: groupNormalization,
  InstanceNormalization: instanceNormalization,
  MeanVarianceNormalization: meanVarianceNormalization,
};
