import type { Graph } from '../ir/graph.js';
import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import { type Dim, dimsEqual, productOf } from '../shape/dim.js';
import type { ShapeInfo } from '../shape/inferShapes.js';
import { Tensor } from '../tensor/tensor.js';

/** Turns a Gather that picks every position of an axis, in order, and may arrange them in several axes (a view with strides), into a Reshape. */
export function gatheredInOrder(graph: Graph, node: Node, shapes: ShapeInfo): void {
  const [x, indices] = node.inputs;
  const [output] = node.outputs;
  if (!x || !indices || !output) return;
  const [before, picked, after] = [x, indices, output].map((value) => shapes.shape(value));
  const strides = stridesOf(indices, shapes, LONGEST);
  if (!before || !picked || !after || strides?.length !== picked.length) return;
  const axis = node.int('axis', 0);
  const whole = dimsEqual(before[axis < 0 ? axis + before.length : axis], productOf(picked));
  const inOrder = strides.every(
    (stride, at) => dimsEqual(picked[at], 1) || dimsEqual(stride, productOf(picked.slice(at + 1))),
  );
  const target = after.map((dim) => (typeof dim === 'number' ? dim : -1));
  if (!whole || !inOrder || target.includes(0) || target.filter((size) => size === -1).length > 1) return;
  const shape = graph.addInitializer(`${output.name}_shape`, Tensor.int64([target.length], target));
  // The value stays, and what is known of it.
  node.outputs[0] = undefined;
  graph.addNode({ op: 'Reshape', name: node.name, inputs: [x, shape], outputs: [output], before: node });
}

/** Exporters add up the axes of a view one by one. */
const LONGEST = 24;

/** By how much a table of whole numbers that starts at zero grows along each of its axes; undefined if it does not grow evenly. */
function stridesOf(value: Value, shapes: ShapeInfo, steps: number): number[] | undefined {
  if (value.tensor) return stridesOfConstant(value.tensor);
  const { producer } = value;
  if (!producer || steps === 0) return undefined;
  const [first, second] = producer.inputs;
  const own = (input: Value | undefined) => input && stridesOf(input, shapes, steps - 1);
  const number = (input: Value | undefined) => {
    const content = input && shapes.content(input);
    return content?.length === 1 && typeof content[0] === 'number' ? content[0] : undefined;
  };
  switch (producer.op) {
    case 'Range':
      return number(first) === 0 && number(producer.inputs[2]) === 1 ? [1] : undefined;
    case 'Unsqueeze': {
      const strides = own(first);
      const axes = producer.ints('axes') ?? (second && shapes.content(second));
      const rank = (strides?.length ?? 0) + (axes?.length ?? 0);
      const added = axes?.map((axis) => (Number(axis) < 0 ? Number(axis) + rank : Number(axis)));
      return strides && added && Array.from({ length: rank }, (_, at) => (added.includes(at) ? 0 : strides.shift()!));
    }
    case 'Mul': {
      const by = number(second);
      return by === undefined ? undefined : own(first)?.map((stride) => stride * by);
    }
    case 'Add': {
      const [a, b] = [own(first), own(second)];
      return a && b && sumFromRight(a, b);
    }
    default:
      return undefined;
  }
}

function sumFromRight(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  const at = (strides: readonly number[], axis: number) => strides[axis - rank + strides.length] ?? 0;
  return Array.from({ length: rank }, (_, axis) => at(a, axis) + at(b, axis));
}

function stridesOfConstant(tensor: Tensor): number[] | undefined {
  if (tensor.dataType !== 'INT64' && tensor.dataType !== 'INT32') return undefined;
  const numbers = Array.from(tensor.numbers(), Number);
  const places = tensor.dims.map((_, axis) => productOf(tensor.dims.slice(axis + 1) as readonly Dim[]) as number);
  const strides = tensor.dims.map((dim, axis) => (dim > 1 ? numbers[places[axis]] : 0));
  const even = numbers.every((number, at) => {
    const sum = strides.reduce(
      (all, stride, axis) => all + stride * (Math.floor(at / places[axis]) % tensor.dims[axis]),
      0,
    );
    return number === sum;
  });
  return even ? strides : undefined;
}
