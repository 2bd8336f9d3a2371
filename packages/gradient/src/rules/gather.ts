import type { Value } from '@snp/onnx';
import type { GradientCall, GradientRule } from './rule.js';

/** Indices from the end become such from the front. */
function fromFront(call: GradientCall, indices: Value, size: Value): Value {
  const { writer } = call;
  const own = call.type(indices) === 'INT64' ? indices : writer.cast(indices, 'INT64');
  const negative = writer.op('Less', [own, writer.int(0)]);
  return writer.where(negative, writer.add(own, size), own);
}

/** Sums the gradients of all that was read from a position. */
const gather: GradientRule = (call) => {
  const { writer } = call;
  const [x, indices] = [call.input(0), call.input(1)];
  const shape = call.shape(x);
  const axis = call.axis(call.node.int('axis', 0), shape.length);
  const picked = call.shape(indices).length;
  if (picked === 0 && call.integers(1)) return one(call, axis, call.integers(1)![0]);
  // The axis goes in front of all others, and all indices into one.
  const rank = call.shape(call.output()).length;
  const inFront = [...Array(rank).keys()].slice(axis, axis + picked);
  const others = [...Array(rank).keys()].filter((each) => !inFront.includes(each));
  const moved = writer.transpose(call.gradient(), [...inFront, ...others]);
  const rest = others.map((each) => writer.sizeOf(call.output(), each));
  const updates = writer.reshape(moved, writer.concat([writer.ints([-1]), ...rest], 0));
  const flat = writer.reshape(fromFront(call, indices, writer.sizeOf(x, axis)), [-1]);
  const added = writer.addRows(updates, {
    indices: flat,
    shape: writer.concat([writer.sizeOf(x, axis), ...rest], 0),
    type: call.type(x),
  });
  const order = [axis, ...[...shape.keys()].filter((each) => each !== axis)];
  const back = order.map((_, each) => order.indexOf(each));
  call.give(0, writer.transpose(added, back));
};

/** A single position, such as that of a class token: zeros around it. */
function one(call: GradientCall, axis: number, index: number): void {
  const { writer } = call;
  const x = call.input(0);
  const shape = call.shape(x);
  const none = shape.map(() => writer.ints([0]));
  const at = index >= 0 ? writer.ints([index]) : writer.add(writer.sizeOf(x, axis), writer.ints([index]));
  const behind = writer.sub(writer.sub(writer.sizeOf(x, axis), at), writer.ints([1]));
  const pads = writer.concat([...none.with(axis, at), ...none.with(axis, behind)], 0);
  call.give(0, writer.pad(writer.unsqueeze(call.gradient(), [axis]), pads, call.type(x)));
}

const gatherElements: GradientRule = (call) => {
  const { node } = call;
  const x = call.input(0);
  const axis = call.axis(node.int('axis', 0), call.shape(x).length);
  call.give(0, addElements(call, call.input(1), call.gradient(), axis));
};

/** Zeros of the shape of input 0, with elements added along an axis. */
function addElements(call: GradientCall, indices: Value, updates: Value, axis: number): Value {
  const { writer } = call;
  const x = call.input(0);
  const zeros = writer.filled(0, call.type(x), writer.shapeOf(x));
  return writer.op('ScatterElements', [zeros, indices, updates], { axis, reduction: 'add' });
}

const gatherND: GradientRule = (call) => {
  const { writer, node } = call;
  const x = call.input(0);
  if (node.int('batch_dims', 0) !== 0) call.refuse('it gathers batch by batch (batch_dims)');
  const zeros = writer.filled(0, call.type(x), writer.shapeOf(x));
  call.give(0, writer.op('ScatterND', [zeros, call.input(1), call.gradient()], { reduction: 'add' }));
};

/** What was written over has no gradient; what was written has that of its place. */
const scatterElements: GradientRule = (call) => {
  const { writer, node } = call;
  const axis = call.axis(node.int('axis', 0), call.shape(call.input(0)).length);
  const reduction = node.string('reduction', 'none');
  if (reduction !== 'none' && reduction !== 'add') call.refuse(`its reduction is '${reduction}'`);
  const updates = call.input(2);
  if (call.wants(0)) {
    const zeros = () => writer.filled(0, call.type(updates), writer.shapeOf(updates));
    const kept = () => writer.op('ScatterElements', [call.gradient(), call.input(1), zeros()], { axis });
    call.give(0, reduction === 'add' ? call.gradient() : kept());
  }
  if (call.wants(2)) call.give(2, writer.op('GatherElements', [call.gradient(), call.input(1)], { axis }));
};

const scatterND: GradientRule = (call) => {
  const { writer, node } = call;
  const reduction = node.string('reduction', 'none');
  if (reduction !== 'none' && reduction !== 'add') call.refuse(`its reduction is '${reduction}'`);
  const updates = call.input(2);
  if (call.wants(0)) {
    const zeros = () => writer.filled(0, call.type(updates), writer.shapeOf(updates));
    const kept = () => writer.op('ScatterND', [call.gradient(), call.input(1), zeros()]);
    call.give(0, reduction === 'add' ? call.gradient() : kept());
  }
  if (call.wants(2)) call.give(2, writer.op('GatherND', [call.gradient(), call.input(1)]));
};

const topK: GradientRule = (call) => {
  const axis = call.axis(call.node.int('axis', -1), call.shape(call.input(0)).length);
  call.give(0, addElements(call, call.output(1), call.gradient(), axis));
};

/** Operators that read from, or write to, positions that indices name. */
export const GATHER_RULES: Readonly<Record<string, GradientRule>> = {
  Gather: gather,
  GatherElements: gatherElements,
  GatherND: gatherND,
  ScatterElements: scatterElements,
  ScatterND: scatterND,
  TopK: topK,
};
