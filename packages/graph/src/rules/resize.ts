import { type Dim, dimsEqual, type Node } from '@snp/onnx';
import type { Propagation } from '../walk/propagation.js';
import { keepChannels } from './conv.js';
import type { OperatorRule } from './rule.js';

/** Interpolation along spatial axes: batch and channels keep their places, whatever sizes are stated for them. */
export const resizeRule: OperatorRule = {
  operators: {
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
    if (cropsChannels(node, walk)) {
      walk.freezeInput(node, 0, 'crops to a region that is not known to hold all channels');
      return walk.setOutput(node, 0);
    }
    keepChannels(node, walk, 'interpolates along labelled positions');
  },
  resize(node, resizing) {
    const sizes = node.inputs[3];
    const shape = node.outputs[0] && resizing.newShape(node.outputs[0]);
    if (!sizes || !shape || resizing.oldShape(sizes)[0] === 0) return;
    const axes = resizedAxes(node, shape.length);
    const target = axes.map((axis): Dim => shape[axis]);
    if (axes.some((axis) => !dimsEqual(shape[axis], resizing.oldShape(node.outputs[0]!)[axis])))
      resizing.setSizes(node, 3, target);
  },
};

/** The axes that scales and sizes are stated for. */
function resizedAxes(node: Node, rank: number): number[] {
  const axes = node.ints('axes');
  return axes ? axes.map((axis) => (axis < 0 ? axis + rank : axis)) : Array.from({ length: rank }, (_, axis) => axis);
}

/** A region of interest is a share of every axis; it must hold whole batches and all channels. */
function cropsChannels(node: Node, walk: Propagation): boolean {
  if (node.string('coordinate_transformation_mode') !== 'tf_crop_and_resize') return false;
  const rank = walk.shape(node.inputs[0])?.length ?? 0;
  const axes = resizedAxes(node, rank);
  const region = node.inputs[1]?.tensor?.numbers();
  return axes.some(
    (axis, at) => axis < 2 && (Number(region?.[at] ?? Number.NaN) !== 0 || Number(region?.[at + axes.length]) !== 1),
  );
}
