import type { Node } from '@snp/onnx';
import { Mark } from '../labels/labelStore.js';
import type { Layout } from '../layout/layout.js';
import { plainLayout } from '../layout/layout.js';
import type { Propagation } from '../propagate/propagation.js';
import { combine } from './combine.js';
import { contract } from './contraction.js';
import type { OperatorRule } from './rule.js';

/** Convolutions: channels in are summed over, channels out are new; depth-wise ones keep the channel. */
export const convRule: OperatorRule = {
  operators: {
    Conv: {
      inputs: 3,
      attributes: { auto_pad: 'any', dilations: 'any', group: 'any', kernel_shape: 'any', pads: 'any', strides: 'any' },
    },
  },
  summary:
    'input channels are coupled with the kernel; output channels are the kernel’s; depth-wise kernels keep channels',
  propagate(node, walk) {
    const product = convolve(node, walk);
    const bias = walk.input(node, 2);
    const output = walk.shape(node.outputs[0]);
    if (!product || !bias || !output) return walk.setOutput(node, 0, product);
    // The bias runs along the channel axis: give it the trailing axes that broadcasting expects.
    const spread: Layout = { ...bias, axes: [...bias.axes, ...output.slice(2).map(() => [])] };
    const operands = [
      { layout: product, activation: true },
      { layout: spread, activation: walk.isActivation(node, 2) },
    ];
    walk.setOutput(node, 0, combine(node, walk, operands, 'all'));
  },
  resize(node, resizing) {
    if (node.int('group', 1) > 1) node.set('group', resizing.newSize(node.inputs[0]!, 1));
  },
};

function convolve(node: Node, walk: Propagation): Layout | undefined {
  const group = node.int('group', 1);
  const output = walk.shape(node.outputs[0]);
  const x = walk.input(node, 0);
  const shape = walk.shape(node.inputs[1]);
  if (!x || !output || !shape) {
    for (const index of [0, 1]) walk.freezeInput(node, index, 'convolves a value of unknown shape');
    return undefined;
  }
  const spatial = plainLayout(output.slice(2));
  if (group === 1) {
    const kernel = walk.input(node, 1, ['output', 'input']);
    const product =
      kernel &&
      contract(node, walk, {
        operands: [0, 1],
        layouts: [x, withoutTrailing(kernel)],
        summed: [[1, 1]],
        shared: [],
        output: [
          { operand: 0, axis: 0 },
          { operand: 1, axis: 0 },
        ],
      });
    if (!product) return undefined;
    for (const field of product.fields) walk.mark(field, Mark.convolved);
    return { axes: [...product.axes, ...spatial.axes], fields: product.fields };
  }
  const channels = walk.shape(node.inputs[0])?.[1];
  const kernel = walk.input(node, 1, ['elementwise']);
  if (!kernel || shape[1] !== 1 || shape[0] !== channels || group !== channels) {
    for (const index of [0, 1]) walk.freezeInput(node, index, 'convolves channels in groups');
    return undefined;
  }
  const perChannel: Layout = {
    axes: [kernel.axes[0], ...spatial.axes.map(() => [])],
    fields: withoutTrailing(kernel).fields.slice(0, 1),
  };
  const moved: Layout = { axes: [x.axes[0], x.axes[1], ...spatial.axes], fields: onAxes(x, [0, 1]) };
  const operands = [
    { layout: moved, activation: true },
    { layout: perChannel, activation: false },
  ];
  return combine(node, walk, operands, 'any');
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
    Resize: {
      inputs: 4,
      attributes: {
        antialias: 'any',
        axes: 'any',
        coordinate_transformation_mode: 'any',
        cubic_coeff_a: 'any',
        exclude_outside: 'any',
        extrapolation_value: 'any',
        keep_aspect_ratio_policy: 'any',
        mode: 'any',
        nearest_mode: 'any',
      },
    },
    Upsample: { inputs: 2, attributes: { mode: 'any', scales: 'any' } },
  },
  summary: 'channels stay; positions along spatial axes end here',
  propagate(node, walk) {
    const x = walk.input(node, 0);
    const output = walk.shape(node.outputs[0]);
    if (!x || !output || output.length < 2) {
      walk.freezeInput(node, 0, 'pools a value of unknown shape');
      return walk.setOutput(node, 0);
    }
    const kept = onAxes(x, [0, 1]);
    walk.freezeAll(
      x.fields.filter((field) => !kept.includes(field)),
      node,
      'pools over labelled positions',
    );
    walk.setOutput(node, 0, { axes: [x.axes[0], x.axes[1], ...plainLayout(output.slice(2)).axes], fields: kept });
  },
};
