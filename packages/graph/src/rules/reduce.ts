import type { Node, Value } from '@snp/onnx';
import { type Field, fieldsOn, type Layout } from '../layout/layout.js';
import type { Propagation } from '../propagate/propagation.js';
import { normalise } from './normalization.js';
import type { OperatorRule } from './rule.js';

const SUMS = ['ReduceSum', 'ReduceL1', 'ReduceL2', 'ReduceSumSquare'];

/** Reductions: positions along the reduced axes end here. */
export const reduceRule: OperatorRule = {
  operators: ['ReduceMean', 'ReduceMax', 'ReduceMin', 'ReduceProd', 'ReduceLogSum', 'ReduceLogSumExp', ...SUMS],
  summary: 'positions along reduced axes end: in sums of what becomes zero, and in means that are part of a norm',
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
    const keep = node.int('keepdims', 1) === 1;
    const kept = x.axes.flatMap((axis, i) => (axes.includes(i) ? (keep ? [[]] : []) : [axis]));
    walk.setOutput(node, 0, { axes: kept, fields: x.fields.filter((field) => !ending.includes(field)) });
  },
};

function endLabels(node: Node, walk: Propagation, x: Layout, axes: readonly number[], ending: readonly Field[]): void {
  if (node.opType === 'ReduceMean' && isPartOfNorm(node)) {
    if (isScaled(node.outputs[0]!)) return normalise(node, walk, x, axes);
    return walk.freezeAll(
      ending,
      node,
      'is part of a norm without a scale, of which nothing tells the positions that left',
    );
  }
  if (SUMS.includes(node.opType) && ending.every((field) => field.zero)) return;
  walk.freezeAll(ending, node, 'reduces over these positions, and leaving some out changes the result');
}

/** The axes a reduction runs over, from the attribute or the second input; undefined if not known. */
function reducedAxes(node: Node, walk: Propagation): number[] | undefined {
  const rank = walk.shape(node.inputs[0])?.length;
  if (rank === undefined) return undefined;
  const stated = node.inputs[1] ? walk.integers(node, 1) : (node.ints('axes') ?? []);
  if (!stated) return undefined;
  if (stated.length === 0) return node.int('noop_with_empty_axes', 0) === 1 ? [] : [...Array(rank).keys()];
  return stated.map((axis) => (axis < 0 ? axis + rank : axis));
}

/**
 * True for the means of a norm that an exporter took apart: the mean that is subtracted from its own input, and the mean
 * square whose root divides (or whose inverse root multiplies) the values it was taken from.
 */
function isPartOfNorm(mean: Node): boolean {
  const input = mean.inputs[0];
  const output = mean.outputs[0];
  if (!input || !output || output.uses.size === 0 || isOutput(output)) return false;
  if (output.consumers.every((node) => isCentring(node, output))) return true;
  return isSquare(input) && onlyScales(output);
}

/** Whoever runs the model sees it. */
function isOutput(value: Value): boolean {
  return value.producer?.graph?.outputs.includes(value) ?? false;
}

/** Between a statistic of a norm and the product with its scale. */
const WITHIN_NORM = new Set([
  'Sub',
  'Pow',
  'Mul',
  'ReduceMean',
  'Add',
  'Sqrt',
  'Div',
  'Reciprocal',
  'Cast',
  'Identity',
]);

/** Whether a norm's result is multiplied with a vector of weights: where positions leave, its zeros say which. */
function isScaled(value: Value, depth = 0): boolean {
  return [...value.uses].some(({ node, index }) => {
    const other = node.inputs[1 - index];
    if (node.opType === 'Mul' && other?.tensor && other.tensor.size > 1) return true;
    const output = node.outputs[0];
    return depth < 10 && output !== undefined && WITHIN_NORM.has(node.opType) && isScaled(output, depth + 1);
  });
}

/** `x - mean(x)`. */
export function isCentring(node: Node, mean = node.inputs[1]): boolean {
  const reduction = mean?.producer;
  return (
    node.opType === 'Sub' &&
    node.inputs[1] === mean &&
    reduction?.opType === 'ReduceMean' &&
    sameSource(reduction.inputs[0], node.inputs[0])
  );
}

function isSquare(value: Value): boolean {
  const node = value.producer;
  if (node?.opType === 'Mul') return node.inputs[0] === node.inputs[1];
  if (node?.opType !== 'Pow') return false;
  const exponent = node.inputs[1]?.tensor;
  return exponent?.size === 1 && Number(exponent.numbers()[0]) === 2;
}

/** Follows a statistic of size one through roots and small constants to the products and quotients it scales. */
function onlyScales(value: Value): boolean {
  return (
    value.uses.size > 0 &&
    !isOutput(value) &&
    [...value.uses].every(({ node, index }) => {
      switch (node.opType) {
        case 'Div':
          return index === 1 ? node.inputs[0]?.tensor === undefined || onlyScales(node.outputs[0]!) : false;
        case 'Mul':
          return true;
        case 'Add':
        case 'Sqrt':
        case 'Rsqrt':
        case 'Reciprocal':
        case 'Pow':
        case 'Cast':
        case 'Identity':
        case 'Max':
        case 'Clip':
          return onlyScales(node.outputs[0]!);
        default:
          return false;
      }
    })
  );
}

function sameSource(a: Value | undefined, b: Value | undefined): boolean {
  const origin = (value: Value | undefined): Value | undefined =>
    value?.producer?.opType === 'Cast' ? origin(value.producer.inputs[0]) : value;
  return origin(a) === origin(b);
}
