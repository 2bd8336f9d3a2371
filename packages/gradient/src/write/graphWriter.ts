import { type AttributeInit, type DataType, dataTypeCode, type Graph, type Node, Tensor, type Value } from '@snp/onnx';

/**
 * Adds nodes to a graph, in the forms that its operator set has. Constants, shapes and transposed weights that were asked for before are given again.
 */
export class GraphWriter {
  readonly #known = new Map<string, Value>();

  /** @param before The node in front of which nodes are added. Default: at the end */
  constructor(
    readonly graph: Graph,
    readonly opset: number,
    readonly before?: Node,
  ) {}

  /** A node with one output, which it returns. */
  op(
    op: string,
    inputs: readonly (Value | undefined)[],
    attributes: Record<string, AttributeInit> = {},
    domain = '',
  ): Value {
    return this.ops(op, inputs, 1, attributes, domain)[0];
  }

  /** A node with `count` outputs, which it returns. */
  ops(
    op: string,
    inputs: readonly (Value | undefined)[],
    count: number,
    attributes: Record<string, AttributeInit> = {},
    domain = '',
  ): Value[] {
    const outputs = Array.from({ length: count }, () => `gradient/${op}`);
    return this.graph.addNode({ op, inputs, outputs, attributes, domain, before: this.before }).outputs as Value[];
  }

  /** A number as a constant of a type. */
  number(value: number, type: DataType): Value {
    return this.#once(`number ${type} ${value}`, () =>
      this.graph.addInitializer('gradient/number', Tensor.fromNumbers(type, [], [value])),
    );
  }

  /** Whole numbers as an INT64 vector. */
  ints(values: readonly number[]): Value {
    return this.#once(`ints ${values}`, () =>
      this.graph.addInitializer('gradient/ints', Tensor.int64([values.length], values)),
    );
  }

  /** A whole number as an INT64 scalar. */
  int(value: number): Value {
    return this.#once(`int ${value}`, () => this.graph.addInitializer('gradient/int', Tensor.int64([], [value])));
  }

  constant(tensor: Tensor): Value {
    return this.graph.addInitializer('gradient/constant', tensor);
  }

  add(a: Value, b: Value): Value {
    return this.op('Add', [a, b]);
  }

  sub(a: Value, b: Value): Value {
    return this.op('Sub', [a, b]);
  }

  mul(a: Value, b: Value): Value {
    return this.op('Mul', [a, b]);
  }

  div(a: Value, b: Value): Value {
    return this.op('Div', [a, b]);
  }

  neg(a: Value): Value {
    return this.op('Neg', [a]);
  }

  /** Zeros where a condition is false. */
  where(condition: Value, then: Value, otherwise: Value): Value {
    return this.op('Where', [condition, then, otherwise]);
  }

  cast(a: Value, type: DataType): Value {
    return this.op('Cast', [a], { to: dataTypeCode(type) });
  }

  /** The shape as an INT64 vector, computed when the model runs. */
  shapeOf(a: Value): Value {
    return this.#once(`shape of ${a.name}`, () => this.op('Shape', [a]));
  }

  /** The size of one axis as an INT64 vector of one element. */
  sizeOf(a: Value, axis: number): Value {
    return this.#once(`size ${axis} of ${a.name}`, () => this.op('Gather', [this.shapeOf(a), this.ints([axis])]));
  }

  reshape(a: Value, shape: readonly number[] | Value): Value {
    return this.op('Reshape', [a, Array.isArray(shape) ? this.ints(shape) : (shape as Value)]);
  }

  expand(a: Value, shape: Value): Value {
    return this.op('Expand', [a, shape]);
  }

  transpose(a: Value, perm: readonly number[]): Value {
    if (perm.every((axis, at) => axis === at)) return a;
    const turned = () => this.op('Transpose', [a], { perm: [...perm] });
    return a.tensor ? this.#once(`transpose ${perm} of ${a.name}`, turned) : turned();
  }

  /** Exchanges the last two of `rank` axes. */
  turned(a: Value, rank: number): Value {
    return this.transpose(a, [...Array(rank - 2).keys(), rank - 1, rank - 2]);
  }

  /** All axes from the last on in one, the others in another. */
  rows(a: Value, rank: number): Value {
    return rank === 2 ? a : this.op('Flatten', [a], { axis: rank - 1 });
  }

  matmul(a: Value, b: Value): Value {
    return this.op('MatMul', [a, b]);
  }

  /** The product of each line along an axis with a matrix. */
  matmulAlong(a: Value, matrix: Value, { axis, rank }: { axis: number; rank: number }): Value {
    const last = [...Array(rank).keys()].filter((each) => each !== axis).concat(axis);
    const back = last.map((_, each) => last.indexOf(each));
    return this.transpose(this.matmul(this.transpose(a, last), matrix), back);
  }

  squeeze(a: Value, axes: readonly number[]): Value {
    return this.op('Squeeze', [a, this.ints(axes)]);
  }

  unsqueeze(a: Value, axes: readonly number[]): Value {
    return this.op('Unsqueeze', [a, this.ints(axes)]);
  }

  /** ReduceSum, ReduceMean and their like, over axes counted from the first. */
  reduce(op: string, a: Value, axes: readonly number[], keep: boolean): Value {
    if (axes.length === 0) return a;
    const keepdims = keep ? 1 : 0;
    return this.opset >= 18 || op === 'ReduceSum'
      ? this.op(op, [a, this.ints(axes)], { keepdims })
      : this.op(op, [a], { axes: [...axes], keepdims });
  }

  sum(a: Value, axes: readonly number[], keep: boolean): Value {
    return this.reduce('ReduceSum', a, axes, keep);
  }

  mean(a: Value, axes: readonly number[], keep: boolean): Value {
    return this.reduce('ReduceMean', a, axes, keep);
  }

  concat(values: readonly Value[], axis: number): Value {
    return values.length === 1 ? values[0] : this.op('Concat', values, { axis });
  }

  slice(a: Value, { starts, ends, axes }: Record<'starts' | 'ends' | 'axes', Value>): Value {
    return this.op('Slice', [a, starts, ends, axes]);
  }

  /** Zeros around a tensor: INT64 counts in front of all axes, then behind them. */
  pad(a: Value, pads: Value, type: DataType): Value {
    return this.op('Pad', [a, pads, this.number(0, type)]);
  }

  /** A tensor of one number all over. */
  filled(value: number, type: DataType, shape: Value): Value {
    return this.expand(this.number(value, type), shape);
  }

  /** Sums rows of `updates` into `count` rows of zeros. `indices`: one per row of `updates`, not negative. `updates`: [rows, ...rest]; the result is [count, ...rest]. */
  addRows(updates: Value, { indices, shape, type }: { indices: Value; shape: Value; type: DataType }): Value {
    const zeros = this.filled(0, type, shape);
    return this.op('ScatterND', [zeros, this.unsqueeze(indices, [1]), updates], { reduction: 'add' });
  }

  #once(key: string, make: () => Value): Value {
    const value = this.#known.get(key) ?? make();
    this.#known.set(key, value);
    return value;
  }
}
