import type { Value } from '@snp/onnx';
import type { GradientCall, GradientRule } from './rule.js';

interface Reduction {
  call: GradientCall;
  axes: number[];
  x: Value;
  /** The output, and its gradient, with all axes of the input, those that were summed of size 1. */
  y: Value;
  g: Value;
  number(value: number): Value;
}

/** The axes that a reduction goes over; undefined where it changes nothing. */
function axesOf(call: GradientCall): number[] | undefined {
  const { node } = call;
  const rank = call.shape(call.input(0)).length;
  const stated = node.inputs[1]
    ? (call.integers(1) ?? call.refuse('its axes show only when the model runs'))
    : node.ints('axes');
  if (stated && stated.length > 0) return stated.map((axis) => call.axis(axis, rank));
  return node.int('noop_with_empty_axes', 0) ? undefined : [...Array(rank).keys()];
}

/** A rule from the gradient of the input, which is spread over its shape where it is not of that shape yet. */
function reduction(gradientOf: (at: Reduction) => Value, spread = true): GradientRule {
  return (call) => {
    const { writer, node } = call;
    const x = call.input(0);
    const axes = axesOf(call);
    const type = call.type(x);
    const number = (value: number) => writer.number(value, type);
    if (!axes) {
      const each = { call, axes: [], x, y: call.output(), g: call.gradient(), number };
      return call.give(0, gradientOf(each));
    }
    const kept = (value: Value) =>
      node.int('keepdims', 1)
        ? value
        : writer.unsqueeze(
            value,
            [...axes].sort((a, b) => a - b),
          );
    const gradient = gradientOf({ call, axes, x, y: kept(call.output()), g: kept(call.gradient()), number });
    call.give(0, spread ? writer.expand(gradient, writer.shapeOf(x)) : gradient);
  };
}

/** How many numbers each mean is taken of. */
function countOf({ call, axes, x }: Reduction): Value {
  const type = call.type(x);
  const sizes = axes.map((axis) => call.shape(x)[axis]);
  if (sizes.every((size) => typeof size === 'number')) {
    return call.writer.number(
      sizes.reduce((product: number, size) => product * (size as number), 1),
      type,
    );
  }
  const { writer } = call;
  return sizes
    .map((_, at) => writer.cast(writer.squeeze(writer.sizeOf(x, axes[at]), [0]), type))
    .reduce((a, b) => writer.mul(a, b));
}

/** Those that are the largest, or the smallest; those that are equal share. */
const extreme = reduction(({ call, axes, x, y, g }) => {
  const { writer } = call;
  const chosen = writer.cast(writer.op('Equal', [x, y]), call.type(x));
  const count = axes.length === 0 ? chosen : writer.sum(chosen, axes, true);
  return writer.mul(chosen, writer.div(g, count));
}, false);

/** Operators that sum axes away. */
export const REDUCE_RULES: Readonly<Record<string, GradientRule>> = {
  ReduceL1: reduction(({ call: { writer }, x, g }) => writer.mul(writer.op('Sign', [x]), g), false),
  ReduceL2: reduction(({ call: { writer }, x, y, g }) => writer.mul(x, writer.div(g, y)), false),
  ReduceLogSum: reduction(({ call: { writer }, y, g }) => writer.div(g, writer.op('Exp', [y]))),
  ReduceLogSumExp: reduction(
    ({ call: { writer }, x, y, g }) => writer.mul(g, writer.op('Exp', [writer.sub(x, y)])),
    false,
  ),
  ReduceMax: extreme,
  ReduceMean: reduction((at) => (at.axes.length === 0 ? at.g : at.call.writer.div(at.g, countOf(at)))),
  ReduceMin: extreme,
  ReduceProd: reduction(({ call: { writer }, x, y, g }) => writer.div(writer.mul(g, y), x), false),
  ReduceSum: reduction(({ g }) => g),
  ReduceSumSquare: reduction(({ call: { writer }, x, g, number }) => writer.mul(writer.mul(x, number(2)), g), false),
};
