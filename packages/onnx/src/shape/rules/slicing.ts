import { addDims, type Dim, staticDims, subDims } from '../dim.js';
import { boundsOf, ceilDivDims, maxDims, minDims } from '../dimFunctions.js';
import type { Element } from '../elements.js';
import type { OutputFacts } from '../facts.js';
import { normalAxis, type OperatorCall, withDim } from '../operatorCall.js';
import { pick, stridesOf, viewPositions } from '../positions.js';
import type { ShapeRules } from '../shapeRule.js';
import { unknownDims } from './constants.js';

/** Operators that cut tensors apart and put them together along an axis. */
export const slicingRules: ShapeRules = {
  Slice: sliceRule,
  Split: splitRule,
  Concat: concatRule,
  'com.microsoft.QLinearConcat': quantizedConcatRule,
  Pad: padRule,
  'com.microsoft.Pad': padRule,
};

/** Larger than any size: exporters write such numbers for "to the end". */
const OPEN_END = 2 ** 31 - 1;

/** A resolved slice of one axis: `length` elements from `start` on, every `step`-th. */
interface AxisSlice {
  start: Dim;
  length: Dim;
  step: number;
}

function sliceRule(call: OperatorCall): OutputFacts[] {
  const { type, shape, content } = call.input(0);
  if (!shape) return [{ type }];
  const axes = sliceAxes(call, shape.length);
  if (!axes) return [{ type, shape: unknownDims(shape.length) }];
  const slices = new Map(axes.map((axis, i) => [axis, sliceOfAxis(call, shape[axis], i)]));
  const output = shape.map((dim, axis) => (slices.has(axis) ? slices.get(axis)?.length : dim));
  const [from, to] = [staticDims(shape), staticDims(output)];
  if (!content || !from || !to) return [{ type, shape: output }];
  const strides = stridesOf(from);
  let offset = 0;
  for (const [axis, slice] of slices) {
    if (typeof slice?.start !== 'number') return [{ type, shape: output }];
    offset += slice.start * strides[axis];
    strides[axis] *= slice.step;
  }
  return [{ type, shape: output, content: pick(content, viewPositions(to, strides, offset)) }];
}

function sliceAxes(call: OperatorCall, rank: number): number[] | undefined {
  const stated = call.list('axes', 3);
  if (stated) return stated.map((axis) => normalAxis(axis, rank));
  if (call.hasList('axes', 3)) return undefined;
  const count = call.node.ints('starts')?.length ?? call.content(1)?.length ?? call.dim(1, 0);
  return typeof count === 'number' ? Array.from({ length: count }, (_, axis) => axis) : undefined;
}

function sliceOfAxis(call: OperatorCall, size: Dim, index: number): AxisSlice | undefined {
  const start = (call.node.ints('starts') ?? call.content(1))?.[index];
  const end = (call.node.ints('ends') ?? call.content(2))?.[index];
  const step = call.has(4) ? call.content(4)?.[index] : 1;
  if (typeof step !== 'number' || step === 0) return undefined;
  return step > 0 ? forwardSlice(start, end, step, size) : backwardSlice(start, end, step, size);
}

function forwardSlice(start: Element, end: Element, step: number, size: Dim): AxisSlice | undefined {
  const from = clampedIndex(start, size);
  const to = clampedIndex(end, size);
  if (from === undefined || to === undefined) return undefined;
  return { start: from, step, length: maxDims(ceilDivDims(subDims(to, from), step), 0, 1) };
}

function backwardSlice(start: Element, end: Element, step: number, size: Dim): AxisSlice | undefined {
  if (typeof start !== 'number' || typeof end !== 'number') return undefined;
  // The largest numbers of 32 and 64 bits mean "to the end" backwards too.
  const open = end === OPEN_END || end >= 2 ** 63;
  if (typeof size !== 'number') {
    const whole = (start === -1 || start >= OPEN_END) && (open || end < -OPEN_END);
    return whole && step === -1 ? { start: subDims(size, 1), step, length: size } : undefined;
  }
  if (size === 0) return { start: 0, step, length: 0 };
  const from = Math.min(Math.max(start < 0 ? start + size : start, 0), size - 1);
  const to = open ? -1 : Math.min(Math.max(end < 0 ? end + size : end, -1), size - 1);
  return { start: from, step, length: Math.max(Math.ceil((to - from) / step), 0) };
}

/** A start or end index brought into 0..size. A symbolic size is taken as at least 1. */
function clampedIndex(index: Element, size: Dim): Dim | undefined {
  if (index === undefined) return undefined;
  if (typeof index === 'number' && index >= OPEN_END) return size;
  const [low, high] = boundsOf(index, 1);
  if (low >= 0) return minDims(index, size, 1);
  return high < 0 ? maxDims(addDims(index, size), 0, 1) : undefined;
}

function splitRule(call: OperatorCall): OutputFacts[] {
  const { type, shape, content } = call.input(0);
  const count = call.node.outputs.length;
  if (!shape) return call.node.outputs.map(() => ({ type }));
  const axis = call.axis(shape.length, 0);
  const lengths = splitLengths(call, shape[axis], count);
  const from = staticDims(shape);
  let start: Dim | undefined = 0;
  return lengths.map((length) => {
    const output = withDim(shape, axis, length);
    const to = staticDims(output);
    const at: Dim | undefined = start;
    start = at !== undefined && length !== undefined ? addDims(at, length) : undefined;
    if (!content || !from || !to || typeof at !== 'number') return { type, shape: output };
    const strides = stridesOf(from);
    return { type, shape: output, content: pick(content, viewPositions(to, strides, at * strides[axis])) };
  });
}

function splitLengths(call: OperatorCall, size: Dim, count: number): (Dim | undefined)[] {
  if (call.hasList('split', 1)) {
    const stated = call.node.ints('split') ?? call.content(1);
    return Array.from({ length: count }, (_, i) => stated?.[i]);
  }
  const chunk = ceilDivDims(size, count);
  // All pieces are equal but the last, which takes what is left.
  const last = subDims(size, mulCount(chunk, count - 1));
  return Array.from({ length: count }, (_, i) => (i < count - 1 ? chunk : last));
}

function mulCount(dim: Dim, count: number): Dim {
  return Array.from({ length: count }, () => dim).reduce<Dim>(addDims, 0);
}

function concatRule(call: OperatorCall): OutputFacts[] {
  return [
    concatenated(
      call,
      call.node.inputs.map((_, index) => index),
    ),
  ];
}

/** QLinearConcat: scale and zero point of the result, then data, scale and zero point of each part. */
function quantizedConcatRule(call: OperatorCall): OutputFacts[] {
  const parts = call.node.inputs.flatMap((_, index) => (index >= 2 && index % 3 === 2 ? [index] : []));
  return [concatenated(call, parts)];
}

function concatenated(call: OperatorCall, parts: readonly number[]): OutputFacts {
  const inputs = parts.map((index) => call.input(index));
  const type = inputs[0]?.type;
  const ranked = inputs.find((input) => input.shape)?.shape;
  if (!ranked) return { type };
  const axis = call.axis(ranked.length, 0);
  const shape = ranked.map((_, at) => {
    const dims = inputs.map((input) => input.shape?.[at]);
    if (at === axis)
      return dims.reduce((sum, dim) => (sum === undefined || dim === undefined ? undefined : addDims(sum, dim)), 0);
    return dims.find((dim) => typeof dim === 'number') ?? dims.find((dim) => dim !== undefined);
  });
  return { type, shape, content: concatContent(call, parts, axis, shape) };
}

function concatContent(
  call: OperatorCall,
  parts: readonly number[],
  axis: number,
  shape: readonly (Dim | undefined)[],
): Element[] | undefined {
  const dims = call.followed(shape);
  if (!dims) return undefined;
  const outer = dims.slice(0, axis).reduce((product, dim) => product * dim, 1);
  const result: Element[] = [];
  for (let block = 0; block < outer; block++) {
    for (const index of parts) {
      const size = sizeOfStatic(call.shape(index));
      if (size === undefined) return undefined;
      // A part whose content is not followed still has its place: the others stay known around it.
      const content = call.content(index);
      const run = size / outer;
      for (let i = 0; i < run; i++) result.push(content?.[block * run + i]);
    }
  }
  return result;
}

function padRule(call: OperatorCall): OutputFacts[] {
  const { type, shape } = call.input(0);
  const pads = call.node.ints('pads') ?? call.node.ints('paddings') ?? call.content(1);
  if (!shape || !pads) return [{ type, shape: unknownDims(shape?.length) }];
  const axes = call.has(3)
    ? call.numbers(3)?.map((axis) => normalAxis(axis, shape.length))
    : shape.map((_, axis) => axis);
  if (!axes) return [{ type, shape: unknownDims(shape.length) }];
  const output: (Dim | undefined)[] = [...shape];
  for (const [i, axis] of axes.entries()) {
    const [before, after] = [pads[i], pads[i + axes.length]];
    output[axis] =
      before === undefined || after === undefined ? undefined : addDims(shape[axis], addDims(before, after));
  }
  return [{ type, shape: output }];
}

function sizeOfStatic(shape: readonly Dim[] | undefined): number | undefined {
  return staticDims(shape)?.reduce((product, dim) => product * dim, 1);
}
