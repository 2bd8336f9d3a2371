import {
  type Factor,
  groupIntoAxes,
  type Layout,
  type Propagation,
  ruleFor,
  selectPositions,
  sizesOf,
} from '@snp/graph';
import { type AttributeInit, type Model, type Node, productOf, SnpError, Tensor, type Value } from '@snp/onnx';
import { type Positions, selectionsOf } from './selections.js';

/** Operators that arrange axes of the same positions in another way. */
const RESHAPES = new Set(['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze']);

/** Rebuilds values so that they hold only some positions of an axis: from a part of what they are computed from, up to where a value has a form of its own. */
export class Restriction {
  readonly #made = new Map<Value, Map<string, Value>>();
  /** Layouts of constants that were cut out of others. */
  readonly #cutOut = new Map<Value, Layout>();

  constructor(
    private readonly model: Model,
    private readonly walk: Propagation,
    private readonly isRagged: (layout: Layout) => boolean,
    private readonly before: Node,
  ) {}

  /** The value with these positions alone. */
  restrict(value: Value, wanted: Positions): Value {
    const key = `${wanted.axis} ${wanted.drop} ${wanted.positions}`;
    const made = this.#made.get(value) ?? new Map<string, Value>();
    this.#made.set(value, made);
    const part = made.get(key) ?? this.#make(value, wanted);
    made.set(key, part);
    return part;
  }

  #make(value: Value, wanted: Positions): Value {
    const { axis, positions, drop } = wanted;
    const node = value.producer;
    const layout = this.#layout(value);
    if (value.tensor) return this.#cutConstant(value, layout, wanted);
    if (!node || !(this.isRagged(layout) || this.#isCutFromWeights(value, axis)))
      return this.#pick(value, layout, wanted);
    const sorted = [...new Set(positions)].sort((a, b) => a - b);
    if (sorted.join() !== positions.join()) {
      const part = this.restrict(value, { axis, positions: sorted, drop: false });
      const places = positions.map((position) => sorted.indexOf(position));
      return this.#pick(part, this.#layout(part), { axis, positions: places, drop });
    }
    if (node.op === 'Transpose') return this.#transpose(node, layout, wanted);
    if (RESHAPES.has(node.op)) return this.#reshape(node, layout, wanted);
    if (drop) return this.#squeeze(this.restrict(value, { axis, positions, drop: false }), axis);
    if (node.op === 'Concat') return this.#concat(node, layout, wanted);
    const selection = selectionsOf(node, this.walk).find(({ output }) => output === value);
    return selection ? this.#selected(node, selection, wanted) : this.#operator(node, layout, wanted);
  }

  #transpose(node: Node, layout: Layout, { axis, positions, drop }: Positions): Value {
    const rank = layout.axes.length;
    const perm = node.ints('perm') ?? Array.from({ length: rank }, (_, i) => rank - 1 - i);
    const from = perm[axis];
    const input = this.#input(node, 0, { axis: from, positions, drop });
    const rest = drop ? perm.filter((p) => p !== from).map((p) => (p > from ? p - 1 : p)) : perm;
    return this.#emit(node, [input], this.#part(layout, { axis, positions, drop }), { perm: rest });
  }

  #reshape(node: Node, layout: Layout, wanted: Positions): Value {
    const value = node.outputs[0]!;
    const factors = layout.axes[wanted.axis];
    const digits = digitsOf(factors, wanted.positions);
    const source = this.#layoutBefore(node, layout);
    if (!digits || !source) return this.#refuse(value);
    let part = node.inputs[0]!;
    for (const [axis, own] of source.axes.entries()) {
      if (!own.some((factor) => (digits.get(factor)?.size ?? factor.size) !== factor.size)) continue;
      const along = { axis, positions: positionsAlong(own, digits), drop: false };
      part = part === node.inputs[0] ? this.#input(node, 0, along) : this.restrict(part, along);
    }
    const own = this.#part(layout, wanted);
    // Sizes that are not known here are written when the node is adapted to its new widths.
    const sizes = own.axes.map((axis) => productOf(axis.map((factor) => factor.size)));
    const target = sizes.map((size) => (typeof size === 'number' ? size : -1));
    const constant = this.model.graph.addInitializer(`${value.name}_shape`, Tensor.int64([target.length], target));
    return this.#emit(node, [part, constant], own, {}, 'Reshape');
  }

  /** Parts that follow one another: those in which the positions lie. */
  #concat(node: Node, layout: Layout, wanted: Positions): Value {
    const { axis, positions } = wanted;
    const rank = layout.axes.length;
    const joined = (node.int('axis', 0) + rank) % rank;
    let start = 0;
    const parts = node.inputs.flatMap((input, index) => {
      if (joined !== axis) return [this.#input(node, index, wanted)];
      const from = start;
      start += Number(this.walk.shape(input)?.[axis]);
      const own = positions.filter((position) => position >= from && position < start).map((at) => at - from);
      if (own.length === start - from) return [input!];
      return own.length > 0 ? [this.#input(node, index, { ...wanted, positions: own })] : [];
    });
    return parts.length === 1 ? parts[0] : this.#emit(node, parts, this.#part(layout, wanted));
  }

  /** Positions of what a node has picked. */
  #selected(node: Node, picked: Positions, wanted: Positions): Value {
    const source = node.inputs[0]!;
    if (picked.drop || picked.axis !== wanted.axis) return this.restrict(this.restrict(source, picked), wanted);
    const positions = wanted.positions.map((position) => picked.positions[position]);
    return this.restrict(source, { ...wanted, positions });
  }

  /** The same operator on the part of its inputs that these positions need. */
  #operator(node: Node, layout: Layout, wanted: Positions): Value {
    const { axis, positions } = wanted;
    const sources = ruleFor(node.op)?.outputAxis?.(node, axis, this.walk);
    if (!sources) return this.#refuse(node.outputs[0]!);
    const inputs = node.inputs.map((value, index) => {
      const own = sources.inputs[index] ?? -1;
      const needed = value && own >= 0 && this.#sizeOf(node, index, own) !== 1;
      return needed ? this.#input(node, index, { axis: own, positions, drop: false }) : value;
    });
    return this.#emit(node, inputs, this.#part(layout, wanted), sources.attributes?.(positions.length));
  }

  /** Whether a part of a value is computed from parts of weights, so that nothing has to be computed whole. */
  #isCutFromWeights(value: Value, axis: number): boolean {
    if (value.tensor) return true;
    const node = value.producer;
    const sources = node && ruleFor(node.op)?.outputAxis?.(node, axis, this.walk);
    const needed = node?.inputs.flatMap((input, index) => {
      const own = sources?.inputs[index] ?? -1;
      return input && own >= 0 && this.#sizeOf(node, index, own) !== 1 ? [{ input, own }] : [];
    });
    return !!needed?.length && needed.every(({ input, own }) => this.#isCutFromWeights(input, own));
  }

  #sizeOf(node: Node, index: number, axis: number) {
    return this.walk.shape(node.inputs[index])?.[axis];
  }

  /** An operand with only some positions of an axis; labels of constants are those that the node reads. */
  #input(node: Node, index: number, wanted: Positions): Value {
    const value = node.inputs[index]!;
    if (!value.tensor) return this.restrict(value, wanted);
    return this.#cutConstant(value, this.walk.input(node, index)!, wanted);
  }

  #cutConstant(value: Value, layout: Layout, { axis, positions, drop }: Positions): Value {
    const tensor = value.tensor!.take(axis, [...positions]);
    const part = this.model.graph.addInitializer(`${value.name}.${positions[0] / positions.length}`, tensor);
    const own = this.#part(layout, { axis, positions, drop: false });
    this.walk.adoptConstant(part, own);
    this.#cutOut.set(part, own);
    return drop ? this.#squeeze(part, axis) : part;
  }

  /** A value that has a form of its own is computed whole. */
  #pick(value: Value, layout: Layout, { axis, positions, drop }: Positions): Value {
    const indices = Tensor.int64(drop ? [] : [positions.length], [...positions]);
    const graph = this.model.graph;
    const { producer } = value;
    const node = graph.addNode({
      op: 'Gather',
      inputs: [value, graph.addInitializer(`${value.name}_positions`, indices)],
      outputs: [`${value.name}_part`],
      attributes: { axis },
      before: this.before,
    });
    return this.#adopt(node, producer ? value : undefined, this.#part(layout, { axis, positions, drop }));
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
    return this.#adopt(node, value, { axes: layout.axes.toSpliced(axis, 1), fields: layout.fields });
  }

  #emit(
    like: Node,
    inputs: readonly (Value | undefined)[],
    layout: Layout,
    attributes: Record<string, AttributeInit> = {},
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
    return this.#adopt(node, like.outputs[0]!, layout);
  }

  #adopt(node: Node, like: Value | undefined, layout: Layout): Value {
    const output = node.outputs[0]!;
    node.name = output.name;
    if (like?.type) output.type = { elementType: like.type.elementType, shape: undefined };
    this.walk.adoptActivation(output, layout);
    return output;
  }

  #layout(value: Value): Layout {
    return this.walk.layouts.get(value) ?? this.#cutOut.get(value) ?? this.#refuse(value);
  }

  #part(layout: Layout, { axis, positions, drop }: Positions): Layout {
    const part = selectPositions(layout, axis, positions, drop);
    if (part) return part;
    throw refusal(this.before.label);
  }

  /** The layout of a reshape's input in terms of its output's factors, which are the finer ones. */
  #layoutBefore(node: Node, output: Layout): Layout | undefined {
    const shape = this.walk.shape(node.inputs[0]);
    return shape && groupIntoAxes(output, shape);
  }

  #refuse(value: Value): never {
    throw refusal(value.producer?.label ?? value.name);
  }
}

function refusal(node: string): SnpError {
  return new SnpError(
    'unsupported',
    `The projection fused in ${node} cannot be taken apart. Keep equal widths there, or leave the group out of the plan.`,
    { node },
  );
}

/** For each factor the positions along it that occur; undefined unless the positions are all combinations of these. */
function digitsOf(factors: readonly Factor[], positions: readonly number[]): Map<Factor, Set<number>> | undefined {
  const sizes = sizesOf(factors);
  const digits = new Map(factors.map((factor) => [factor, new Set<number>()]));
  for (const position of positions) {
    let rest = position;
    for (let at = factors.length - 1; at >= 0; at--) {
      digits.get(factors[at])!.add(rest % sizes[at]);
      rest = Math.floor(rest / sizes[at]);
    }
  }
  const combinations = [...digits.values()].reduce((product, { size }) => product * size, 1);
  return combinations === positions.length ? digits : undefined;
}

/** Positions along the product of `factors` whose digits are among those wanted, where something is said of them. */
function positionsAlong(factors: readonly Factor[], digits: ReadonlyMap<Factor, ReadonlySet<number>>): number[] {
  return factors.reduce(
    (positions, factor) => {
      const size = factor.size as number;
      const own = [...Array(size).keys()].filter((digit) => digits.get(factor)?.has(digit) ?? true);
      return positions.flatMap((position) => own.map((digit) => position * size + digit));
    },
    [0],
  );
}
