import { dimsEqual, type Node } from '@snp/onnx';
import type { Role } from '../labels/labelStore.js';
import { fieldsOn, type Layout, plainLayout } from '../layout/layout.js';
import type { Propagation } from '../propagate/propagation.js';
import { repeatAxis, repeatsOf } from './repeat.js';
import type { Resizing } from './resizing.js';
import type { OperatorRule } from './rule.js';
import { axisFromFront, replaceAxis, select } from './select.js';

/** Gather: constant indices select positions; a table looked up at run time keeps all its rows. */
export const gatherRule: OperatorRule = {
  operators: { Gather: { inputs: 2, attributes: { axis: 'any' } } },
  summary: 'constant indices select positions; rows looked up at run time are fixed, columns travel on',
  propagate(node, walk) {
    const rank = walk.shape(node.inputs[0])?.length ?? 0;
    const at = axisFromFront(node.int('axis', 0), rank);
    const x = walk.input(
      node,
      0,
      Array.from({ length: rank }, (_, i): Role => (i === at ? 'elementwise' : 'output')),
    );
    const indexShape = walk.shape(node.inputs[1]);
    if (!x || !indexShape) {
      walk.freezeInput(node, 0, 'looks up positions of unknown number');
      return walk.setOutput(node, 0);
    }
    if (indexShape.length <= 1 && pick(node, walk, x, at, indexShape.length === 0)) return;
    walk.freezeAll(fieldsOn(x, x.axes[at]), node, 'looks up rows while the model runs, so every row may be needed');
    walk.setOutput(node, 0, replaceAxis(x, at, plainLayout(indexShape).axes));
  },
  resize(node, resizing) {
    const at = axisFromFront(node.int('axis', 0), resizing.oldShape(node.inputs[0]!).length);
    pickAnew(node, resizing, at, resizing.oldShape(node.inputs[1]!).length === 0);
  },
};

/** Follows indices along one axis; false if they are not known before the model runs. */
function pick(node: Node, walk: Propagation, x: Layout, axis: number, dropAxis: boolean): boolean {
  const indices = walk.integers(node, 1);
  const size = walk.shape(node.inputs[0])?.[axis];
  if (!indices || typeof size !== 'number') return false;
  const kept = indices.map((index) => axisFromFront(index, size));
  const repeats = repeatsOf(kept, size);
  if (repeats) walk.setOutput(node, 0, repeatAxis(x, axis, repeats));
  else select(node, walk, 0, axis, kept, dropAxis);
  return true;
}

/** Picks afterwards what is left of the positions that constant indices along an axis pick; false if the indices are right as they are. */
function pickAnew(node: Node, resizing: Resizing, axis: number, dropAxis: boolean): boolean {
  const x = node.inputs[0]!;
  const size = resizing.oldShape(x)[axis];
  const indices = resizing.integers(node, 1);
  if (dimsEqual(size, resizing.newShape(x)[axis]) || !indices) return false;
  const positions = indices.map((index) => axisFromFront(index, size as number));
  const left = resizing.positionsAfter(x, axis, positions);
  if (left.join() === indices.join()) return false;
  resizing.setIntegers(node, 1, left, dropAxis);
  return true;
}

/** GatherND: constant indices of the first axis select positions, as those of Gather; the axes that others run over keep theirs, and the rest travels on. */
export const gatherNdRule: OperatorRule = {
  operators: { GatherND: { inputs: 2, attributes: { batch_dims: 'any' } } },
  summary:
    'constant indices of the first axis select positions; axes that others run over are fixed, the rest travels on',
  propagate(node, walk) {
    const x = walk.input(node, 0);
    const indices = walk.shape(node.inputs[1]);
    const depth = indices?.[indices.length - 1];
    if (!x || !indices || typeof depth !== 'number') {
      walk.freezeInput(node, 0, 'looks up positions of unknown number');
      return walk.setOutput(node, 0);
    }
    const looked = node.int('batch_dims', 0) + depth;
    if (looked === 1 && indices.length <= 2 && pick(node, walk, x, 0, indices.length === 1)) return;
    const fixed = fieldsOn(x, x.axes.slice(0, looked).flat());
    walk.freezeAll(fixed, node, 'looks up positions along this axis one by one');
    walk.setOutput(node, 0, {
      axes: [...plainLayout(indices.slice(0, -1)).axes, ...x.axes.slice(looked)],
      fields: x.fields.filter((field) => !fixed.includes(field)),
    });
  },
  resize(node, resizing) {
    const indices = resizing.oldShape(node.inputs[1]!);
    if (node.int('batch_dims', 0) !== 0 || indices.at(-1) !== 1) return;
    if (!pickAnew(node, resizing, 0, indices.length === 1)) return;
    node.opType = 'Gather';
    node.attributes.clear();
    node.set('axis', 0);
  },
};
