import { dimsEqual, type Node } from '@snp/onnx';
import { Mark } from '../labels/labelStore.js';
import { type Field, fieldsOn, flattenAxis, type Layout, plainLayout } from '../layout/layout.js';
import type { Propagation } from '../walk/propagation.js';
import { combine } from './combine.js';
import { contract } from './contraction.js';
import { carriedAxis } from './outputAxis.js';
import type { OperatorRule } from './rule.js';

/** Convolutions: channels in are summed over, channels out are new; channels that are convolved in groups leave by whole groups. */
export const convRule: OperatorRule = {
  operators: {
    Conv: {
      inputs: 3,
      attributes: { auto_pad: 'any', dilations: 'any', group: 'any', kernel_shape: 'any', pads: 'any', strides: 'any' },
    },
  },
  summary:
    'input channels are coupled with the kernel; output channels are the kernel’s; groups of channels leave whole, in and out (depth-wise: each channel)',
  propagate(node, walk) {
    const product = convolve(node, walk);
    const bias = walk.input(node, 2);
    const output = walk.shape(node.outputs[0]);
    if (!product || !bias || !output) {
      walk.freezeInput(node, 2, 'is added to channels that are not followed');
      return walk.setOutput(node, 0, product);
    }
    // The bias runs along the channel axis: give it the trailing axes that broadcasting expects.
    const spread: Layout = { ...bias, axes: [...bias.axes, ...output.slice(2).map(() => [])] };
    const operands = [
      { layout: product, activation: true },
      { layout: spread, activation: walk.isActivation(node, 2) },
    ];
    walk.setOutput(node, 0, combine(node, walk, operands, 'all'));
  },
  outputAxis(node, axis, walk) {
    const inputs = (own: number) => [own, 0, ...(node.inputs[2] ? [0] : [])];
    if (axis === 0) return carriedAxis(node, axis, () => false);
    if (axis > 1) return undefined;
    if (node.int('group', 1) === 1) return { inputs: inputs(-1) };
    return isDepthwise(node, walk) ? { inputs: inputs(1), attributes: (group) => ({ group }) } : undefined;
  },
  resize(node, resizing) {
    const groups = node.int('group', 1);
    if (groups === 1) return;
    const channels = resizing.oldShape(node.outputs[0]!)[1] as number;
    node.set('group', (resizing.newSize(node.outputs[0]!, 1) * groups) / channels);
  },
};

function convolve(node: Node, walk: Propagation): Layout | undefined {
  const output = walk.shape(node.outputs[0]);
  const x = walk.input(node, 0);
  const shape = walk.shape(node.inputs[1]);
  if (!x || !output || !shape) {
    for (const index of [0, 1]) walk.freezeInput(node, index, 'convolves a value of unknown shape');
    return undefined;
  }
  const lost = x.fields.filter((field) => !onAxes(x, [0, 1]).includes(field));
  walk.freezeAll(lost, node, 'convolves over labelled positions');
  const channels: Layout = { axes: x.axes.slice(0, 2), fields: onAxes(x, [0, 1]) };
  const product = node.int('group', 1) === 1 ? mixAll(node, walk, channels) : mixGroups(node, walk, channels);
  return product && { axes: [...product.axes, ...plainLayout(output.slice(2)).axes], fields: product.fields };
}

/** Every output channel reads every input channel. */
function mixAll(node: Node, walk: Propagation, x: Layout): Layout | undefined {
  const kernel = walk.input(node, 1, ['output', 'input']);
  if (!kernel) return undefined;
  freezeWindow(node, walk, kernel);
  const product = contract(node, walk, {
    operands: [0, 1],
    layouts: [x, withoutTrailing(kernel)],
    summed: [[1, 1]],
    shared: [],
    output: [
      { operand: 0, axis: 0 },
      { operand: 1, axis: 0 },
    ],
  });
  for (const field of product?.fields ?? []) walk.mark(field, Mark.convolved);
  return product;
}

/** Output channels read the input channels of their group: where one of them leaves, all of the group leave, in and out. */
function mixGroups(node: Node, walk: Propagation, x: Layout): Layout | undefined {
  const groups = node.int('group', 1);
  const depthwise = isDepthwise(node, walk);
  const kernel = walk.input(node, 1, [depthwise ? 'elementwise' : 'output']);
  if (kernel) freezeWindow(node, walk, kernel);
  const flat = flattenAxis(x, 1);
  const input = flat && fieldAlong(flat, 1);
  const output = kernel && fieldAlong(kernel, 0);
  if (!flat || !input || !output || input.labels.length % groups !== 0 || output.labels.length % groups !== 0) {
    for (const index of [0, 1]) walk.freezeInput(node, index, 'convolves channels in groups');
    return undefined;
  }
  const [read, written] = [input, output].map(({ labels }) => labels.length / groups);
  for (let group = 0; group < groups; group++) {
    const first = input.labels[group * read];
    for (let at = 0; at < read; at++) walk.labels.union(first, input.labels[group * read + at]);
    for (let at = 0; at < written; at++) walk.labels.union(first, output.labels[group * written + at]);
  }
  const field: Field = { ...output, zero: input.zero || output.zero };
  if (!depthwise) walk.mark(field, Mark.convolved);
  return { axes: [flat.axes[0], kernel.axes[0]], fields: [...flat.fields.filter((own) => own !== input), field] };
}

/** Each channel by itself. */
function isDepthwise(node: Node, walk: Propagation): boolean {
  const groups = node.int('group', 1);
  return groups === walk.shape(node.inputs[1])?.[0] && groups === walk.shape(node.inputs[0])?.[1];
}

/** The kernel's spatial axes keep their size, and so do the input channels of a group. */
function freezeWindow(node: Node, walk: Propagation, kernel: Layout): void {
  const window = fieldsOn(kernel, kernel.axes.slice(node.int('group', 1) === 1 ? 2 : 1).flat());
  walk.freezeAll(window, node, 'slides its kernel along these positions');
}

/** The field that labels an axis of a single factor, and nothing else. */
function fieldAlong({ axes, fields }: Layout, axis: number): Field | undefined {
  const own = fields.filter(({ factors }) => factors.some((factor) => axes[axis].includes(factor)));
  return own.length === 1 && own[0].factors.length === 1 ? own[0] : undefined;
}

/** The kernel's channel axes only: its spatial axes are never pruned. */
function withoutTrailing(kernel: Layout): Layout {
  const axes = kernel.axes.slice(0, 2);
  return { axes, fields: onAxes({ axes, fields: kernel.fields }, [0, 1]) };
}

function onAxes(layout: Layout, axes: readonly number[]) {
  const factors = axes.flatMap((axis) => layout.axes[axis]);
  return layout.fields.filter((field) => field.factors.every((factor) => factors.includes(factor)));
}

const WINDOW = {
  auto_pad: 'any',
  ceil_mode: 'any',
  dilations: 'any',
  kernel_shape: 'any',
  pads: 'any',
  strides: 'any',
} as const;

/** Operators that work along spatial axes of [batch, channel, ...] and leave channels alone. */
export const poolRule: OperatorRule = {
  operators: {
    AveragePool: { inputs: 1, attributes: { ...WINDOW, count_include_pad: 'any' } },
    // Its second output counts positions of all channels.
    MaxPool: { inputs: 1, attributes: { ...WINDOW, storage_order: 'any' } },
    LpPool: { inputs: 1, attributes: { ...WINDOW, p: 'any' } },
    GlobalAveragePool: { inputs: 1 },
    GlobalMaxPool: { inputs: 1 },
    GlobalLpPool: { inputs: 1, attributes: { p: 'any' } },
  },
  summary: 'channels stay; positions along spatial axes end here',
  propagate(node, walk) {
    keepChannels(node, walk, 'pools over labelled positions');
  },
};

/** Sets the output to the first two axes of the input; labels elsewhere are frozen. */
export function keepChannels(node: Node, walk: Propagation, reason: string): void {
  const x = walk.input(node, 0);
  const [before, after] = [walk.shape(node.inputs[0]), walk.shape(node.outputs[0])];
  if (!x || !before || !after || after.length < 2 || !dimsEqual(before[1], after[1])) {
    walk.freezeInput(node, 0, reason);
    return walk.setOutput(node, 0);
  }
  const batch = dimsEqual(before[0], after[0]);
  const kept = onAxes(x, batch ? [0, 1] : [1]);
  const lost = x.fields.filter((field) => !kept.includes(field));
  walk.freezeAll(lost, node, reason);
  const plain = plainLayout(after).axes;
  walk.setOutput(node, 0, { axes: [batch ? x.axes[0] : plain[0], x.axes[1], ...plain.slice(2)], fields: kept });
}
