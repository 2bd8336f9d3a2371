import { dimsEqual } from '@snp/onnx';
import { fieldsOn, plainLayout } from '../layout/layout.js';
import type { OperatorRule } from './rule.js';
import { axisFromFront, replaceAxis, select } from './select.js';

/** Split: consecutive runs of positions. */
export const splitRule: OperatorRule = {
  operators: {
    Split: {
      inputs: 2,
      outputs: 'all',
      attributes: { axis: 'any', num_outputs: 'any', split: 'any' },
      versions: [2],
    },
  },
  summary: 'runs of positions part',
  propagate(node, walk) {
    const x = walk.input(node, 0);
    if (!x) return node.outputs.forEach((_, index) => void walk.setOutput(node, index));
    const axis = axisFromFront(node.int('axis', 0), x.axes.length);
    let start: number | undefined = 0;
    node.outputs.forEach((output, index) => {
      const size = walk.shape(output)?.[axis];
      if (typeof size === 'number' && start !== undefined) {
        const from: number = start;
        select(
          node,
          walk,
          index,
          axis,
          Array.from({ length: size }, (_, i) => from + i),
        );
        start = from + size;
      } else {
        start = undefined;
        walk.freezeAll(fieldsOn(x, x.axes[axis]), node, 'splits at places that are not known before the model runs');
        const plain = typeof size === 'undefined' ? [] : plainLayout([size]).axes;
        walk.setOutput(node, index, plain.length > 0 ? replaceAxis(x, axis, plain) : undefined);
      }
    });
  },
  resize(node, resizing) {
    const x = node.inputs[0]!;
    const shape = resizing.oldShape(x);
    const axis = axisFromFront(node.int('axis', 0), shape.length);
    if (dimsEqual(shape[axis], resizing.newShape(x)[axis])) return;
    const sizes = node.outputs.map((output) => resizing.newSize(output!, axis));
    node.attributes.delete('num_outputs');
    if (resizing.opset(node) < 13) node.set('split', sizes);
    else resizing.setIntegers(node, 1, sizes);
  },
};
