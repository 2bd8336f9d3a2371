import { broadcastShapes } from '../broadcast.js';
import { addDims, type Dim, divideDims, productOf, staticDims } from '../dim.js';
import { floorDivDims } from '../dimFunctions.js';
import type { Element } from '../elements.js';
import type { OutputFacts } from '../facts.js';
import { normalAxis, type OperatorCall } from '../operatorCall.js';
import { broadcastPositions, pick, stridesOf, viewPositions } from '../positions.js';
import type { ShapeRules } from '../shapeRule.js';
import { nonNegative, sizeOf, unknownDims } from './constants.js';

/** Operators that read a shape or give a tensor another one without computing anything. */
export const shapeRules: ShapeRules = {
  Shape: shapeRule,
  Size: (call) => [{ type: 'INT64', shape: [], content: [sizeOf(call, 0)] }],
  Reshape: reshapeRule,
  Flatten: flattenRule,
  Squeeze: squeezeRule,
  Unsqueeze: unsqueezeRule,
  Transpose: transposeRule,
  Expand: expandRule,
  Tile: tileRule,
  'com.microsoft.ExpandDims': (call) => unsqueezed(call, call.numbers(1)),
  'com.microsoft.RestorePadding': (call) => [
    { type: call.type(0), shape: [call.dim(1, 0), call.dim(1, 1), call.dim(0, -1)] },
  ],
  'com.microsoft.RemovePadding': removePaddingRule,
};

/** The same elements in the same order under another shape. */
function reshaped(call: OperatorCall, shape: readonly (Dim | undefined)[] | undefined): OutputFacts[] {
  return [{ type: call.type(0), shape, content: call.content(0) }];
}

function shapeRule(call: OperatorCall): OutputFacts[] {
  const shape = call.shape(0);
  if (!shape) return [{ type: 'INT64', shape: [undefined] }];
  const content = shape.slice(call.node.int('start', 0), call.node.int('end', shape.length));
  return [{ type: 'INT64', shape: [content.length], content }];
}

function reshapeRule(call: OperatorCall): OutputFacts[] {
  const target = call.node.ints('shape') ?? call.content(1);
  if (!target) return reshaped(call, unknownDims(call.dim(1, 0)));
  return reshaped(call, reshapeTarget(call, target));
}

/** The target with 0 (copy) and one -1 or unknown dimension (the rest) filled in. */
function reshapeTarget(call: OperatorCall, target: readonly Element[]): (Dim | undefined)[] {
  const from = call.shape(0);
  const copy = call.node.int('allowzero', 0) === 0;
  const dims = target.map((dim, axis) =>
    dim === 0 && copy ? from?.[axis] : dim === -1 ? undefined : nonNegative(dim),
  );
  const open = dims.flatMap((dim, axis) => (dim === undefined ? [axis] : []));
  if (open.length !== 1 || !from) return dims;
  const rest = productOf(dims.filter((dim) => dim !== undefined));
  if (rest === 0) return dims;
  const total = productOf(from);
  // What is missing is an integer in a valid model, so the floor changes nothing: it only keeps it computable.
  dims[open[0]] = divideDims(total, rest) ?? floorDivDims(total, rest);
  return dims;
}

function flattenRule(call: OperatorCall): OutputFacts[] {
  const shape = call.shape(0);
  if (!shape) return reshaped(call, [undefined, undefined]);
  const axis = call.axis(shape.length, 1);
  return reshaped(call, [productOf(shape.slice(0, axis)), productOf(shape.slice(axis))]);
}

function squeezeRule(call: OperatorCall): OutputFacts[] {
  const shape = call.shape(0);
  if (!shape) return reshaped(call, undefined);
  const stated = call.list('axes', 1);
  // Runtimes take an empty list for none.
  if (!call.hasList('axes', 1) || stated?.length === 0) {
    // A symbolic dimension may turn out to be 1; then the rank itself is not known.
    return reshaped(
      call,
      staticDims(shape)?.filter((dim) => dim !== 1),
    );
  }
  const axes = stated?.map((axis) => normalAxis(axis, shape.length));
  return reshaped(call, axes && shape.filter((_, axis) => !axes.includes(axis)));
}

function unsqueezeRule(call: OperatorCall): OutputFacts[] {
  return unsqueezed(call, call.list('axes', 1));
}

function unsqueezed(call: OperatorCall, stated: number[] | undefined): OutputFacts[] {
  const shape = call.shape(0);
  if (!shape || !stated) return reshaped(call, undefined);
  const rank = shape.length + stated.length;
  const axes = new Set(stated.map((axis) => normalAxis(axis, rank)));
  const rest = [...shape];
  return reshaped(
    call,
    Array.from({ length: rank }, (_, axis) => (axes.has(axis) ? 1 : rest.shift())),
  );
}

function transposeRule(call: OperatorCall): OutputFacts[] {
  const { type, shape, content } = call.input(0);
  const perm = call.node.ints('perm') ?? shape?.map((_, axis) => shape.length - 1 - axis);
  if (!shape || !perm) return [{ type, shape: unknownDims(perm?.length) }];
  const output = perm.map((axis) => shape[axis]);
  const [from, to] = [staticDims(shape), staticDims(output)];
  if (!content || !from || !to) return [{ type, shape: output }];
  const strides = stridesOf(from);
  const positions = viewPositions(
    to,
    perm.map((axis) => strides[axis]),
  );
  return [{ type, shape: output, content: pick(content, positions) }];
}

function expandRule(call: OperatorCall): OutputFacts[] {
  const { type, shape, content } = call.input(0);
  const target = call.content(1);
  if (!target) return [{ type, shape: expandedUnknown(shape, call.dim(1, 0)) }];
  if (!shape) return [{ type }];
  const output = target.every((dim) => nonNegative(dim) !== undefined)
    ? broadcastShapes([shape, target as Dim[]])
    : partlyExpanded(shape, target);
  const [from, to] = [staticDims(shape), call.followed(output)];
  return [{ type, shape: output, content: content && from && to && pick(content, broadcastPositions(from, to)) }];
}

/** An unknown target leaves the rank at least; dimensions other than 1 stay. */
function expandedUnknown(shape: readonly Dim[] | undefined, rank: Dim | undefined): (Dim | undefined)[] | undefined {
  if (!shape || typeof rank !== 'number') return undefined;
  return partlyExpanded(shape, new Array<undefined>(rank).fill(undefined));
}

function partlyExpanded(shape: readonly Dim[], target: readonly Element[]): (Dim | undefined)[] {
  const rank = Math.max(shape.length, target.length);
  return Array.from({ length: rank }, (_, axis) => {
    const own = shape[axis - (rank - shape.length)];
    const wanted = nonNegative(target[axis - (rank - target.length)]);
    if (typeof own === 'number' && own !== 1) return own;
    if (wanted === undefined) return undefined;
    return own === undefined ? wanted : broadcastShapes([[own], [wanted]])?.[0];
  });
}

function tileRule(call: OperatorCall): OutputFacts[] {
  const { type, shape, content } = call.input(0);
  const repeats = call.content(1);
  if (!shape || repeats?.length !== shape.length) return [{ type, shape: unknownDims(shape?.length) }];
  const output = shape.map((dim, axis) => {
    const times = nonNegative(repeats[axis]);
    return times === undefined ? undefined : productOf([dim, times]);
  });
  const [from, to] = [staticDims(shape), call.followed(output)];
  if (!content || !from || !to) return [{ type, shape: output }];
  // Tiling is a view of twice the rank: (repeat, own) per axis, repeats standing still.
  const strides = stridesOf(from).flatMap((stride) => [0, stride]);
  const doubled = from.flatMap((dim, axis) => [to[axis] / Math.max(dim, 1), dim]);
  return [{ type, shape: output, content: pick(content, viewPositions(doubled, strides)) }];
}

/** Packs a padded batch: the number of tokens left depends on the data. */
function removePaddingRule(call: OperatorCall): OutputFacts[] {
  const [batch, length] = [call.dim(0, 0), call.dim(0, 1)];
  const counts = { type: 'INT32', shape: [batch === undefined ? undefined : addDims(batch, 1)] } as const;
  return [
    { type: call.type(0), shape: [undefined, call.dim(0, 2)] },
    { type: 'INT32', shape: [batch, length] },
    counts,
    { type: 'INT32', shape: [1] },
  ];
}
