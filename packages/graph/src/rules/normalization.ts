import { type Node, storedConstant } from '@snp/onnx';
import { Mark } from '../labels/labelStore.js';
import type { Layout } from '../layout/layout.js';
import { fieldsOn } from '../layout/layout.js';
import type { Propagation } from '../walk/propagation.js';
import { combine } from './combine.js';
import { carriedAxis } from './outputAxis.js';
import type { OperatorRule } from './rule.js';

const UNKNOWN = 'normalises values of unknown shape';

/** Layer and RMS normalisation over the last axes: what stays is normalised among itself. */
export const layerNormRule: OperatorRule = {
  // Further outputs are statistics of what is normalised.
  operators: {
    LayerNormalization: { inputs: 3, attributes: { axis: 'any', epsilon: 'any', stash_type: 'any' } },
    RMSNormalization: { inputs: 2, attributes: { axis: 'any', epsilon: 'any', stash_type: 'any' } },
    SimplifiedLayerNormalization: { inputs: 2, attributes: { axis: 'any', epsilon: 'any', stash_type: 'any' } },
  },
  summary: 'positions stay and are normalised together; scale and shift are coupled with them',
  propagate(node, walk) {
    const x = walk.input(node, 0);
    if (!x) return walk.stopAt(node, () => UNKNOWN);
    const axes = x.axes.map((_, i) => i).slice(firstNormalised(node, x.axes.length));
    if (axes.length > 1) {
      const several = axes.flatMap((own) => x.axes[own]);
      walk.freezeAll(fieldsOn(x, several), node, 'normalises over several axes at once');
    }
    normalise(node, walk, x, axes);
    requireStoredScale(node, walk, x, 1, axes);
    walk.setOutput(
      node,
      0,
      affine(node, walk, x, [1, 2], (layout) => layout),
    );
    for (const output of [1, 2]) walk.setOutput(node, output);
  },
  outputAxis(node, axis, walk) {
    const first = firstNormalised(node, walk.shape(node.inputs[0])?.length ?? 0);
    return carriedAxis(node, axis, (own) => own >= first);
  },
};

function firstNormalised(node: Node, rank: number): number {
  const axis = node.int('axis', -1);
  return axis < 0 ? axis + rank : axis;
}

/** Batch normalisation: a scale and a shift per channel. In training mode with the batch's own statistics, which are those of every channel alone. */
export const batchNormRule: OperatorRule = {
  operators: {
    BatchNormalization: {
      inputs: 5,
      outputs: [0, 1, 2],
      attributes: { epsilon: 'any', momentum: 'any', spatial: [1], training_mode: 'any' },
      versions: [7],
    },
  },
  summary: 'scale, shift, mean and variance are coupled with the channel',
  outputAxis: (node, axis) =>
    axis === 1 ? { inputs: [1, 0, 0, 0, 0] } : carriedAxis(node, axis, () => node.int('training_mode', 0) === 1),
  propagate(node, walk) {
    const x = walk.input(node, 0);
    if (!x) return walk.stopAt(node, () => UNKNOWN);
    const training = node.int('training_mode', 0) === 1;
    const elsewhere = x.fields.filter((field) => !field.factors.every((factor) => x.axes[1].includes(factor)));
    if (training) walk.freezeAll(elsewhere, node, 'normalises over these positions');
    const result = affine(node, walk, x, [1, 2, 3, 4], alongChannels(x.axes.length - 2));
    walk.setOutput(node, 0, result);
    const channels = result && {
      axes: [result.axes[1]],
      fields: fieldsOn(result, result.axes[1]).filter((field) => !elsewhere.includes(field)),
    };
    for (const output of [1, 2]) walk.setOutput(node, output, channels);
  },
};

/** Instance normalisation: every channel by itself, with a scale and a shift. */
export const instanceNormRule: OperatorRule = {
  operators: { InstanceNormalization: { inputs: 3, attributes: { epsilon: 'any' } } },
  summary: 'scale and shift are coupled with the channel; positions that are normalised are fixed',
  outputAxis: (node, axis) => (axis === 1 ? { inputs: [1, 0, 0] } : carriedAxis(node, axis, (own) => own > 1)),
  propagate(node, walk) {
    const x = walk.input(node, 0);
    if (!x) return walk.stopAt(node, () => UNKNOWN);
    const normalised = x.axes.slice(2);
    for (const factor of normalised.flat())
      for (const field of fieldsOn(x, [factor])) walk.keepWhole(field, factor, node, 'normalises over these positions');
    walk.setOutput(node, 0, affine(node, walk, x, [1, 2], alongChannels(normalised.length)));
  },
};

/** Parameters run along axis 1: they get the trailing axes that broadcasting expects. */
function alongChannels(trailing: number): (layout: Layout) => Layout {
  return (layout) => ({ ...layout, axes: [...layout.axes, ...Array.from({ length: trailing }, () => [])] });
}

/** The operator set from which on a softmax runs along one axis. */
const NEWER = 13;

/** Softmax along an axis: none of its positions may leave, since zero is not nothing there. */
export const softmaxRule: OperatorRule = {
  operators: {
    Softmax: { inputs: 1, attributes: { axis: 'any' } },
    LogSoftmax: { inputs: 1, attributes: { axis: 'any' } },
    Hardmax: { inputs: 1, attributes: { axis: 'any' } },
  },
  summary: 'positions along the axis are fixed, all others stay',
  propagate(node, walk) {
    const x = walk.input(node, 0);
    if (!x) return walk.setOutput(node, 0);
    // Before operator set 13 all axes from the stated one on are taken as one.
    const asOne = (walk.opset(node) ?? NEWER) < NEWER;
    const axis = node.int('axis', asOne ? 1 : -1);
    const first = axis < 0 ? axis + x.axes.length : axis;
    const along = asOne ? x.axes.slice(first).flat() : x.axes[first];
    for (const factor of along) {
      for (const field of fieldsOn(x, [factor]))
        walk.keepWhole(field, factor, node, 'normalises exponentials along this axis');
    }
    walk.setOutput(node, 0, { ...x, fields: x.fields.map((field) => ({ ...field, zero: false })) });
  },
};

/** Marks the labels along `axes` as normalised together. */
export function normalise(node: Node, walk: Propagation, x: Layout, axes: readonly number[]): void {
  const factors = axes.flatMap((axis) => x.axes[axis]);
  for (const field of fieldsOn(x, factors)) {
    walk.mark(field, Mark.normalised);
    if (!field.zero) walk.freeze(field, node, 'normalises values that do not become zero with their weights');
  }
  // Positions that weights do not tell apart stand beside every channel (pixels merged into one token): they are normalised with it and leave with it.
  const long = axes.filter((axis) => x.axes[axis].length > 0);
  const labelled = long.filter((axis) => fieldsOn(x, x.axes[axis]).length > 0);
  if (labelled.length > 0 && labelled.length < long.length)
    walk.freezeAll(fieldsOn(x, factors), node, 'normalises positions of which some are not weights');
}

/** Freezes what a norm runs over if its scale is computed: where positions leave, zeros in the scale's weights have to say which. */
export function requireStoredScale(
  node: Node,
  walk: Propagation,
  x: Layout,
  scale: number,
  axes: readonly number[],
): void {
  if (storedConstant(node.inputs[scale])) return;
  const factors = axes.flatMap((axis) => x.axes[axis]);
  walk.freezeAll(fieldsOn(x, factors), node, 'normalises with a scale that is no weight');
}

/** Scales and shifts by parameters that `place` lays out for broadcasting. */
export function affine(
  node: Node,
  walk: Propagation,
  x: Layout,
  parameters: readonly number[],
  place: (layout: Layout) => Layout,
): Layout | undefined {
  const operands = [{ layout: x, activation: true }];
  for (const index of parameters) {
    const layout = walk.input(node, index);
    if (layout) operands.push({ layout: place(layout), activation: walk.isActivation(node, index) });
  }
  return combine(node, walk, operands, 'all');
}
