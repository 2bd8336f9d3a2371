import type { Node } from '@snp/onnx';
import { type Field, fieldsOn, type Layout } from '../layout/layout.js';
import type { Propagation } from '../walk/propagation.js';
import { headsLeft } from './contraction.js';
import { normalise } from './normalization.js';
import { isAveraged, normStatistic } from './norms.js';
import { noteProductSum } from './productSum.js';
import { positionsOf, reducedAxes } from './reducedAxes.js';
import type { OperatorRule } from './rule.js';

const SUMS = ['ReduceSum', 'ReduceL1', 'ReduceL2', 'ReduceSumSquare'];
const LOGARITHMS = ['ReduceLogSum', 'ReduceLogSumExp'];
const OTHERS = ['ReduceMean', 'ReduceMax', 'ReduceMin', 'ReduceProd', ...LOGARITHMS];

/** Reductions: positions along the reduced axes end here. */
export const reduceRule: OperatorRule = {
  operators: Object.fromEntries(
    [...OTHERS, ...SUMS].map((name) => [
      name,
      { inputs: 2, attributes: { axes: 'any', keepdims: 'any', noop_with_empty_axes: 'any' } },
    ]),
  ),
  summary: 'positions along reduced axes end: in sums of what becomes zero, and in statistics that are part of a norm',
  propagate(node, walk) {
    const x = walk.input(node, 0);
    const axes = reducedAxes(node, walk);
    if (!x || !axes) {
      walk.freezeInput(node, 0, 'reduces axes that are not known before the model runs');
      return walk.setOutput(node, 0);
    }
    const factors = axes.flatMap((axis) => x.axes[axis]);
    const ending = fieldsOn(x, factors);
    if (ending.length > 0) endLabels(node, walk, x, axes, ending);
    if (node.opType === 'ReduceSum') noteProductSum(node, walk, axes);
    const keep = node.int('keepdims', 1) === 1;
    const kept = x.axes.flatMap((axis, i) => (axes.includes(i) ? (keep ? [[]] : []) : [axis]));
    const zero = !LOGARITHMS.includes(node.opType);
    if (node.opType === 'ReduceLogSum')
      walk.freezeAll(
        x.fields.filter((field) => field.zero),
        node,
        'takes the logarithm of sums that become zero with their weights',
      );
    const fields = x.fields.flatMap((field) =>
      ending.includes(field) ? [] : [{ ...field, zero: field.zero && zero }],
    );
    // What is taken over the neurons of each head becomes zero with them.
    const heads = headsLeft(walk, [ending], factors).map((field) => ({
      ...field,
      zero: zero && ending.every((own) => own.zero),
    }));
    walk.setOutput(node, 0, { axes: kept, fields: [...fields, ...heads] });
  },
};

function endLabels(node: Node, walk: Propagation, x: Layout, axes: readonly number[], ending: readonly Field[]): void {
  // Zeros of a norm are such by the mean over what stays: outside of a norm a sum over them means something else.
  const exact = SUMS.includes(node.opType) && ending.every((field) => field.zero && !field.centred);
  const count = positionsOf(node, walk);
  const statistic = normStatistic(node, count, walk);
  const [output] = node.outputs;
  if (exact && !statistic && !(output && isAveraged(output, count, walk))) return;
  if (!statistic)
    return walk.freezeAll(ending, node, 'reduces over these positions, and leaving some out changes the result');
  normalise(node, walk, x, axes);
  for (const constant of statistic.counts) walk.counts.push({ ...constant, layout: x, axes });
}
