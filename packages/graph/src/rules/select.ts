import { dimsEqual, type Node, SnpError } from '@snp/onnx';
import type { Role } from '../labels/labelStore.js';
import { Factor } from '../layout/factor.js';
import { type Field, fieldsOn, flattenAxis, type Layout, plainLayout, sizesOf } from '../layout/layout.js';
import type { Propagation } from '../propagate/propagation.js';
import type { OperatorRule } from './rule.js';

/** Positions `kept` of a labelled axis, as a layout. A single position may drop the axis (`Gather` with a scalar). */
export function selectPositions(
  layout: Layout,
  axis: number,
  kept: readonly number[],
  dropAxis = false,
): Layout | undefined {
  const flat = flattenAxis(layout, axis);
  if (!flat) return undefined;
  const [old] = flat.axes[axis];
  const chosen = dropAxis || kept.length === 1 ? undefined : new Factor(kept.length);
  const fields = flat.fields.map((field) =>
    field.factors.includes(old) ? selectInField(field, old, kept, chosen) : field,
  );
  const axes = dropAxis ? flat.axes.toSpliced(axis, 1) : flat.axes.with(axis, chosen ? [chosen] : []);
  return { axes, fields };
}

function selectInField(field: Field, old: Factor, kept: readonly number[], chosen: Factor | undefined): Field {
  const at = field.factors.indexOf(old);
  const sizes = sizesOf(field.factors);
  const inner = sizes.slice(at + 1).reduce((product, size) => product * size, 1);
  const outer = sizes.slice(0, at).reduce((product, size) => product * size, 1);
  const labels = new Int32Array(outer * kept.length * inner);
  let to = 0;
  for (let block = 0; block < outer; block++) {
    for (const position of kept) {
      const from = (block * sizes[at] + position) * inner;
      labels.set(field.labels.subarray(from, from + inner), to);
      to += inner;
    }
  }
  return { ...field, factors: field.factors.toSpliced(at, 1, ...(chosen ? [chosen] : [])), labels };
}

/** Sets an output to some positions of the first input's axis, or freezes what cannot be followed. */
function select(
  node: Node,
  walk: Propagation,
  output: number,
  axis: number,
  kept: readonly number[],
  dropAxis = false,
): void {
  const x = walk.input(node, 0)!;
  const shape = walk.shape(node.outputs[output]);
  const labelled = fieldsOn(x, x.axes[axis]).length > 0;
  const result = labelled ? selectPositions(x, axis, kept, dropAxis) : undefined;
  if (result || !labelled) {
    walk.setOutput(
      node,
      output,
      result ?? (shape && replaceAxis(x, axis, plainLayout(dropAxis ? [] : [kept.length]).axes)),
    );
    return;
  }
  walk.freezeAll(fieldsOn(x, x.axes[axis]), node, 'selects positions along axes that were merged in another order');
  walk.setOutput(node, output);
}

/** The layout with one axis exchanged for others that bear no labels. */
function replaceAxis(layout: Layout, axis: number, axes: Layout['axes']): Layout {
  const gone = layout.axes[axis];
  return {
    axes: layout.axes.toSpliced(axis, 1, ...axes),
    fields: layout.fields.filter((field) => !field.factors.some((factor) => gone.includes(factor))),
  };
}

function positiveAxis(axis: number, layout: Layout): number {
  return axis < 0 ? axis + layout.axes.length : axis;
}

/** Gather: constant indices select positions; a table looked up at run time keeps all its rows. */
export const gatherRule: OperatorRule = {
  operators: { Gather: { inputs: 2, attributes: { axis: 'any' } } },
  summary: 'constant indices select positions; rows looked up at run time are fixed, columns travel on',
  propagate(node, walk) {
    const axis = node.int('axis', 0);
    const rank = walk.shape(node.inputs[0])?.length ?? 0;
    const at = axis < 0 ? axis + rank : axis;
    const x = walk.input(
      node,
      0,
      Array.from({ length: rank }, (_, i): Role => (i === at ? 'elementwise' : 'output')),
    );
    const indexShape = walk.shape(node.inputs[1]);
    if (!x || !indexShape) {
      walk.freezeInput(node, 0, 'looks up positions of unknown number');
      return walk.setOutput(node, 0);
    }
    const indices = walk.integers(node, 1);
    const size = walk.shape(node.inputs[0])?.[at];
    if (indices && indexShape.length <= 1 && typeof size === 'number') {
      const kept = indices.map((index) => (index < 0 ? index + size : index));
      return select(node, walk, 0, at, kept, indexShape.length === 0);
    }
    walk.freezeAll(fieldsOn(x, x.axes[at]), node, 'looks up rows while the model runs, so every row may be needed');
    walk.setOutput(node, 0, replaceAxis(x, at, plainLayout(indexShape).axes));
  },
  resize(node, resizing) {
    const axis = node.int('axis', 0);
    const x = node.inputs[0]!;
    const before = resizing.oldShape(x);
    const at = axis < 0 ? axis + before.length : axis;
    const indices = resizing.integers(node, 1);
    if (dimsEqual(before[at], resizing.newShape(x)[at]) || !indices) return;
    const size = before[at] as number;
    const positions = indices.map((index) => (index < 0 ? index + size : index));
    resizing.setIntegers(
      node,
      1,
      resizing.positionsAfter(x, at, positions),
      resizing.oldShape(node.inputs[1]!).length === 0,
    );
  },
};

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
    let layout: Layout | undefined = x;
    for (let axis = 0; axis < shape.length && layout; axis++) {
      const touched = bounds === undefined || bounds.has(axis);
      if (!touched) continue;
      const fields = fieldsOn(layout, layout.axes[axis]);
      const bound = bounds?.get(axis);
      const size = shape[axis];
      if (fields.length > 0 && bound && typeof size === 'number') {
        layout = selectPositions(layout, axis, slicePositions(bound, size));
      } else if (fields.length === 0) {
        layout = replaceAxis(layout, axis, plainLayout([output[axis]]).axes);
      } else layout = undefined;
    }
    if (!layout) walk.freezeAll(x.fields, node, 'slices labelled positions with bounds that are not known');
    walk.setOutput(node, 0, layout);
  },
  resize(node, resizing) {
    const x = node.inputs[0]!;
    const before = resizing.oldShape(x);
    const after = resizing.newShape(x);
    if (before.every((dim, axis) => dimsEqual(dim, after[axis])) || node.inputs.length < 3) return;
    const starts = resizing.integers(node, 1);
    const ends = resizing.integers(node, 2);
    if (!starts || !ends) return;
    const axes = node.inputs[3] ? resizing.integers(node, 3)! : starts.map((_, axis) => axis);
    const steps = node.inputs[4] ? resizing.integers(node, 4)! : axes.map(() => 1);
    const moved = axes.map((named, i): Bound => {
      const axis = named < 0 ? named + before.length : named;
      const bound = { start: starts[i], end: ends[i], step: steps[i] };
      const size = before[axis];
      if (typeof size !== 'number' || size === after[axis]) return bound;
      return boundOf(resizing.positionsAfter(x, axis, slicePositions(bound, size)), node);
    });
    resizing.setIntegers(
      node,
      1,
      moved.map(({ start }) => start),
    );
    resizing.setIntegers(
      node,
      2,
      moved.map(({ end }) => end),
    );
    if (node.inputs[4])
      resizing.setIntegers(
        node,
        4,
        moved.map(({ step }) => step),
      );
  },
};

/** The bounds that pick these positions; an error if they are not evenly spaced. */
function boundOf(positions: readonly number[], node: Node): Bound {
  const [start = 0, second] = positions;
  const step = second === undefined ? 1 : second - start;
  const even = positions.every((position, at) => position === start + at * step);
  if (!even) {
    throw new SnpError(
      'unsupported',
      `What would be left of ${node.label} is not evenly spaced. Leave the group that runs through it out of the plan.`,
      {
        node: node.label,
      },
    );
  }
  const end = start + positions.length * step;
  return { start, end: end < 0 ? Number.MIN_SAFE_INTEGER : end, step };
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
  const input = (index: number, attribute: string) =>
    node.inputs[index] ? walk.integers(node, index) : node.ints(attribute);
  const count = node.inputs[1] ? walk.shape(node.inputs[1])?.[0] : node.ints('starts')?.length;
  if (typeof count !== 'number') return undefined;
  const hasAxes = node.inputs[3] !== undefined || node.attributes.has('axes');
  const axes = hasAxes ? input(3, 'axes') : Array.from({ length: count }, (_, axis) => axis);
  if (!axes) return undefined;
  const starts = input(1, 'starts');
  const ends = input(2, 'ends');
  const steps = node.inputs[4] ? walk.integers(node, 4) : axes.map(() => 1);
  return new Map(
    axes.map((axis, i) => {
      const bound = starts && ends && steps ? { start: starts[i], end: ends[i], step: steps[i] } : undefined;
      return [axis < 0 ? axis + rank : axis, bound];
    }),
  );
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

/** Split: consecutive runs of positions. */
export const splitRule: OperatorRule = {
  operators: {
    Split: {
      inputs: 2,
      outputs: 'all',
      attributes: { axis: 'any', num_outputs: 'any', split: 'any' },
      versions: [2],
    },
  },
  summary: 'runs of positions part',
  propagate(node, walk) {
    const x = walk.input(node, 0);
    if (!x) return node.outputs.forEach((_, index) => void walk.setOutput(node, index));
    const axis = positiveAxis(node.int('axis', 0), x);
    let start: number | undefined = 0;
    node.outputs.forEach((output, index) => {
      const size = walk.shape(output)?.[axis];
      if (typeof size === 'number' && start !== undefined) {
        const from: number = start;
        select(
          node,
          walk,
          index,
          axis,
          Array.from({ length: size }, (_, i) => from + i),
        );
        start = from + size;
      } else {
        start = undefined;
        walk.freezeAll(fieldsOn(x, x.axes[axis]), node, 'splits at places that are not known before the model runs');
        walk.setOutput(node, index);
      }
    });
  },
  resize(node, resizing) {
    const x = node.inputs[0]!;
    const shape = resizing.oldShape(x);
    const axis = node.int('axis', 0) < 0 ? node.int('axis', 0) + shape.length : node.int('axis', 0);
    if (dimsEqual(shape[axis], resizing.newShape(x)[axis])) return;
    const sizes = node.outputs.map((output) => resizing.newSize(output!, axis));
    node.attributes.delete('num_outputs');
    if (node.attributes.has('split')) node.set('split', sizes);
    else resizing.setIntegers(node, 1, sizes);
  },
};
