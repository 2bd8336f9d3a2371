import { Tensor } from '@snp/onnx';
import { spreadBack } from './conv.js';
import type { GradientCall, GradientRule } from './rule.js';
import { windowsOf } from './windows.js';

/** The largest of each window has its gradient, wherever it lies. */
const maxPool: GradientRule = (call) => {
  const { writer, node } = call;
  const x = call.input(0);
  if (node.int('storage_order', 0) !== 0) call.refuse('its indices go column by column');
  const indices = node.outputs[1] ?? addOutput(call);
  const zeros = writer.reshape(writer.filled(0, call.type(x), writer.shapeOf(x)), [-1]);
  const flat = [indices, call.gradient()].map((value) => writer.reshape(value, [-1]));
  const added = writer.op('ScatterElements', [zeros, ...flat], { axis: 0, reduction: 'add' });
  call.give(0, writer.reshape(added, writer.shapeOf(x)));
};

/** Lets a pooling tell where its largest numbers lie. */
function addOutput({ node, writer }: GradientCall) {
  const value = writer.graph.addValue(writer.graph.uniqueName(`gradient/${node.opType}_indices`));
  node.outputs[1] = value;
  value.producer = node;
  return value;
}

/** Each position of a window has its share. */
const averagePool: GradientRule = (call) => {
  const { writer, node } = call;
  const x = call.input(0);
  const [input, output] = [call.shape(x), call.shape(call.output())];
  const kernel = node.ints('kernel_shape') ?? call.refuse('its kernel is missing');
  if (node.int('ceil_mode', 0) !== 0) call.refuse('its windows may reach beyond the padding (ceil_mode)');
  const windows = windowsOf(call, kernel, input, output);
  const type = call.type(x);
  const size = kernel.reduce((product, each) => product * each, 1);
  const ones = (value: number) => writer.constant(Tensor.fromNumbers(type, [1, 1, ...kernel], Array(size).fill(value)));
  const { strides, dilations, pads } = windows;
  const padded = node.int('count_include_pad', 0) === 1 || pads.every((each) => each === 0);
  let shared = call.gradient();
  if (!padded) {
    const sizes = kernel.map((_, at) => writer.sizeOf(x, at + 2));
    const all = writer.filled(1, type, writer.concat([writer.ints([1, 1]), ...sizes], 0));
    shared = writer.div(shared, writer.op('Conv', [all, ones(1)], { strides, dilations, pads }));
  }
  // Every channel is a sample of one channel.
  const windowsLeft = kernel.map((_, at) => writer.sizeOf(call.output(), at + 2));
  const g = writer.reshape(shared, writer.concat([writer.ints([-1, 1]), ...windowsLeft], 0));
  const apart = spreadBack(call, { g, w: ones(padded ? 1 / size : 1), group: 1, windows });
  call.give(0, call.shapedLike(apart, x));
};

const globalAveragePool: GradientRule = (call) => {
  const { writer } = call;
  const x = call.input(0);
  const axes = [...call.shape(x).keys()].slice(2);
  const spread = writer.expand(call.gradient(), writer.shapeOf(x));
  const one = writer.filled(1, call.type(x), writer.shapeOf(x));
  call.give(0, writer.div(spread, writer.sum(one, axes, true)));
};

const globalMaxPool: GradientRule = (call) => {
  const { writer } = call;
  const x = call.input(0);
  const axes = [...call.shape(x).keys()].slice(2);
  const chosen = writer.cast(writer.op('Equal', [x, call.output()]), call.type(x));
  call.give(0, writer.mul(chosen, writer.div(call.gradient(), writer.sum(chosen, axes, true))));
};

/** Poolings. */
export const POOL_RULES: Readonly<Record<string, GradientRule>> = {
  AveragePool: averagePool,
  GlobalAveragePool: globalAveragePool,
  GlobalMaxPool: globalMaxPool,
  MaxPool: maxPool,
};
