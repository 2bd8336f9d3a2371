import type { Dim } from '@snp/onnx';
import type { GradientCall } from './rule.js';

/** How a window slides over the spatial axes. */
export interface Windows {
  kernel: number[];
  strides: number[];
  dilations: number[];
  /** Positions put in front of each spatial axis, then behind each. */
  pads: number[];
}

/** The windows of a convolution or a pooling over values of shape `input` that gives `output`, with the automatic forms of padding counted out. */
export function windowsOf(
  call: GradientCall,
  kernel: number[],
  input: readonly Dim[],
  output: readonly Dim[],
): Windows {
  const { node } = call;
  const spatial = kernel.length;
  const strides = node.ints('strides') ?? Array(spatial).fill(1);
  const dilations = node.ints('dilations') ?? Array(spatial).fill(1);
  const auto = node.string('auto_pad', 'NOTSET');
  let pads = node.ints('pads') ?? Array(2 * spatial).fill(0);
  if (auto === 'VALID') pads = Array(2 * spatial).fill(0);
  else if (auto !== 'NOTSET') {
    const totals = kernel.map((size, at) => {
      const [from, to] = [input[at + 2], output[at + 2]];
      if (typeof from !== 'number' || typeof to !== 'number') call.refuse('its padding follows from free sizes');
      return Math.max(0, ((to as number) - 1) * strides[at] + (size - 1) * dilations[at] + 1 - (from as number));
    });
    const less = totals.map((total) => total >> 1);
    const more = totals.map((total, at) => total - less[at]);
    pads = auto === 'SAME_UPPER' ? [...less, ...more] : [...more, ...less];
  }
  return { kernel, strides, dilations, pads };
}

/** How many positions at the end of each spatial axis no window reached: what a transposed convolution is to add. Undefined where sizes are free. */
export function unreached(
  { kernel, strides, dilations, pads }: Windows,
  input: readonly Dim[],
  output: readonly Dim[],
): number[] | undefined {
  const rest = kernel.map((size, at) => {
    const [from, to] = [input[at + 2], output[at + 2]];
    if (typeof from !== 'number' || typeof to !== 'number') return Number.NaN;
    const reached = (to - 1) * strides[at] + (size - 1) * dilations[at] + 1 - pads[at] - pads[kernel.length + at];
    return from - reached;
  });
  return rest.every((size) => !Number.isNaN(size)) ? rest : undefined;
}
