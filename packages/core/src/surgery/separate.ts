import {
  type Factor,
  groupIntoAxes,
  type Layout,
  type Propagation,
  selectPositions,
  sizesOf,
  slicePositions,
} from '@snp/graph';
import {
  type Attribute,
  ELLIPSIS,
  type Model,
  type Node,
  parseEinsum,
  productOf,
  SnpError,
  Tensor,
  type Value,
} from '@snp/onnx';
import { mergeTransposes } from './mergeTransposes.js';

/** A run of positions that a node picks from one axis of its first input. */
interface Selection {
  node: Node;
  output: Value;
  axis: number;
  positions: number[];
  /** The axis is gone in `output`. */
  drop: boolean;
}

/**
 * Takes fused projections apart where a plan leaves them no rectangular form: one product whose columns are queries, keys
 * and values becomes one product for each part that is picked later, when the parts are to have different widths.
 * The selections (Gather, Split, Slice) move up through transposes, reshapes and pointwise operators to the weights.
 */
export function separateProjections(model: Model, walk: Propagation, isRagged: (layout: Layout) => boolean): void {
  for (const node of [...model.graph.nodes]) {
    const source = node.inputs[0];
    const layout = source && walk.layouts.get(source);
    if (!layout || !isRagged(layout)) continue;
    for (const selection of selectionsOf(node, walk)) {
      const part = new Restriction(model, walk, node).restrict(source, selection);
      selection.output.replaceAllUsesWith(part);
      if (part.producer) mergeTransposes(part.producer);
    }
  }
  model.graph.removeDead();
}

/** What a selecting node picks, a Squeeze behind it included; empty for other operators. */
function selectionsOf(node: Node, walk: Propagation): Selection[] {
  const shape = walk.shape(node.inputs[0]);
  if (!shape) return [];
  const axisOf = (named: number) => (named < 0 ? named + shape.length : named);
  if (node.opType === 'Gather') {
    const axis = axisOf(node.int('axis', 0));
    const indices = walk.integers(node, 1);
    if (!indices) return [];
    const positions = indices.map((index) => (index < 0 ? index + (shape[axis] as number) : index));
    return [{ node, output: node.outputs[0]!, axis, positions, drop: walk.shape(node.inputs[1])?.length === 0 }];
  }
  if (node.opType === 'Split') {
    const axis = axisOf(node.int('axis', 0));
    let start = 0;
    return node.outputs.flatMap((output) => {
      const size = walk.shape(output)![axis] as number;
      const positions = Array.from({ length: size }, (_, i) => start + i);
      start += size;
      return output ? withSqueeze({ node, output, axis, positions, drop: false }, walk) : [];
    });
  }
  if (node.opType === 'Slice') {
    const bounds = [1, 2].map((index) => walk.integers(node, index));
    const axes = node.inputs[3] ? walk.integers(node, 3) : shape.map((_, axis) => axis);
    const steps = node.inputs[4] ? walk.integers(node, 4) : axes?.map(() => 1);
    if (!bounds[0] || !bounds[1] || axes?.length !== 1 || !steps) return [];
    const axis = axisOf(axes[0]);
    const positions = slicePositions({ start: bounds[0][0], end: bounds[1][0], step: steps[0] }, shape[axis] as number);
    return withSqueeze({ node, output: node.outputs[0]!, axis, positions, drop: false }, walk);
  }
  return [];
}

/** A single position that every reader squeezes away is picked without its axis. */
function withSqueeze(selection: Selection, walk: Propagation): Selection[] {
  const { output, axis, positions } = selection;
  const rank = walk.shape(output)?.length ?? 0;
  const readers = output.consumers;
  const squeezed = readers.every((reader) => {
    const axes = reader.opType === 'Squeeze' ? (walk.integers(reader, 1) ?? reader.ints('axes')) : undefined;
    return axes?.length === 1 && (axes[0] + rank) % rank === axis;
  });
  if (positions.length !== 1 || !squeezed || readers.length === 0) return [selection];
  return readers.map((reader) => ({ ...selection, output: reader.outputs[0]!, drop: true }));
}

/** Rebuilds values so that they hold only some positions of an axis. */
class Restriction {
  #made = new Map<Value, Value>();

  constructor(
    private readonly model: Model,
    private readonly walk: Propagation,
    private readonly before: Node,
  ) {}

  restrict(value: Value, { axis, positions, drop }: Pick<Selection, 'axis' | 'positions' | 'drop'>): Value {
    const node = value.producer;
    switch (node?.opType) {
      case 'Transpose':
        return this.#transpose(node, value, axis, positions, drop);
      case 'Reshape':
      case 'Squeeze':
      case 'Unsqueeze':
      case 'Flatten':
        return this.#reshape(node, value, axis, positions, drop);
    }
    if (drop) return this.#squeeze(this.restrict(value, { axis, positions, drop: false }), axis);
    const known = this.#made.get(value);
    if (known) return known;
    const part = node ? this.#operator(node, value, axis, positions) : this.#refuse(value);
    this.#made.set(value, part);
    return part;
  }

  #transpose(node: Node, value: Value, axis: number, positions: number[], drop: boolean): Value {
    const rank = this.#layout(value).axes.length;
    const perm = node.ints('perm') ?? Array.from({ length: rank }, (_, i) => rank - 1 - i);
    const from = perm[axis];
    const input = this.restrict(node.inputs[0]!, { axis: from, positions, drop });
    const rest = drop ? perm.filter((p) => p !== from).map((p) => (p > from ? p - 1 : p)) : perm;
    return this.#emit(node, [input], this.#selected(value, axis, positions, drop), { perm: ints(rest) });
  }

  #reshape(node: Node, value: Value, axis: number, positions: number[], drop: boolean): Value {
    const wanted = this.#layout(value).axes[axis];
    const input = node.inputs[0]!;
    const source = this.#layoutBefore(input, value);
    const inAxis = source.axes.findIndex((factors) => wanted.every((factor) => factors.includes(factor)));
    if (inAxis < 0) return this.#refuse(value);
    const flat = flatPositions(source.axes[inAxis], wanted, new Set(positions));
    const part = this.restrict(input, { axis: inAxis, positions: flat, drop: false });
    const layout = this.#selected(value, axis, positions, drop);
    // Sizes that are not known here are written when the node is adapted to its new widths.
    const sizes = layout.axes.map((factors) => productOf(factors.map((factor) => factor.size)));
    const target = sizes.map((size) => (typeof size === 'number' ? size : -1));
    const constant = this.model.graph.addInitializer(`${value.name}_shape`, Tensor.int64([target.length], target));
    return this.#emit(node, [part, constant], layout, {}, 'Reshape');
  }

  /** Pointwise operators and products with a weight. */
  #operator(node: Node, value: Value, axis: number, positions: number[]): Value {
    const rank = this.#layout(value).axes.length;
    const layout = this.#selected(value, axis, positions, false);
    if (node.opType === 'MatMul' && axis === rank - 1) {
      const weight = this.#input(node, 1, this.#rankOf(node, 1) - 1, positions);
      return this.#emit(node, [node.inputs[0], weight], layout, {});
    }
    if (node.opType === 'Gemm' && axis === 1) {
      const weight = this.#input(node, 1, node.int('transB', 0) === 1 ? 0 : 1, positions);
      const bias = node.inputs[2] && this.#input(node, 2, this.#rankOf(node, 2) - 1, positions);
      return this.#emit(node, [node.inputs[0], weight, ...(bias ? [bias] : [])], layout, {});
    }
    if (node.opType === 'Einsum') return this.#emit(node, this.#einsumInputs(node, value, axis, positions), layout, {});
    if (!POINTWISE.has(node.opType)) return this.#refuse(value);
    const inputs = node.inputs.map((_, index) =>
      this.#input(node, index, axis - rank + this.#rankOf(node, index), positions),
    );
    return this.#emit(node, inputs, layout, {});
  }

  /** Operands with only some positions of the axes that bear the output's letter. */
  #einsumInputs(node: Node, value: Value, axis: number, positions: number[]): (Value | undefined)[] {
    const equation = parseEinsum(node.string('equation', '')!);
    const letter = equation?.output[axis];
    if (!equation || !letter || [...equation.inputs, equation.output].some((own) => own.includes(ELLIPSIS)))
      return this.#refuse(value);
    return node.inputs.map((_, index) => this.#input(node, index, equation.inputs[index].indexOf(letter), positions));
  }

  /** An operand with only some positions of an axis; an operand that broadcasts along it stays as it is. */
  #input(node: Node, index: number, axis: number, positions: number[]): Value {
    const value = node.inputs[index]!;
    const layout = this.walk.input(node, index);
    if (!layout || axis < 0 || layout.axes[axis].length === 0) return value;
    if (!value.tensor) return this.restrict(value, { axis, positions, drop: false });
    const part = this.model.graph.addInitializer(
      `${value.name}.${positions[0] / positions.length}`,
      value.tensor.take(axis, positions),
    );
    const selected = selectPositions(layout, axis, positions);
    if (selected) this.walk.adoptConstant(part, selected);
    return part;
  }

  #squeeze(value: Value, axis: number): Value {
    const layout = this.#layout(value);
    const modern = this.model.opset >= 13;
    const axes = modern ? this.model.graph.addInitializer('squeeze_axes', Tensor.int64([1], [axis])) : undefined;
    const node = this.model.graph.addNode({
      op: 'Squeeze',
      inputs: axes ? [value, axes] : [value],
      outputs: [`${value.name}_squeezed`],
      attributes: axes ? {} : { axes: [axis] },
      before: this.before,
    });
    this.walk.adoptActivation(node.outputs[0]!, { axes: layout.axes.toSpliced(axis, 1), fields: layout.fields });
    return node.outputs[0]!;
  }

  #emit(
    like: Node,
    inputs: readonly (Value | undefined)[],
    layout: Layout,
    attributes: Record<string, Attribute>,
    op = like.opType,
  ): Value {
    const node = this.model.graph.addNode({
      op,
      domain: like.domain,
      inputs,
      outputs: [like.outputs[0]!.name],
      attributes: op === like.opType ? { ...Object.fromEntries(like.attributes), ...attributes } : attributes,
      before: this.before,
    });
    const output = node.outputs[0]!;
    node.name = output.name;
    const type = like.outputs[0]!.type;
    output.type = type && { elementType: type.elementType, shape: undefined };
    this.walk.adoptActivation(output, layout);
    return output;
  }

  #layout(value: Value): Layout {
    return this.walk.layouts.get(value) ?? this.#refuse(value);
  }

  #rankOf(node: Node, index: number): number {
    return this.walk.input(node, index)?.axes.length ?? 0;
  }

  #selected(value: Value, axis: number, positions: number[], drop: boolean): Layout {
    return selectPositions(this.#layout(value), axis, positions, drop) ?? this.#refuse(value);
  }

  /** The layout of a reshape's input in terms of its output's factors, which are the finer ones. */
  #layoutBefore(input: Value, output: Value): Layout {
    const shape = this.#layout(input).axes.map((axis) => productOf(axis.map((factor) => factor.size)));
    return groupIntoAxes(this.#layout(output), shape) ?? this.#refuse(output);
  }

  #refuse(value: Value): never {
    const producer = value.producer?.label ?? value.name;
    throw new SnpError(
      'unsupported',
      `The projection fused in ${producer} cannot be taken apart. Keep equal widths there, or leave the group out of the plan.`,
      {
        node: producer,
      },
    );
  }
}

const POINTWISE = new Set([
  'Add',
  'Sub',
  'Mul',
  'Div',
  'Cast',
  'Identity',
  'Relu',
  'Gelu',
  'Tanh',
  'Sigmoid',
  'Erf',
  'Neg',
  'Sqrt',
]);

function ints(list: readonly number[]): Attribute {
  return { type: 'INTS', value: list.map(BigInt) };
}

/** Positions along the product of `factors` whose part along `wanted` is among `positions`. */
function flatPositions(
  factors: readonly Factor[],
  wanted: readonly Factor[],
  positions: ReadonlySet<number>,
): number[] {
  const at = factors.indexOf(wanted[0]);
  const sizes = sizesOf(factors);
  const inner = sizes.slice(at + wanted.length).reduce((product, size) => product * size, 1);
  const own = sizes.slice(at, at + wanted.length).reduce((product, size) => product * size, 1);
  const total = sizes.reduce((product, size) => product * size, 1);
  return Array.from({ length: total }, (_, i) => i).filter((i) => positions.has(Math.floor(i / inner) % own));
}
