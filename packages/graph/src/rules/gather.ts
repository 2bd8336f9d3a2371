import { dimsEqual } from '@snp/onnx';
import type { Role } from '../labels/labelStore.js';
import { fieldsOn, plainLayout } from '../layout/layout.js';
import { repeatAxis, repeatsOf } from './repeat.js';
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
    const indices = walk.integers(node, 1);
    const size = walk.shape(node.inputs[0])?.[at];
    if (indices && indexShape.length <= 1 && typeof size === 'number') {
      const kept = indices.map((index) => axisFromFront(index, size));
      const repeats = repeatsOf(kept, size);
      if (repeats) return walk.setOutput(node, 0, repeatAxis(x, at, repeats));
      return select(node, walk, 0, at, kept, indexShape.length === 0);
    }
    walk.freezeAll(fieldsOn(x, x.axes[at]), node, 'looks up rows while the model runs, so every row may be needed');
    walk.setOutput(node, 0, replaceAxis(x, at, plainLayout(indexShape).axes));
  },
  resize(node, resizing) {
    const x = node.inputs[0]!;
    const before = resizing.oldShape(x);
    const at = axisFromFront(node.int('axis', 0), before.length);
    const indices = resizing.integers(node, 1);
    if (dimsEqual(before[at], resizing.newShape(x)[at]) || !indices) return;
    const size = before[at] as number;
    const positions = indices.map((index) => axisFromFront(index, size));
    resizing.setIntegers(
      node,
      1,
      resizing.positionsAfter(x, at, positions),
      resizing.oldShape(node.inputs[1]!).length === 0,
    );
  },
};

/** GatherND: the axes that indices run over keep their positions, the others travel on. */
export const gatherNdRule: OperatorRule = {
  operators: { GatherND: { inputs: 2, attributes: { batch_dims: 'any' } } },
  summary: 'positions along the axes that are looked up are fixed, all others travel on',
  propagate(node, walk) {
    const x = walk.input(node, 0);
    const indices = walk.shape(node.inputs[1]);
    const depth = indices?.[indices.length - 1];
    if (!x || !indices || typeof depth !== 'number') {
      walk.freezeInput(node, 0, 'looks up positions of unknown number');
      return walk.setOutput(node, 0);
    }
    const looked = node.int('batch_dims', 0) + depth;
    const fixed = fieldsOn(x, x.axes.slice(0, looked).flat());
    walk.freezeAll(fixed, node, 'looks up positions along this axis one by one');
    walk.setOutput(node, 0, {
      axes: [...plainLayout(indices.slice(0, -1)).axes, ...x.axes.slice(looked)],
      fields: x.fields.filter((field) => !fixed.includes(field)),
    });
  },
};
