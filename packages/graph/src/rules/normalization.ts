import type { Node } from '@snp/onnx';
import { Mark } from '../labels/labelStore.js';
import type { Layout } from '../layout/layout.js';
import { fieldsOn } from '../layout/layout.js';
import type { Propagation } from '../propagate/propagation.js';
import { combine } from './elementwise.js';
import type { OperatorRule } from './rule.js';

/** Layer and RMS normalisation over the last axes: what stays is normalised among itself. */
export const layerNormRule: OperatorRule = {
  operators: ['LayerNormalization', 'RMSNormalization', 'SimplifiedLayerNormalization'],
  summary: 'positions stay and are normalised together; scale and shift are coupled with them',
  propagate(node, walk) {
    const x = walk.input(node, 0);
    if (!x) return walk.setOutput(node, 0);
    const axis = node.int('axis', -1);
    const first = axis < 0 ? axis + x.axes.length : axis;
    const axes = x.axes.map((_, i) => i).slice(first);
    normalise(node, walk, x, axes);
    requireStoredScale(node, walk, x, 1, axes);
    walk.setOutput(
      node,
      0,
      affine(node, walk, x, [1, 2], (layout) => layout),
    );
    for (const output of [1, 2]) walk.setOutput(node, output);
  },
};

/** Batch normalisation at inference time: a scale and a shift per channel. */
export const batchNormRule: OperatorRule = {
  operators: ['BatchNormalization'],
  summary: 'scale, shift, mean and variance are coupled with the channel',
  propagate(node, walk) {
    const x = walk.input(node, 0);
    if (!x) return walk.setOutput(node, 0);
    // Parameters run along axis 1: give them the trailing axes that broadcasting expects.
    const trailing = x.axes.slice(2).map(() => []);
    walk.setOutput(
      node,
      0,
      affine(node, walk, x, [1, 2, 3, 4], (layout) => ({ ...layout, axes: [...layout.axes, ...trailing] })),
    );
    for (let output = 1; output < node.outputs.length; output++) walk.setOutput(node, output);
  },
};

/** Softmax along an axis: none of its positions may leave, since zero is not nothing there. */
export const softmaxRule: OperatorRule = {
  operators: ['Softmax', 'LogSoftmax', 'Hardmax'],
  summary: 'positions along the axis are fixed, all others stay',
  propagate(node, walk) {
    const x = walk.input(node, 0);
    if (!x) return walk.setOutput(node, 0);
    const axis = node.int('axis', -1);
    const last = axis < 0 ? axis + x.axes.length : axis;
    for (const field of fieldsOn(x, x.axes[last])) {
      for (const factor of x.axes[last]) walk.keepWhole(field, factor, node, 'normalises exponentials along this axis');
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
  const labelled = factors.some((factor) => x.fields.some((field) => field.factors.includes(factor)));
  const unlabelled = factors.some((factor) => !x.fields.some((field) => field.factors.includes(factor)));
  if (labelled && unlabelled)
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
  if (node.inputs[scale]?.tensor) return;
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
