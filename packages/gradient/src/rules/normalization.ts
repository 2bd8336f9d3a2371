import type { GradientCall, GradientRule } from './rule.js';

/** scale (x - mean) / deviation + bias, over all axes from one on. */
const layerNormalization: GradientRule = (call) => {
  const { writer, node } = call;
  if (call.has(1) || call.has(2)) call.refuse('its mean or its deviation is used');
  const x = call.input(0);
  const rank = call.shape(x).length;
  const axes = [...Array(rank).keys()].slice(call.axis(node.int('axis', -1), rank));
  const type = call.type(x);
  const g = call.gradient();
  const centred = writer.sub(x, writer.mean(x, axes, true));
  const variance = writer.mean(writer.mul(centred, centred), axes, true);
  const deviation = writer.op('Sqrt', [writer.add(variance, writer.number(node.float('epsilon', 1e-5), type))]);
  const normed = writer.div(centred, deviation);
  if (call.wants(0)) {
    const scaled = writer.mul(g, call.input(1));
    const along = writer.mul(normed, writer.mean(writer.mul(scaled, normed), axes, true));
    const rest = writer.sub(writer.sub(scaled, writer.mean(scaled, axes, true)), along);
    call.give(0, writer.div(rest, deviation));
  }
  if (call.wants(1)) call.giveBroadcast(1, writer.mul(g, normed));
  call.giveBroadcast(2, g);
};

/** scale x / sqrt(mean(x^2) + epsilon), over all axes from one on. */
const rmsNormalization: GradientRule = (call) => {
  const { writer, node } = call;
  if (call.has(1)) call.refuse('its deviation is used');
  const x = call.input(0);
  const rank = call.shape(x).length;
  const axes = [...Array(rank).keys()].slice(call.axis(node.int('axis', -1), rank));
  const g = call.gradient();
  const square = writer.mean(writer.mul(x, x), axes, true);
  const root = writer.op('Sqrt', [writer.add(square, writer.number(node.float('epsilon', 1e-5), call.type(x)))]);
  const normed = writer.div(x, root);
  if (call.wants(0)) {
    const scaled = writer.mul(g, call.input(1));
    const along = writer.mul(normed, writer.mean(writer.mul(scaled, normed), axes, true));
    call.give(0, writer.div(writer.sub(scaled, along), root));
  }
  if (call.wants(1)) call.giveBroadcast(1, writer.mul(g, normed));
};

/** A vector over channels, the second axis, as it is added to a value of `rank` axes. */
function overChannels(rank: number): number[] {
  return [...Array(rank).keys()].slice(2).map((axis) => axis - 1);
}

/** Per channel: scale (x - mean) / sqrt(variance + epsilon) + bias, with moments that are given, or those of the samples in training. */
const batchNormalization: GradientRule = (call) => {
  const { writer, node } = call;
  const x = call.input(0);
  const type = call.type(x);
  const rank = call.shape(x).length;
  const g = call.gradient();
  const training = node.int('training_mode', 0) === 1;
  if (call.has(1) || call.has(2)) call.refuse('the moments that it gives are used');
  const others = [0, ...[...Array(rank).keys()].slice(2)];
  const wide = (index: number) => {
    const inner = overChannels(rank);
    return inner.length === 0 ? call.input(index) : writer.unsqueeze(call.input(index), inner);
  };
  const mean = training ? writer.mean(x, others, true) : wide(3);
  const centred = writer.sub(x, mean);
  const variance = training ? writer.mean(writer.mul(centred, centred), others, true) : wide(4);
  const root = writer.op('Sqrt', [writer.add(variance, writer.number(node.float('epsilon', 1e-5), type))]);
  const normed = writer.div(centred, root);
  const scaled = writer.mul(g, wide(1));
  if (call.wants(0)) {
    const along = () => writer.mul(normed, writer.mean(writer.mul(scaled, normed), others, true));
    const rest = training ? writer.sub(writer.sub(scaled, writer.mean(scaled, others, true)), along()) : scaled;
    call.give(0, writer.div(rest, root));
  }
  if (call.wants(1)) giveOverChannels(call, 1, writer.mul(g, normed));
  if (call.wants(2)) giveOverChannels(call, 2, g);
  if (training) return;
  if (call.wants(3)) giveOverChannels(call, 3, writer.neg(writer.div(scaled, root)));
  if (call.wants(4)) {
    const slope = writer.div(writer.mul(scaled, normed), writer.mul(writer.mul(root, root), writer.number(-2, type)));
    giveOverChannels(call, 4, slope);
  }
};

/** Gives the gradient of a vector over channels: summed over all other axes, or over all but those of samples and channels. */
function giveOverChannels(call: GradientCall, index: number, gradient: ReturnType<GradientCall['gradient']>): void {
  const rank = call.shape(call.output()).length;
  const spatial = [...Array(rank).keys()].slice(2);
  call.give(index, call.writer.sum(gradient, call.perSample(index) ? spatial : [0, ...spatial], false));
}

/** x / norm of order 1 or 2 along an axis. */
const lpNormalization: GradientRule = (call) => {
  const { writer, node } = call;
  const [x, y, g] = [call.input(0), call.output(), call.gradient()];
  const axis = call.axis(node.int('axis', -1), call.shape(x).length);
  const first = node.int('p', 2) === 1;
  const norm = writer.reduce(first ? 'ReduceL1' : 'ReduceL2', x, [axis], true);
  const share = writer.sum(writer.mul(g, y), [axis], true);
  call.give(0, writer.div(writer.sub(g, writer.mul(first ? writer.op('Sign', [x]) : y, share)), norm));
};

/** Normalizations by moments or norms. */
export const NORMALIZATION_RULES: Readonly<Record<string, GradientRule>> = {
  BatchNormalization: batchNormalization,
  LayerNormalization: layerNormalization,
  LpNormalization: lpNormalization,
  RMSNormalization: rmsNormalization,
  SimplifiedLayerNormalization: rmsNormalization,
};
