import type { Analysis } from '@snp/graph';
import { type Graph, Tensor, type Value } from '@snp/onnx';

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
  const joint = axes.reduce((product, axis) => product * dims[axis], 1);
  const joined = dims.flatMap((size, axis) => (axis === last ? [joint] : axes.includes(axis) ? [] : [size]));
  // Where only axes of size one change places, nothing does.
  const long = order.filter((axis) => dims[axis] > 1);
  const straight = long.every((axis, at) => at === 0 || axis > long[at - 1]);
  constant.tensor = (straight ? constant.tensor! : constant.tensor!.transpose(order)).reshape(joined);
  constant.type = { elementType: constant.tensor.dataType, shape: [...joined] };
  const sizes = straight ? dims : order.map((axis) => dims[axis]);
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
