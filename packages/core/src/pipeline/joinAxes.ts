import type { Analysis } from '@snp/graph';
import { type Graph, Tensor, type TensorArray, type Value } from '@snp/onnx';

/**
 * Stores constants with one axis in place of several whose positions belong together, so that each head may keep neurons of its own; their readers get
 * the form that they had by Reshape and Transpose, which runtimes compute once. True if there were any.
 */
export function joinAxes({ model: { graph }, walk }: Analysis): boolean {
  const movable = [...walk.jointAxes].filter(
    ([constant]) => !graph.outputs.includes(constant) && [...constant.uses].every(({ node }) => node.graph === graph),
  );
  for (const [constant, axes] of movable) joinAxesOf(graph, constant, axes);
  return movable.length > 0;
}

function joinAxesOf(graph: Graph, constant: Value, axes: readonly number[]): void {
  const { dims } = constant.tensor!;
  const last = Math.max(...axes);
  const order = dims.flatMap((_, axis) => (axis === last ? axes : axes.includes(axis) ? [] : [axis]));
  const sizes = order.map((axis) => dims[axis]);
  const joint = axes.reduce((product, axis) => product * dims[axis], 1);
  const joined = dims.flatMap((size, axis) => (axis === last ? [joint] : axes.includes(axis) ? [] : [size]));
  constant.tensor = withDims(permuted(constant.tensor!, order), joined);
  constant.type = { elementType: constant.tensor.dataType, shape: [...joined] };
  const straight = order.every((axis, at) => axis === at);
  // A form of its own for each reader: a vector that several read need not be one for all of them.
  for (const { node, index } of [...constant.uses]) {
    const target = graph.addInitializer(`${constant.name}_shape`, Tensor.int64([sizes.length], sizes));
    const add = (op: string, inputs: Value[], attributes = {}) =>
      graph.addNode({ op, inputs, outputs: [`${constant.name}_${op.toLowerCase()}`], attributes, before: node })
        .outputs[0]!;
    const apart = add('Reshape', [constant, target]);
    const perm = dims.map((_, axis) => order.indexOf(axis));
    node.setInput(index, straight ? apart : add('Transpose', [apart], { perm }));
  }
}

function withDims(tensor: Tensor, dims: readonly number[]): Tensor {
  return new Tensor(tensor.dataType, dims, () => tensor.bytes());
}

/** The tensor with its axes in another order. */
function permuted(tensor: Tensor, order: readonly number[]): Tensor {
  if (order.every((axis, at) => axis === at)) return tensor;
  const { dataType, dims } = tensor;
  const sizes = order.map((axis) => dims[axis]);
  const strides = order.map((axis) => dims.slice(axis + 1).reduce((product, size) => product * size, 1));
  const from = tensor.array();
  const to = from.slice() as TensorArray;
  const index = sizes.map(() => 0);
  for (let at = 0, source = 0; at < to.length; at++) {
    to[at] = from[source];
    for (let axis = sizes.length - 1; axis >= 0; axis--) {
      source += strides[axis];
      if (++index[axis] < sizes[axis]) break;
      source -= strides[axis] * sizes[axis];
      index[axis] = 0;
    }
  }
  return Tensor.of(dataType, sizes, to);
}
