import { type Dim, dimsEqual, type Node, SnpError } from '@snp/onnx';
import { fieldsOn, type Layout, plainLayout } from '../layout/layout.js';
import type { Propagation } from '../walk/propagation.js';
import type { Resizing } from './resizing.js';
import type { OperatorRule } from './rule.js';
import { axisFromFront, MERGED, replaceAxis, selectPositions } from './select.js';

/** Slice with constant bounds selects positions. */
export const sliceRule: OperatorRule = {
  operators: { Slice: { inputs: 5, attributes: { axes: 'any', ends: 'any', starts: 'any' } } },
  summary: 'constant bounds select positions',
  propagate(node, walk) {
    const x = walk.input(node, 0);
    const shape = walk.shape(node.inputs[0]);
    const output = walk.shape(node.outputs[0]);
    if (!x || !shape || !output) {
      walk.freezeInput(node, 0, 'slices a value of unknown shape');
      return walk.setOutput(node, 0);
    }
    const bounds = sliceBounds(node, walk);
    let layout: Layout = x;
    for (let axis = 0; axis < shape.length; axis++) {
      if (bounds && !bounds.has(axis)) continue;
      const bound = bounds?.get(axis);
      const size = shape[axis];
      const fields = fieldsOn(layout, layout.axes[axis]);
      const known = fields.length > 0 && bound && typeof size === 'number';
      const selected: Layout | undefined = known
        ? selectPositions(layout, axis, slicePositions(bound, size))
        : undefined;
      if (!selected)
        walk.freezeAll(fields, node, known ? MERGED : 'slices labelled positions with bounds that are not known');
      layout = selected ?? replaceAxis(layout, axis, plainLayout([output[axis]]).axes);
    }
    walk.setOutput(node, 0, layout);
  },
  resize(node, resizing) {
    const x = node.inputs[0]!;
    const before = resizing.oldShape(x);
    const after = resizing.newShape(x);
    const stated = boundsStated(node, before.length, (index) => resizing.integers(node, index));
    if (!stated || before.every((dim, axis) => dimsEqual(dim, after[axis]))) return;
    const moved = [...stated].map(([axis, bound]): Moved => {
      const size = before[axis];
      if (!bound || typeof size !== 'number' || size === after[axis]) return { axis, bound };
      const positions = resizing.positionsAfter(x, axis, slicePositions(bound, size));
      return { axis, bound: boundOf(positions), positions };
    });
    if (moved.every(({ positions }) => !positions)) return;
    if (moved.every(({ bound }) => bound)) return writeBounds(node, moved, resizing);
    pickPositions(node, moved, resizing);
  },
};

/** What a slice takes of an axis afterwards; positions only where the axis becomes narrower. */
interface Moved {
  axis: number;
  bound: Bound | undefined;
  positions?: readonly number[];
}

function writeBounds(node: Node, moved: readonly Moved[], resizing: Resizing): void {
  const lists = [
    ['starts', moved.map(({ bound }) => bound!.start)],
    ['ends', moved.map(({ bound }) => bound!.end)],
    ['axes', moved.map(({ axis }) => axis)],
    ['steps', moved.map(({ bound }) => bound!.step)],
  ] as const;
  for (const [at, [name, numbers]] of lists.entries()) {
    if (node.inputs.length < 2) {
      if (node.attributes.has(name)) node.set(name, [...numbers]);
    } else if (at < 2 || node.inputs[at + 1]) resizing.setIntegers(node, at + 1, numbers);
  }
}

/** Positions that are not evenly spaced any more are picked one by one. */
function pickPositions(node: Node, moved: readonly Moved[], resizing: Resizing): void {
  const [only] = moved;
  if (moved.length > 1 || !only.positions) {
    throw new SnpError(
      'unsupported',
      `What would be left of ${node.label} is not evenly spaced along one of several axes. Leave the group that runs through it out of the plan.`,
      { node: node.label },
    );
  }
  node.opType = 'Gather';
  node.attributes.clear();
  node.set('axis', only.axis);
  node.truncateInputs(1);
  resizing.setIntegers(node, 1, only.positions);
}

/** The bounds that pick these positions; undefined if they are not evenly spaced. */
function boundOf(positions: readonly number[]): Bound | undefined {
  const [start = 0, second] = positions;
  const step = second === undefined ? 1 : second - start;
  if (step === 0 || !positions.every((position, at) => position === start + at * step)) return undefined;
  const end = start + positions.length * step;
  return { start, end: end < 0 ? -(2 ** 31) : end, step };
}

/** What a slice takes of an axis: positions from `start` on, `step` apart, before `end`. */
export interface Bound {
  start: number;
  end: number;
  step: number;
}

/** Bounds by axis; a bound that is not known is missing; undefined if not even the axes are known. */
function sliceBounds(node: Node, walk: Propagation): Map<number, Bound | undefined> | undefined {
  const rank = walk.shape(node.inputs[0])!.length;
  const count = walk.shape(node.inputs[1])?.[0];
  return boundsStated(node, rank, (index) => walk.integers(node, index), count);
}

function boundsStated(
  node: Node,
  rank: number,
  integers: (index: number) => number[] | undefined,
  size?: Dim,
): Map<number, Bound | undefined> | undefined {
  const list = (index: number, name: string) => (node.inputs[index] ? integers(index) : node.ints(name));
  const [starts, ends, stated] = [list(1, 'starts'), list(2, 'ends'), list(3, 'axes')];
  const count = starts?.length ?? ends?.length ?? size;
  const listed = node.inputs[3] !== undefined || node.attributes.has('axes');
  const axes = listed
    ? stated
    : typeof count === 'number'
      ? Array.from({ length: count }, (_, axis) => axis)
      : undefined;
  if (!axes) return undefined;
  const steps = node.inputs[4] ? integers(4) : axes.map(() => 1);
  return new Map(
    axes.map((axis, i) => {
      const bound = starts && ends && steps ? { start: starts[i], end: ends[i], step: steps[i] } : undefined;
      return [axisFromFront(axis, rank), bound && !isAmbiguous(bound) ? bound : undefined];
    }),
  );
}

/** Backwards to a number that stands for the end: runtimes take that for the first position, the specification for none. */
function isAmbiguous({ end, step }: Bound): boolean {
  return step < 0 && end >= 2 ** 31 - 1;
}

/** The positions a slice picks from an axis of `size`, by the specification's clamping. */
export function slicePositions({ start, end, step }: Bound, size: number): number[] {
  const clamp = (bound: number, low: number, high: number) =>
    Math.min(Math.max(bound < 0 ? bound + size : bound, low), high);
  const positions: number[] = [];
  if (step > 0) {
    const stop = clamp(end, 0, size);
    for (let at = clamp(start, 0, size); at < stop; at += step) positions.push(at);
  } else {
    const stop = end < -size ? -1 : clamp(end, -1, size - 1);
    for (let at = clamp(start, 0, size - 1); at > stop; at += step) positions.push(at);
  }
  return positions;
}
