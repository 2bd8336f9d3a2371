import type { Node } from '@snp/onnx';
import { fieldsOn, plainLayout } from '../layout/layout.js';
import type { Propagation } from '../walk/propagation.js';
import type { OperatorRule } from './rule.js';
import { axisFromFront } from './select.js';

/** Pad: positions along padded axes end here, all others stay. */
export const padRule: OperatorRule = {
  operators: { Pad: { inputs: 4, attributes: { mode: 'any', pads: 'any', value: 'any' }, versions: [2] } },
  summary: 'positions along axes that grow end here, all others stay',
  propagate(node, walk) {
    const x = walk.input(node, 0);
    const [before, after] = [walk.shape(node.inputs[0]), walk.shape(node.outputs[0])];
    const grown = before && grownAxes(padsOf(node, walk), axesOf(node, walk, before.length), before.length);
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
  },
};

/** Whether a value that is all zero stays so. */
function padsZeros(node: Node): boolean {
  if (node.string('mode', 'constant') !== 'constant') return true;
  const [, , value] = node.inputs;
  if (!value) return node.float('value', 0) === 0;
  return value.tensor?.size === 1 && Number(value.tensor.numbers()[0]) === 0;
}

/** Places to add before and after each axis, as far as they are known before the model runs. */
function padsOf(node: Node, { shapes }: Propagation): readonly unknown[] | undefined {
  return node.inputs[1] ? shapes.content(node.inputs[1]) : node.ints('pads');
}

/** The axes that places are stated for. */
function axesOf(node: Node, walk: Propagation, rank: number): number[] | undefined {
  if (!node.inputs[3]) return [...Array(rank).keys()];
  return walk.integers(node, 3)?.map((axis) => axisFromFront(axis, rank));
}

/** Axes that get more or fewer positions, or may get them: what is only known while the model runs may be anything. */
function grownAxes(
  pads: readonly unknown[] | undefined,
  axes: readonly number[] | undefined,
  rank: number,
): ReadonlySet<number> {
  if (!pads || !axes || pads.length !== 2 * axes.length) return new Set(axes ?? Array(rank).keys());
  return new Set(axes.filter((_, i) => pads[i] !== 0 || pads[i + axes.length] !== 0));
}
