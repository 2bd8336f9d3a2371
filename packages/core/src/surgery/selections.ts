import { type Propagation, slicePositions } from '@snp/graph';
import type { Node, Value } from '@snp/onnx';

/** Positions of one axis of a value, in the order in which they are wanted. */
export interface Positions {
  axis: number;
  positions: readonly number[];
  /** The axis, of a single position, is gone in the result. */
  drop: boolean;
}

/** Positions that a node picks from its first input. */
export interface Selection extends Positions {
  output: Value;
}

/** What a selecting node picks (Gather, Split, Slice along one axis); empty for other operators. */
export function selectionsOf(node: Node, walk: Propagation): Selection[] {
  const shape = walk.shape(node.inputs[0]);
  if (!shape) return [];
  const axisOf = (named: number) => (named < 0 ? named + shape.length : named);
  switch (node.op) {
    case 'Gather': {
      const axis = axisOf(node.int('axis', 0));
      const [size, indices] = [shape[axis], walk.integers(node, 1)];
      if (!indices || typeof size !== 'number') return [];
      const positions = indices.map((index) => (index < 0 ? index + size : index));
      return [{ output: node.outputs[0]!, axis, positions, drop: walk.shape(node.inputs[1])?.length === 0 }];
    }
    case 'Split': {
      const axis = axisOf(node.int('axis', 0));
      let start = 0;
      return node.outputs.flatMap((output) => {
        const from = start;
        start += Number(walk.shape(output)?.[axis]);
        return output && start > from ? [{ output, axis, positions: run(from, start), drop: false }] : [];
      });
    }
    case 'Slice':
      return sliced(node, walk);
    default:
      return [];
  }
}

function sliced(node: Node, walk: Propagation): Selection[] {
  const shape = walk.shape(node.inputs[0])!;
  const list = (index: number, name: string) => (node.inputs[index] ? walk.integers(node, index) : node.ints(name));
  const [starts, ends] = [list(1, 'starts'), list(2, 'ends')];
  if (!starts || !ends) return [];
  const axes = list(3, 'axes') ?? [...starts.keys()];
  const steps = list(4, 'steps') ?? starts.map(() => 1);
  const taken = axes.flatMap((named, at) => {
    const axis = named < 0 ? named + shape.length : named;
    const size = shape[axis];
    const whole = starts[at] === 0 && steps[at] === 1 && ends[at] >= (typeof size === 'number' ? size : OPEN);
    if (whole) return [];
    const bound = { start: starts[at], end: ends[at], step: steps[at] };
    return [{ axis, positions: typeof size === 'number' ? slicePositions(bound, size) : undefined }];
  });
  const [only] = taken;
  if (taken.length !== 1 || !only.positions) return [];
  return [{ output: node.outputs[0]!, axis: only.axis, positions: only.positions, drop: false }];
}

/** The least bound that stands for the end of an axis of any size. */
const OPEN = 2 ** 31 - 1;

/** A single position that every reader squeezes away is picked without its axis. */
export function withSqueeze(selection: Selection, walk: Propagation): Selection[] {
  const { output, axis, positions } = selection;
  const rank = walk.shape(output)?.length ?? 0;
  const readers = output.consumers;
  const squeezed = readers.every((reader) => {
    const axes = reader.opType === 'Squeeze' ? (walk.integers(reader, 1) ?? reader.ints('axes')) : undefined;
    return axes?.length === 1 && (axes[0] + rank) % rank === axis;
  });
  if (selection.drop || positions.length !== 1 || !squeezed || readers.length === 0) return [selection];
  return readers.map((reader) => ({ ...selection, output: reader.outputs[0]!, drop: true }));
}

function run(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, at) => from + at);
}
