import type { GradientRule } from './rule.js';

/** Of operators that give the same numbers in another shape. */
const reshape: GradientRule = (call) => call.give(0, call.shapedLike(call.gradient(), call.input(0)));

const transpose: GradientRule = (call) => {
  const rank = call.shape(call.input(0)).length;
  const perm = call.node.ints('perm') ?? [...Array(rank).keys()].reverse();
  const back = perm.map((_, axis) => perm.indexOf(axis));
  call.give(0, call.writer.transpose(call.gradient(), back));
};

const expand: GradientRule = (call) => call.giveBroadcast(0, call.gradient());

/** Every copy counts: the axis is taken apart into copies and positions, and copies are summed. */
const tile: GradientRule = (call) => {
  const { writer } = call;
  const x = call.input(0);
  const rank = call.shape(x).length;
  const repeats = call.integers(1) ?? call.refuse('how often it repeats shows only when the model runs');
  const parts = repeats.flatMap((count, axis) => [writer.ints([count]), writer.sizeOf(x, axis)]);
  const apart = writer.reshape(call.gradient(), writer.concat(parts, 0));
  call.give(
    0,
    writer.sum(
      apart,
      [...Array(rank).keys()].map((axis) => 2 * axis),
      false,
    ),
  );
};

const cast: GradientRule = (call) => call.give(0, call.writer.cast(call.gradient(), call.type(call.input(0))));

/** In training some numbers are dropped, and the others made larger. */
const dropout: GradientRule = (call) => {
  const { writer } = call;
  const x = call.input(0);
  if (call.node.inputs[2] === undefined) return call.give(0, call.gradient());
  const training = call.node.inputs[2].tensor?.numbers()[0];
  if (training === 0) return call.give(0, call.gradient());
  const mask = call.node.outputs[1] ?? call.refuse('it may run in training, and does not give its mask');
  const type = call.type(x);
  const one = writer.number(1, type);
  const ratio = call.node.inputs[1] ? writer.cast(call.input(1), type) : writer.number(0.5, type);
  const kept = writer.where(call.input(2), writer.sub(one, ratio), one);
  call.give(0, writer.where(mask, writer.div(call.gradient(), kept), writer.number(0, type)));
};

const trilu: GradientRule = (call) => {
  const upper = call.node.int('upper', 1);
  call.give(0, call.writer.op('Trilu', [call.gradient(), call.node.inputs[1]], { upper }));
};

const cumSum: GradientRule = (call) => {
  const { node } = call;
  const attributes = { exclusive: node.int('exclusive', 0), reverse: node.int('reverse', 0) ? 0 : 1 };
  call.give(0, call.writer.op('CumSum', [call.gradient(), call.input(1)], attributes));
};

const depthToSpace: GradientRule = (call) => {
  const { writer, node } = call;
  const x = call.input(0);
  const size = node.int('blocksize', 1);
  const [n, c, h, w] = [0, 1, 2, 3].map((axis) => writer.sizeOf(x, axis));
  const block = writer.ints([size]);
  const depth = writer.op('Div', [c, writer.ints([size * size])]);
  const apart = writer.reshape(call.gradient(), writer.concat([n, depth, h, block, w, block], 0));
  const perm = node.string('mode', 'DCR') === 'CRD' ? [0, 1, 3, 5, 2, 4] : [0, 3, 5, 1, 2, 4];
  call.give(0, writer.reshape(writer.transpose(apart, perm), writer.shapeOf(x)));
};

const spaceToDepth: GradientRule = (call) => {
  const blocksize = call.node.int('blocksize', 1);
  call.give(0, call.writer.op('DepthToSpace', [call.gradient()], { blocksize, mode: 'DCR' }));
};

/** Operators that move numbers as they are. */
export const SHAPE_RULES: Readonly<Record<string, GradientRule>> = {
  Cast: cast,
  CastLike: cast,
  CumSum: cumSum,
  DepthToSpace: depthToSpace,
  Dropout: dropout,
  Expand: expand,
  Flatten: reshape,
  Reshape: reshape,
  SpaceToDepth: spaceToDepth,
  Squeeze: reshape,
  Tile: tile,
  Transpose: transpose,
  Trilu: trilu,
  Unsqueeze: reshape,
};
