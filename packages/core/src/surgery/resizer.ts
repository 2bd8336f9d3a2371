import { COMPUTED, type Contraction, type Layout, type Propagation, type Resizing } from '@snp/graph';
import { type Dim, dimsEqual, type Model, type Node, SnpError, Tensor, type Value } from '@snp/onnx';
import { RuntimeSizes } from './runtimeSizes.js';
import type { Shrinkage } from './shrinkage.js';

/** Answers what operator rules ask while nodes are adapted to narrower values, and writes what they decide. */
export class Resizer implements Resizing {
  /** Products of two activations, by node. */
  readonly #products = new Map<Node, Contraction[]>();

  constructor(
    private readonly model: Model,
    private readonly walk: Propagation,
    private readonly shrinkage: Shrinkage,
  ) {
    for (const contraction of walk.contractions.filter(({ betweenActivations }) => betweenActivations)) {
      const own = this.#products.get(contraction.node) ?? [];
      own.push(contraction);
      this.#products.set(contraction.node, own);
    }
  }

  opset(node: Node): number {
    return this.model.opsets.get(node.domain === 'ai.onnx' ? '' : node.domain) ?? this.model.opset;
  }

  oldShape(value: Value): readonly Dim[] {
    const shape = this.walk.shape(value);
    if (!shape) throw new SnpError('unsupported', `The shape of '${value.name}' is not known.`, { value: value.name });
    return shape;
  }

  newShape(value: Value): readonly Dim[] {
    if (!value.tensor) return this.shrinkage.newShape(value);
    const layout = this.#constantLayout(value);
    return layout ? this.shrinkage.shapeOf(layout, value.name) : value.tensor.dims;
  }

  newSize(value: Value, axis: number): number {
    const size = this.newShape(value)[axis];
    if (typeof size === 'number') return size;
    throw new SnpError('unsupported', `Axis ${axis} of '${value.name}' has no fixed size.`, { value: value.name });
  }

  newHeads(node: Node, index: number): number | undefined {
    const own = this.#products.get(node)?.find((product) => product.index === index || product.index === COMPUTED);
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
    node.setInput(
      index,
      this.model.graph.addInitializer(
        name,
        wholeNumbers(value?.tensor?.dataType, scalar ? [] : [numbers.length], numbers),
      ),
    );
  }

  setSizes(node: Node, index: number, shape: readonly Dim[]): void {
    if (shape.every((dim) => typeof dim === 'number')) return this.setIntegers(node, index, shape as number[]);
    const value = node.inputs[index];
    const content = value && this.walk.shapes.content(value);
    const known = value && content?.length === shape.length ? { value, content } : undefined;
    if (known?.content.every((dim, at) => dimsEqual(dim, shape[at]))) return;
    const after = (input: Value) => (this.walk.shape(input) ? this.newShape(input) : undefined);
    const sizes = new RuntimeSizes(this.model.graph, node, after, known).vector(shape, node.opType === 'Reshape');
    if (!sizes) {
      throw new SnpError(
        'unsupported',
        `The sizes that ${node.label} takes are computed in a way that is not followed. Leave the groups that run through it out of the plan.`,
        { node: node.label },
      );
    }
    node.setInput(index, sizes);
  }

  #constantLayout(value: Value): Layout | undefined {
    for (const { node, index } of value.uses) {
      const layout = this.walk.constantLayout(node, index);
      if (layout) return layout;
    }
    return undefined;
  }
}

/** Bounds of a Slice are all of one type, whichever the exporter took. */
function wholeNumbers(type: string | undefined, dims: readonly number[], numbers: readonly number[]): Tensor {
  return type === 'INT32' ? Tensor.of('INT32', dims, Int32Array.from(numbers)) : Tensor.int64(dims, numbers);
}
