import { type DataType, Tensor, type Value } from '@snp/onnx';
import type { GradientCall, GradientRule } from './rule.js';

/** What a slice takes, axis by axis. */
interface Cuts {
  axes: number[];
  starts: number[];
  steps: number[];
}

function cutsOf(call: GradientCall): Cuts {
  const { node } = call;
  const rank = call.shape(call.input(0)).length;
  const told = (name: string, index: number, preset?: number[]) => {
    const found = node.inputs[index] ? call.integers(index) : (node.ints(name) ?? preset);
    return found ?? call.refuse(`its ${name} show only when the model runs`);
  };
  const starts = told('starts', 1);
  const axes = told('axes', 3, [...starts.keys()]).map((axis) => call.axis(axis, rank));
  return {
    axes,
    starts,
    steps: told(
      'steps',
      4,
      starts.map(() => 1),
    ),
  };
}

/** Zeros where nothing was taken. */
const slice: GradientRule = (call) => {
  const { writer } = call;
  const { axes, starts, steps } = cutsOf(call);
  const x = call.input(0);
  const shape = call.shape(x);
  const type = call.type(x);
  let gradient = call.gradient();
  const front = shape.map((): Value => writer.ints([0]));
  for (const [at, axis] of axes.entries()) {
    if (steps[at] !== 1) {
      gradient = spread(call, gradient, { axis, start: starts[at], step: steps[at] });
      continue;
    }
    front[axis] = starts[at] >= 0 ? writer.ints([starts[at]]) : fromEnd(call, x, axis, starts[at]);
  }
  const plain = axes.filter((_, at) => steps[at] === 1);
  if (plain.length > 0) {
    const begin = writer.concat(front, 0);
    const behind = writer.sub(writer.sub(writer.shapeOf(x), begin), writer.op('Shape', [gradient]));
    gradient = writer.pad(gradient, writer.concat([begin, behind], 0), type);
  }
  call.give(0, gradient);
};

/** A start that counts from the end, as one that counts from the front: not below 0. */
function fromEnd(call: GradientCall, x: Value, axis: number, start: number): Value {
  const { writer } = call;
  const size = call.shape(x)[axis];
  if (typeof size === 'number') return writer.ints([Math.max(0, size + start)]);
  return writer.op('Max', [writer.add(writer.sizeOf(x, axis), writer.ints([start])), writer.ints([0])]);
}

/** Steps other than one: each position of the axis reads its own gradient, or a zero that stands behind all. */
function spread(call: GradientCall, gradient: Value, cut: { axis: number; start: number; step: number }): Value {
  const [x, y] = [call.input(0), call.output()];
  const [size, taken] = [x, y].map((value) => call.shape(value)[cut.axis]);
  if (typeof size !== 'number' || typeof taken !== 'number') call.refuse('its steps go over an axis of free size');
  const length = size as number;
  const start = Math.min(Math.max(cut.start < 0 ? cut.start + length : cut.start, 0), length - (cut.step < 0 ? 1 : 0));
  const sources = Array(length).fill(taken as number);
  for (let at = 0; at < (taken as number); at++) sources[start + at * cut.step] = at;
  return takeOrZero(call, gradient, { axis: cut.axis, sources, type: call.type(x) });
}

/** Along an axis: the positions that `sources` names, where the one behind the last is zero. */
function takeOrZero(
  call: GradientCall,
  gradient: Value,
  { axis, sources, type }: { axis: number; sources: readonly number[]; type: DataType },
): Value {
  const { writer } = call;
  const rank = call.shape(call.input(0)).length;
  const pads = Array(2 * rank).fill(0);
  pads[rank + axis] = 1;
  return writer.op('Gather', [writer.pad(gradient, writer.ints(pads), type), writer.ints(sources)], { axis });
}

const split: GradientRule = (call) => {
  const rank = call.shape(call.input(0)).length;
  const axis = call.axis(call.node.int('axis', 0), rank);
  const parts = call.node.outputs.map((_, index) => call.gradient(index));
  call.give(0, call.writer.concat(parts, axis));
};

const concat: GradientRule = (call) => {
  const { writer, node } = call;
  const axis = call.axis(node.int('axis', 0), call.shape(call.output()).length);
  let start = writer.ints([0]);
  const axes = writer.ints([axis]);
  let known: number | undefined = 0;
  for (const index of node.inputs.keys()) {
    const size = call.shape(call.input(index))[axis];
    known = known !== undefined && typeof size === 'number' ? known + size : undefined;
    const end: Value =
      known === undefined ? writer.add(start, writer.sizeOf(call.input(index), axis)) : writer.ints([known]);
    if (call.wants(index)) call.give(index, writer.slice(call.gradient(), { starts: start, ends: end, axes }));
    start = end;
  }
};

/** What was put around a tensor falls away again, and goes to the number around it; what was read more than once is summed. */
const pad: GradientRule = (call) => {
  const { writer } = call;
  const mode = call.node.string('mode', 'constant');
  const gradient = mode === 'constant' ? withoutMargin(call) : readOften(call, mode ?? '');
  if (call.wants(0)) call.give(0, gradient);
  if (!call.wants(2)) return;
  const all = (value: Value, of: Value) => writer.sum(value, [...call.shape(of).keys()], false);
  call.giveScalar(2, writer.sub(all(call.gradient(), call.output()), all(gradient, call.input(0))));
};

/** The axes that are padded, and by how much in front and behind, where that is known before the model runs. */
function padsOf(call: GradientCall): { axes: number[]; pads: number[] | undefined } {
  const { node } = call;
  const rank = call.shape(call.input(0)).length;
  const named = node.inputs[3]
    ? (call.integers(3) ?? call.refuse('its axes show only when the model runs'))
    : undefined;
  const axes = (named ?? [...Array(rank).keys()]).map((axis) => call.axis(axis, rank));
  return { axes, pads: node.inputs[1] ? call.integers(1) : node.ints('pads') };
}

function withoutMargin(call: GradientCall): Value {
  const { writer } = call;
  const x = call.input(0);
  const rank = call.shape(x).length;
  const { axes, pads } = padsOf(call);
  if (!pads) {
    const [none, count] = [writer.ints([0]), writer.ints([axes.length])];
    const starts = writer.slice(call.input(1), { starts: none, ends: count, axes: none });
    const ends = writer.add(starts, writer.op('Gather', [writer.shapeOf(x), writer.ints(axes)]));
    return writer.slice(call.gradient(), { starts, ends, axes: writer.ints(axes) });
  }
  // Negative numbers took away: what is put back is zero.
  const back = Array(2 * rank).fill(0);
  for (const [at, axis] of axes.entries()) {
    back[axis] = -pads[at];
    back[rank + axis] = -pads[axes.length + at];
  }
  return writer.pad(call.gradient(), writer.ints(back), call.type(x));
}

function readOften(call: GradientCall, mode: string): Value {
  const shape = call.shape(call.input(0));
  const { axes, pads } = padsOf(call);
  if (!pads) return call.refuse('its pads show only when the model runs');
  let gradient = call.gradient();
  for (const [at, axis] of axes.entries()) {
    const [front, behind] = [pads[at], pads[axes.length + at]];
    if (front === 0 && behind === 0) continue;
    const size = shape[axis];
    if (typeof size !== 'number') return call.refuse('an axis that it repeats has a free size');
    if (front < 0 || behind < 0) return call.refuse('it takes away and repeats at once');
    gradient = summedBack(call, gradient, { axis, sources: padSources(mode, size, front, behind) });
  }
  return gradient;
}

/** Which position of an axis each one of the padded axis reads. */
function padSources(mode: string, size: number, front: number, behind: number): number[] {
  const wrap = (at: number, period: number) => ((at % period) + period) % period;
  return Array.from({ length: front + size + behind }, (_, padded) => {
    const at = padded - front;
    if (mode === 'edge') return Math.min(Math.max(at, 0), size - 1);
    if (mode === 'wrap') return wrap(at, size);
    const turn = wrap(at, Math.max(1, 2 * size - 2));
    return turn < size ? turn : 2 * size - 2 - turn;
  });
}

/** Sums along an axis what was read from the same source, as a product with a matrix of zeros and ones. */
function summedBack(
  call: GradientCall,
  gradient: Value,
  { axis, sources }: { axis: number; sources: readonly number[] },
): Value {
  const { writer } = call;
  const x = call.input(0);
  const rank = call.shape(x).length;
  const size = call.shape(x)[axis] as number;
  const matrix = new Float64Array(sources.length * size);
  for (const [at, source] of sources.entries()) matrix[at * size + source] = 1;
  const constant = writer.constant(Tensor.fromNumbers(call.type(x), [sources.length, size], matrix));
  return writer.matmulAlong(gradient, constant, { axis, rank });
}

/** Operators that take parts of a tensor, or put parts together. */
export const SLICE_RULES: Readonly<Record<string, GradientRule>> = {
  Concat: concat,
  Pad: pad,
  Slice: slice,
  Split: split,
};
