import { constantTarget, type Dim, dimsEqual, divideDims, type Node, type Value } from '@snp/onnx';
import { type Layout, plainLayout, transposeLayout } from '../layout/layout.js';
import { reshapeLayout } from '../layout/reshapeLayout.js';
import { isCountedAsNumber } from './countedAsNumber.js';
import { repeatAxis } from './repeat.js';
import type { Resizing } from './resizing.js';
import type { OperatorRule } from './rule.js';

/** Reshape and Flatten: axes split into factors and merge again. */
export const reshapeRule: OperatorRule = {
  operators: {
    Reshape: { inputs: 2, attributes: { allowzero: 'any' }, versions: [5] },
    Flatten: { inputs: 1, attributes: { axis: 'any' } },
  },
  summary: 'axes split into factors and merge again',
  propagate(node, walk) {
    const x = walk.input(node, 0);
    const shape = walk.shape(node.outputs[0]);
    const result = x && shape && reshapeLayout(x, shape);
    if (!result) walk.freezeInput(node, 0, 'reshapes axes in a way that is not followed');
    walk.setOutput(node, 0, result);
  },
  resize(node, resizing) {
    if (node.opType === 'Reshape') writeTarget(node, resizing);
  },
};

function writeTarget(node: Node, resizing: Resizing): void {
  const input = resizing.newShape(node.inputs[0]!);
  const output = resizing.newShape(node.outputs[0]!);
  if (statesAlready(node, resizing.integers(node, 1), input, output) || isUntouched(node, resizing)) return;
  const target = constantTarget(input, output);
  node.attributes.delete('allowzero');
  if (!target) return resizing.setSizes(node, 1, output);
  resizing.setIntegers(node, 1, target);
}

/** True if nothing leaves here, and the target is one that the model came with. */
function isUntouched(node: Node, resizing: Resizing): boolean {
  const same = (value: Value) => {
    const before = resizing.oldShape(value);
    return resizing.newShape(value).every((dim, axis) => dimsEqual(dim, before[axis]));
  };
  const open = node.inputs[1]!.tensor?.numbers().filter((size) => Number(size) === -1).length ?? 0;
  return open < 2 && same(node.inputs[0]!) && same(node.outputs[0]!);
}

/** True if the constant target that a Reshape has leads from one shape to the other; then it stays as the exporter wrote it. */
function statesAlready(
  node: Node,
  target: readonly number[] | undefined,
  input: readonly Dim[],
  output: readonly Dim[],
): boolean {
  if (!node.inputs[1]?.tensor || target?.length !== output.length || node.int('allowzero', 0) !== 0) return false;
  if (target.filter((size) => size === -1).length > 1) return false;
  return target.every((size, axis) => {
    if (size === -1) return true; // what is left, once all others are right
    return dimsEqual(size === 0 ? input[axis] : size, output[axis]);
  });
}

/** Transpose: axes in another order. */
export const transposeRule: OperatorRule = {
  operators: { Transpose: { inputs: 1, attributes: { perm: 'any' } } },
  summary: 'axes change places',
  propagate(node, walk) {
    const x = walk.input(node, 0);
    const perm = node.ints('perm') ?? x?.axes.map((_, axis) => x.axes.length - 1 - axis);
    walk.setOutput(node, 0, x && perm && transposeLayout(x, perm));
  },
};

/** Squeeze and Unsqueeze: axes of size one come and go. */
export const squeezeRule: OperatorRule = {
  operators: {
    Squeeze: { inputs: 2, attributes: { axes: 'any' } },
    Unsqueeze: { inputs: 2, attributes: { axes: 'any' } },
  },
  summary: 'axes of size one come and go',
  propagate(node, walk) {
    const x = walk.input(node, 0);
    const shape = walk.shape(node.outputs[0]);
    const result = x && shape && regroup(x, shape);
    if (!result) walk.freezeInput(node, 0, 'squeezes axes that are not known before the model runs');
    walk.setOutput(node, 0, result);
  },
};

/** The axes that are not of size one, in order, under a shape that differs from theirs in ones only. */
function regroup(layout: Layout, shape: readonly Dim[]): Layout | undefined {
  const rest = layout.axes.filter((axis) => axis.length > 0);
  const axes = shape.map((dim) => (dimsEqual(dim, 1) ? [] : rest.shift()));
  if (rest.length > 0 || axes.includes(undefined)) return undefined;
  return { axes: axes as Layout['axes'], fields: layout.fields };
}

/** Expand: axes of size one are repeated, all others stay. */
export const expandRule: OperatorRule = {
  operators: { Expand: { inputs: 2 } },
  summary: 'axes of size one are repeated, others stay',
  propagate(node, walk) {
    const x = walk.input(node, 0);
    const before = walk.shape(node.inputs[0]);
    const shape = walk.shape(node.outputs[0]);
    if (!x || !before || !shape) {
      walk.freezeInput(node, 0, 'expands to a shape that is not known');
      return walk.setOutput(node, 0);
    }
    const plain = plainLayout(shape);
    const offset = shape.length - before.length;
    const axes = shape.map((dim, axis): Layout['axes'][number] => {
      const own = axis >= offset ? before[axis - offset] : 1;
      return dimsEqual(own, dim) ? (x.axes[axis - offset] ?? []) : plain.axes[axis];
    });
    const lost = x.fields.filter(
      (field) => !field.factors.every((factor) => axes.some((axis) => axis.includes(factor))),
    );
    walk.freezeAll(lost, node, 'repeats labelled positions');
    walk.setOutput(node, 0, { axes, fields: x.fields.filter((field) => !lost.includes(field)) });
  },
  resize(node, resizing) {
    const shape = resizing.newShape(node.outputs[0]!);
    const before = resizing.oldShape(node.outputs[0]!);
    if (shape.every((dim, axis) => dimsEqual(dim, before[axis]))) return;
    // Sizes that the input has already are not stated: 1 leaves an axis as it is.
    const input = resizing.newShape(node.inputs[0]!);
    const offset = shape.length - input.length;
    const target = shape.map((dim, axis) => (axis >= offset && dimsEqual(input[axis - offset], dim) ? 1 : dim));
    resizing.setSizes(node, 1, target);
  },
};

/** Tile: whole axes are repeated, and copies leave together with what they are copies of. */
export const tileRule: OperatorRule = {
  operators: { Tile: { inputs: 2, versions: [6] } },
  summary: 'axes are repeated as a whole, copies leave together',
  propagate(node, walk) {
    const x = walk.input(node, 0);
    const [before, after] = [walk.shape(node.inputs[0]), walk.shape(node.outputs[0])];
    const times = before?.map((dim, axis) => after && divideDims(after[axis], dim));
    if (!x || !times?.every((count) => count !== undefined)) {
      walk.freezeInput(node, 0, 'repeats a number of times that is not known');
      return walk.setOutput(node, 0);
    }
    const repeated = times.reduce<Layout>((layout, whole, axis) => repeatAxis(layout, axis, { whole, each: 1 }), x);
    walk.setOutput(node, 0, repeated);
  },
};

/** Shape and Size: they tell sizes, they do not carry positions. */
export const shapeOfRule: OperatorRule = {
  operators: {
    Shape: { inputs: 1, attributes: { end: 'any', start: 'any' } },
    Size: { inputs: 1 },
    ConstantOfShape: { inputs: 1, attributes: { value: 'any' } },
    Range: { inputs: 3 },
  },
  summary: 'tells sizes; carries no positions',
  propagate(node, walk) {
    const [sizes] = node.outputs;
    const tells = node.opType === 'Shape' || node.opType === 'Size';
    if (tells && sizes && isCountedAsNumber(sizes, node.opType === 'Size', walk))
      walk.freezeInput(
        node,
        0,
        'counts these positions while the model runs, and the model calculates with their number',
      );
    node.outputs.forEach((_, index) => {
      walk.setOutput(node, index);
    });
  },
};
