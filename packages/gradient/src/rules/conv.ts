import type { Value } from '@snp/onnx';
import type { GradientCall, GradientRule } from './rule.js';
import { unreached, type Windows, windowsOf } from './windows.js';

const conv: GradientRule = (call) => {
  const { writer, node } = call;
  const [x, w] = [call.input(0), call.input(1)];
  const weight = call.shape(w);
  const kernel = node.ints('kernel_shape') ?? (weight.slice(2) as number[]);
  const windows = windowsOf(call, kernel, call.shape(x), call.shape(call.output()));
  const group = node.int('group', 1);
  if (call.wants(0)) call.give(0, spreadBack(call, { g: call.gradient(), w, group, windows }));
  if (call.wants(1)) {
    const own = { windows, group };
    call.give(1, call.perSample(1) ? kernelOfSamples(call, own) : kernelGradient(call, own));
  }
  if (call.wants(2)) {
    const spatial = kernel.map((_, at) => at + 2);
    call.give(2, writer.sum(call.gradient(), call.perSample(2) ? spatial : [0, ...spatial], false));
  }
};

/** The gradient of what a convolution read, by the transposed convolution. */
export function spreadBack(
  call: GradientCall,
  { g, w, group, windows }: { g: Value; w: Value; group: number; windows: Windows },
): Value {
  const { writer } = call;
  const x = call.input(0);
  const { kernel, strides, dilations, pads } = windows;
  const more = unreached(windows, call.shape(x), call.shape(call.output()));
  const spatial = kernel.length;
  // What lies beyond the last window: less than a stride. More than the axis is cut off again, what is missing is zero.
  const output_padding = strides.map((stride) => stride - 1);
  const attributes = { group, strides, dilations, pads, kernel_shape: kernel };
  if (more?.every((size, at) => size >= 0 && size < Math.max(strides[at], 1))) {
    return writer.op('ConvTranspose', [g, w], { ...attributes, output_padding: more });
  }
  const whole = writer.op('ConvTranspose', [g, w], { ...attributes, output_padding });
  const axes = writer.ints(kernel.map((_, at) => at + 2));
  const sizes = writer.concat(
    kernel.map((_, at) => writer.sizeOf(x, at + 2)),
    0,
  );
  const cut = writer.slice(whole, { starts: writer.ints(Array(spatial).fill(0)), ends: sizes, axes });
  const none = writer.ints(Array(spatial + 2).fill(0));
  const left = kernel.map((_, at) => writer.sub(writer.sizeOf(x, at + 2), writer.sizeOf(cut, at + 2)));
  return writer.pad(cut, writer.concat([none, writer.ints([0, 0]), ...left], 0), call.type(x));
}

/** The gradient of a kernel is a convolution too: of what was read, samples taken for channels, with the output's gradient as its kernel; strides and dilations change places. */
function kernelGradient(call: GradientCall, { windows, group }: { windows: Windows; group: number }): Value {
  const { writer } = call;
  const x = call.input(0);
  const rank = windows.kernel.length + 2;
  const spatial = [...Array(rank).keys()].slice(2);
  const swapped = [1, 0, ...spatial];
  let read = writer.transpose(x, swapped);
  if (group > 1) {
    const sizes = spatial.map((axis) => writer.sizeOf(x, axis));
    const channels = writer.op('Div', [writer.sizeOf(x, 1), writer.ints([group])]);
    const apart = writer.reshape(x, writer.concat([writer.sizeOf(x, 0), writer.ints([group]), channels, ...sizes], 0));
    const turned = writer.transpose(apart, [2, 1, 0, ...spatial.map((axis) => axis + 1)]);
    read = writer.reshape(turned, writer.concat([channels, writer.ints([-1]), ...sizes], 0));
  }
  const kernel = writer.transpose(call.gradient(), swapped);
  const { strides, dilations, pads } = windows;
  const product = writer.op('Conv', [read, kernel], { group, strides: dilations, dilations: strides, pads });
  const starts = writer.ints(spatial.map(() => 0));
  const cut = writer.slice(product, { starts, ends: writer.ints(windows.kernel), axes: writer.ints(spatial) });
  return writer.transpose(cut, swapped);
}

/** The same for each sample: samples become groups. */
function kernelOfSamples(call: GradientCall, { windows, group }: { windows: Windows; group: number }): Value {
  const { writer } = call;
  if (group > 1) call.refuse('gradients of each sample are not known of groups');
  const x = call.input(0);
  const [samples, channels] = [writer.sizeOf(x, 0), writer.sizeOf(x, 1)];
  const made = writer.sizeOf(call.output(), 1);
  const rank = windows.kernel.length + 2;
  const spatial = [...Array(rank).keys()].slice(2);
  const batch = call.shape(x)[0];
  if (typeof batch !== 'number') call.refuse('gradients of each sample need a fixed number of samples here');
  const sizes = spatial.map((axis) => writer.sizeOf(x, axis));
  const read = writer.reshape(writer.transpose(x, [1, 0, ...spatial]), writer.concat([channels, samples, ...sizes], 0));
  const windowsOfOutput = spatial.map((axis) => writer.sizeOf(call.output(), axis));
  const one = writer.ints([1]);
  const kernel = writer.reshape(call.gradient(), writer.concat([writer.ints([-1]), one, ...windowsOfOutput], 0));
  const { strides, dilations, pads } = windows;
  const product = writer.op('Conv', [read, kernel], {
    group: batch as number,
    strides: dilations,
    dilations: strides,
    pads,
  });
  const starts = writer.ints(spatial.map(() => 0));
  const cut = writer.slice(product, { starts, ends: writer.ints(windows.kernel), axes: writer.ints(spatial) });
  const kernelSizes = writer.ints(windows.kernel);
  const apart = writer.reshape(cut, writer.concat([channels, samples, made, kernelSizes], 0));
  return writer.transpose(apart, [1, 2, 0, ...spatial.map((axis) => axis + 1)]);
}

/** A transposed convolution is the way back of a convolution: its own way back is that convolution. */
const convTranspose: GradientRule = (call) => {
  const { writer, node } = call;
  const [x, w] = [call.input(0), call.input(1)];
  if (node.string('auto_pad', 'NOTSET') !== 'NOTSET' || node.ints('output_shape'))
    call.refuse('its padding follows from its output');
  const kernel = call.shape(w).slice(2) as number[];
  const windows = windowsOf(call, kernel, call.shape(x), call.shape(call.output()));
  const { strides, dilations, pads } = windows;
  const group = node.int('group', 1);
  const spatial = kernel.map((_, at) => at + 2);
  const g = call.gradient();
  if (call.wants(0)) call.give(0, writer.op('Conv', [g, w], { group, strides, dilations, pads }));
  if (call.wants(1)) {
    if (group > 1 || call.perSample(1)) call.refuse('its kernel has groups, or is asked for by sample');
    const swapped = [1, 0, ...spatial];
    const product = writer.op('Conv', [writer.transpose(g, swapped), writer.transpose(x, swapped)], {
      strides: dilations,
      dilations: strides,
      pads,
    });
    const starts = writer.ints(spatial.map(() => 0));
    const cut = writer.slice(product, { starts, ends: writer.ints(kernel), axes: writer.ints(spatial) });
    call.give(1, writer.transpose(cut, swapped));
  }
  if (call.wants(2)) call.give(2, writer.sum(g, call.perSample(2) ? spatial : [0, ...spatial], false));
};

/** Convolutions. */
export const CONV_RULES: Readonly<Record<string, GradientRule>> = { Conv: conv, ConvTranspose: convTranspose };
