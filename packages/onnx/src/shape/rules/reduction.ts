import { isFloatType } from '../../tensor/dataType.js';
import { type Dim, productOf, staticDims } from '../dim.js';
import { binaryElement, type Element } from '../elements.js';
import type { OutputFacts } from '../facts.js';
import { normalAxis, type OperatorCall } from '../operatorCall.js';
import { stridesOf } from '../positions.js';
import type { ShapeRules } from '../shapeRule.js';
import { unknownDims } from './constants.js';

const REDUCTIONS =
  'ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare'.split(
    ' ',
  );

/** Reductions whose content is followed, with the operator that joins two elements. */
const JOINED_BY: Record<string, string> = { ReduceProd: 'Mul', ReduceSum: 'Add', ReduceMax: 'Max', ReduceMin: 'Min' };

/** Operators that reduce axes to one element. Axes are an attribute up to opset 17 (ReduceSum: 12), then an input. */
export const reductionRules: ShapeRules = {
  ...Object.fromEntries(REDUCTIONS.map((op) => [op, reduceRule])),
  'com.microsoft.ReduceSumInteger': reduceRule,
  ArgMax: argRule,
  ArgMin: argRule,
};

function reduceRule(call: OperatorCall): OutputFacts[] {
  const { type, shape } = call.input(0);
  const keep = call.node.int('keepdims', 1) !== 0;
  const axes = reducedAxes(call, shape?.length);
  if (!shape) return [{ type }];
  if (!axes) return [{ type, shape: keep ? unknownDims(shape.length) : undefined }];
  return [{ type, shape: reducedShape(shape, axes, keep), content: reducedContent(call, axes) }];
}

function reducedAxes(call: OperatorCall, rank: number | undefined): number[] | undefined {
  if (rank === undefined) return undefined;
  const stated = call.list('axes', 1);
  if (stated && stated.length > 0) return stated.map((axis) => normalAxis(axis, rank));
  if (!stated && call.hasList('axes', 1)) return undefined;
  return call.node.int('noop_with_empty_axes', 0) !== 0 ? [] : Array.from({ length: rank }, (_, axis) => axis);
}

function reducedShape(shape: readonly Dim[], axes: readonly number[], keep: boolean): Dim[] {
  if (keep) return shape.map((dim, axis) => (axes.includes(axis) ? 1 : dim));
  return shape.filter((_, axis) => !axes.includes(axis));
}

/** Sums of floats depend on the order of addition, so of these only maxima and minima are followed. */
function reducedContent(call: OperatorCall, axes: readonly number[]): Element[] | undefined {
  const { type, shape, content } = call.input(0);
  const join = JOINED_BY[call.node.op];
  const dims = staticDims(shape);
  if (!content || !dims || !join || content.length === 0) return undefined;
  if (isFloatType(type) && join !== 'Max' && join !== 'Min') return undefined;
  const kept = reducedShape(dims, axes, true) as number[];
  const strides = stridesOf(dims);
  const target = stridesOf(kept);
  const result = new Array<Element | null>(productOf(kept) as number).fill(null);
  for (const [i, item] of content.entries()) {
    let at = 0;
    for (const [axis, stride] of strides.entries()) {
      if (kept[axis] > 1) at += (Math.floor(i / stride) % dims[axis]) * target[axis];
    }
    const sum = result[at];
    result[at] = sum === null ? item : binaryElement(join, type, sum, item);
  }
  return result as Element[];
}

function argRule(call: OperatorCall): OutputFacts[] {
  const shape = call.shape(0);
  if (!shape) return [{ type: 'INT64' }];
  const axes = [call.axis(shape.length, 0)];
  return [{ type: 'INT64', shape: reducedShape(shape, axes, call.node.int('keepdims', 1) !== 0) }];
}
