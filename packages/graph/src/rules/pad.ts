import type { Node } from '@snp/onnx';
import { fieldsOn, plainLayout } from '../layout/layout.js';
import type { OperatorRule } from './rule.js';

/** Pad: positions along padded axes end here, all others stay. */
export const padRule: OperatorRule = {
  operators: { Pad: { inputs: 4, attributes: { mode: 'any', pads: 'any', value: 'any' }, versions: [2] } },
  summary: 'positions along axes that grow end here, all others stay',
  propagate(node, walk) {
    const x = walk.input(node, 0);
    const [before, after] = [walk.shape(node.inputs[0]), walk.shape(node.outputs[0])];
    const grown = grownAxes(node.inputs[1] ? walk.integers(node, 1) : node.ints('pads'), axesOf());
    if (!x || !before || !after) {
      walk.freezeInput(node, 0, 'pads a value of unknown shape');
      return walk.setOutput(node, 0);
    }
    const axes = x.axes.map((axis, at) => (grown && !grown.has(at) ? axis : plainLayout([after[at]]).axes[0]));
    const lost = fieldsOn(
      x,
      x.axes.flatMap((axis, at) => (axes[at] === axis ? [] : axis)),
    );
    walk.freezeAll(lost, node, 'pads labelled positions');
    // What is padded with something else than zero is not all zero.
    const zero = padsZeros(node);
    const fields = x.fields.flatMap((field) => (lost.includes(field) ? [] : [{ ...field, zero: field.zero && zero }]));
    walk.setOutput(node, 0, { axes, fields });

    function axesOf(): number[] | undefined {
      if (!node.inputs[3]) return before?.map((_, axis) => axis);
      return walk.integers(node, 3)?.map((axis) => (axis < 0 ? axis + (before?.length ?? 0) : axis));
    }
  },
};

/** Whether a value that is all zero stays so. */
function padsZeros(node: Node): boolean {
  if (node.string('mode', 'constant') !== 'constant') return true;
  const [, , value] = node.inputs;
  if (!value) return node.float('value', 0) === 0;
  return value.tensor?.size === 1 && Number(value.tensor.numbers()[0]) === 0;
}

/** Axes that get more or fewer positions; undefined if that is not known before the model runs. */
function grownAxes(pads: readonly number[] | undefined, axes: readonly number[] | undefined): Set<number> | undefined {
  if (!pads || !axes || pads.length !== 2 * axes.length) return undefined;
  return new Set(axes.filter((_, i) => pads[i] !== 0 || pads[i + axes.length] !== 0));
}
