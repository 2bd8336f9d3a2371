import { COMPUTED, type Layout, type Propagation, type Resizing } from '@snp/graph';
import { type Dim, type Graph, type Node, SnpError, Tensor, type Value } from '@snp/onnx';
import type { Shrinkage } from './shrinkage.js';

/** Answers what operator rules ask while nodes are adapted to narrower values, and writes what they decide. */
export class Resizer implements Resizing {
  constructor(
    private readonly graph: Graph,
    private readonly walk: Propagation,
    private readonly shrinkage: Shrinkage,
  ) {}

  oldShape(value: Value): readonly Dim[] {
    const shape = this.walk.shape(value);
    if (!shape) throw new SnpError('unsupported', `The shape of '${value.name}' is not known.`, { value: value.name });
    return shape;
  }

  newShape(value: Value): readonly Dim[] {
    return value.tensor ? value.tensor.dims : this.shrinkage.newShape(value);
  }

  newSize(value: Value, axis: number): number {
    const size = this.newShape(value)[axis];
    if (typeof size === 'number') return size;
    throw new SnpError('unsupported', `Axis ${axis} of '${value.name}' has no fixed size.`, { value: value.name });
  }

  newHeads(node: Node, index: number): number | undefined {
    const own = this.walk.contractions.find(
      (contraction) =>
        contraction.node === node &&
        contraction.betweenActivations &&
        (contraction.index === index || contraction.index === COMPUTED),
    );
    const heads = own && this.shrinkage.shapeOf(own.layout, node.label)[1];
    return typeof heads === 'number' ? heads : undefined;
  }

  positionsAfter(value: Value, axis: number, positions: readonly number[]): number[] {
    const layout = this.walk.layouts.get(value) ?? this.#constantLayout(value);
    return layout ? this.shrinkage.positionsAfter(layout, axis, positions, value.name) : [...positions];
  }

  integers(node: Node, index: number): number[] | undefined {
    return this.walk.integers(node, index);
  }

  setIntegers(node: Node, index: number, numbers: readonly number[], scalar = false): void {
    const value = node.inputs[index];
    if (value?.tensor && this.walk.integers(node, index)?.join() === numbers.join()) return;
    const name = `${node.name || node.outputs[0]?.name}_${value?.tensor ? 'sizes' : 'shape'}`;
    node.setInput(index, this.graph.addInitializer(name, Tensor.int64(scalar ? [] : [numbers.length], numbers)));
  }

  setComputedTarget(node: Node, shape: readonly Dim[]): void {
    const target = node.inputs[1]!;
    const before = this.walk.shapes.content(target);
    const changes = shape.map(
      (dim, axis) =>
        typeof dim === 'number' && typeof before?.[axis] === 'number' && before[axis] > 1 && before[axis] !== dim,
    );
    if (before && !changes.includes(true)) return;
    if (!before || before.length !== shape.length) {
      throw new SnpError(
        'unsupported',
        `The target shape of ${node.label} is computed in a way that is not followed.`,
        { node: node.label },
      );
    }
    // Sizes that change become constants, all others are still computed.
    const mask = this.graph.addInitializer(
      `${node.name || node.opType}_fixed`,
      Tensor.of('BOOL', [shape.length], Uint8Array.from(changes, Number)),
    );
    const sizes = this.graph.addInitializer(
      `${node.name || node.opType}_sizes`,
      Tensor.int64(
        [shape.length],
        shape.map((dim) => (typeof dim === 'number' ? dim : 0)),
      ),
    );
    const where = this.graph.addNode({
      op: 'Where',
      inputs: [mask, sizes, target],
      outputs: [`${node.name || node.opType}_target`],
      before: node,
    });
    node.setInput(1, where.outputs[0]);
  }

  #constantLayout(value: Value): Layout | undefined {
    for (const { node, index } of value.uses) {
      const layout = this.walk.constantLayout(node, index);
      if (layout) return layout;
    }
    return undefined;
  }
}
