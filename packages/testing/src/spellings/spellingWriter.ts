import {
  type Attribute,
  type AttributeInit,
  type DataType,
  type FileDim,
  type Graph,
  Tensor,
  type Value,
} from '@snp/onnx';
import { GraphBuilder } from '../build/graphBuilder.js';
import { type Random, random } from '../random.js';
import type { Port } from './ports.js';
import { BATCH, TOKENS } from './sizes.js';
import type { Weight } from './weight.js';

/** What one exporter does everywhere in a model. */
export interface WritingHabits {
  readonly seed: number;
  /** Version of the default operator set, from 11 on. */
  readonly opset: number;
  /**
   * Targets of Reshape and Expand: constants with 0 and -1; chains of Shape, Gather, Unsqueeze and Concat (TorchScript); of
   * Shape with start and end (dynamo), `allowzero` set; or all sizes fixed.
   */
  readonly sizes: 'constant' | 'torchscript' | 'dynamo' | 'fixed';
  /** How weights lie in the file: `half` is float16 behind a Cast, `transposed` a matrix behind a Transpose. */
  readonly storage: 'initializer' | 'constant' | 'identity' | 'transposed' | 'half';
  /** All arithmetic in float16, between Casts at the inputs and outputs. */
  readonly float16: boolean;
  /** A weight that is read in several places is stored once. */
  readonly shared: boolean;
  /** Share of places with nodes that change nothing. */
  readonly noise: number;
}

/** Size of an axis of a value: its number, and how to compute it at run time. */
export interface AxisSize {
  readonly value: Value;
  readonly axis: number;
  readonly size: number;
}

/** A size known beforehand, one of a value's axes, or a product of such. */
export type Size = number | AxisSize | { readonly product: readonly (number | AxisSize)[] };

/** Writes the pieces of a model as one exporter would, and knows which weight each stored tensor is an arrangement of. */
export class SpellingWriter {
  readonly builder: GraphBuilder;
  /** By name of an initializer, or of a value that folds to one. */
  readonly stored = new Map<string, Weight>();
  /** Sizes of values whose first two axes are not samples and tokens. */
  readonly known = new Map<Value, readonly number[]>();
  /** Inputs and outputs that hold past keys and values. */
  readonly ports = new Map<string, Port>();
  /** Samples and tokens of most values. */
  leading: readonly number[] = [BATCH, TOKENS];
  readonly #noise: Random;
  /** What a body makes first is not seen outside of it. */
  #once = new Map<string, unknown>();

  constructor(readonly habits: WritingHabits) {
    this.builder = new GraphBuilder('spelled', { opset: habits.opset });
    this.#noise = random(habits.seed, 'noise');
  }

  get opset(): number {
    return this.habits.opset;
  }

  /** Element type of the arithmetic. */
  get float(): DataType {
    return this.habits.float16 ? 'FLOAT16' : 'FLOAT';
  }

  op(op: string, inputs: (Value | undefined)[], attributes: Record<string, AttributeInit> = {}): Value {
    return this.builder.op('', op, inputs, attributes);
  }

  ops(op: string, inputs: (Value | undefined)[], count: number, attributes: Record<string, AttributeInit> = {}) {
    return this.builder.ops('', op, inputs, count, attributes);
  }

  contrib(op: string, inputs: (Value | undefined)[], attributes: Record<string, AttributeInit> = {}): Value {
    return this.builder.contribs('', op, inputs, 1, attributes)[0];
  }

  contribs(op: string, inputs: (Value | undefined)[], count: number, attributes: Record<string, AttributeInit> = {}) {
    return this.builder.contribs('', op, inputs, count, attributes);
  }

  /** True or false. */
  flag(item: boolean): Value {
    return this.#constant(Tensor.of('BOOL', [], Uint8Array.of(Number(item))));
  }

  /** The body of an If or Loop: what `write` writes goes there, and may read what lies around it. */
  body(name: string, write: (graph: Graph) => void): Attribute {
    const outer = this.#once;
    this.#once = new Map(outer);
    try {
      return { type: 'GRAPH', value: this.builder.body(name, write) };
    } finally {
      this.#once = outer;
    }
  }

  /** A graph input; the same name gives the same input. */
  input(name: string, type: DataType, shape: readonly FileDim[]): Value {
    return (
      this.builder.model.graph.inputs.find((value) => value.name === name) ?? this.builder.input(name, type, [...shape])
    );
  }

  /** A graph input of numbers, in the arithmetic's type. */
  floatInput(name: string, shape: readonly FileDim[]): Value {
    const input = this.input(name, 'FLOAT', shape);
    return this.habits.float16 ? this.cast(input, 'FLOAT16') : input;
  }

  /** A graph output of numbers. */
  output(value: Value, name: string, shape: readonly FileDim[]): void {
    const single = this.habits.float16 ? this.cast(value, 'FLOAT') : this.op('Identity', [value]);
    this.builder.output(single, name, 'FLOAT', [...shape]);
  }

  /** Number of samples as inputs and outputs state it. */
  get batchDim(): FileDim {
    return this.habits.sizes === 'fixed' ? BATCH : 'batch';
  }

  ints(...items: number[]): Value {
    return this.#constant(Tensor.int64([items.length], items));
  }

  int(item: number): Value {
    return this.#constant(Tensor.int64([], [item]));
  }

  /** A scalar of the arithmetic's type. */
  number(item: number): Value {
    return this.#constant(Tensor.fromNumbers(this.float, [], [item]));
  }

  /** Numbers that belong to no unit: masks, tables. */
  numbers(dims: readonly number[], data: ArrayLike<number>): Value {
    return this.initializer('table', Tensor.fromNumbers(this.float, dims, data));
  }

  /** Whole numbers of a table. */
  indices(dims: readonly number[], data: readonly number[]): Value {
    return this.initializer('indices', Tensor.int64(dims, data));
  }

  protected initializer(name: string, tensor: Tensor): Value {
    return this.builder.model.graph.addInitializer(name, tensor);
  }

  /** A weight, stored as the exporter does; the returned value holds it in the arrangement given. */
  weight(weight: Weight, storage: WritingHabits['storage'] = this.habits.storage): Value {
    if (storage === 'transposed' && weight.axes.length === 2) {
      const turned = this.op('Transpose', [this.#store(weight.transpose([1, 0]), this.float)], { perm: [1, 0] });
      this.stored.set(turned.name, weight);
      return turned;
    }
    if (storage === 'half' && this.float === 'FLOAT') {
      const cast = this.op('Cast', [this.#store(weight, 'FLOAT16')], { to: 1 });
      this.stored.set(cast.name, weight);
      return cast;
    }
    const value = this.#store(weight, this.float, storage === 'constant');
    return storage === 'identity' ? this.op('Identity', [value]) : value;
  }

  #store(weight: Weight, type: DataType, asConstant = false): Value {
    const tensor = Tensor.fromNumbers(type, weight.dims, weight.data);
    const store = () =>
      asConstant ? this.op('Constant', [], { value: tensor }) : this.initializer(weight.name, tensor);
    const key = [weight.name, type, weight.dims.join('x'), weight.data.join()].join();
    const value = this.habits.shared ? this.once(key, store) : store();
    this.stored.set(value.name, weight);
    return value;
  }

  #constant(tensor: Tensor): Value {
    if (this.habits.sizes === 'dynamo') return this.initializer('val', tensor);
    return this.op('Constant', [], { value: tensor });
  }

  /** The size of one axis of a value whose leading sizes are known: see `known`. */
  axis(value: Value, axis: number): AxisSize {
    return { value, axis, size: this.known.get(value)?.[axis] ?? this.leading[axis] };
  }

  /** What `make` gives at the first call: pieces that all layers share. */
  once<T>(key: string, make: () => T): T {
    if (!this.#once.has(key)) this.#once.set(key, make());
    return this.#once.get(key) as T;
  }

  /** A reduction over axes, as the operator set takes them. */
  reduce(op: string, x: Value, axes: readonly number[], keepdims = 1): Value {
    const asInput = this.opset >= (op === 'ReduceSum' ? 13 : 18);
    return asInput
      ? this.op(op, [x, this.ints(...axes)], { keepdims })
      : this.op(op, [x], { axes: [...axes], keepdims });
  }

  unsqueeze(x: Value, ...axes: number[]): Value {
    return this.opset >= 13 ? this.op('Unsqueeze', [x, this.ints(...axes)]) : this.op('Unsqueeze', [x], { axes });
  }

  squeeze(x: Value, ...axes: number[]): Value {
    return this.opset >= 13 ? this.op('Squeeze', [x, this.ints(...axes)]) : this.op('Squeeze', [x], { axes });
  }

  split(x: Value, axis: number, sizes: readonly number[]): Value[] {
    const outputs =
      this.opset >= 13
        ? this.ops('Split', [x, this.ints(...sizes)], sizes.length, { axis })
        : this.ops('Split', [x], sizes.length, { axis, split: [...sizes] });
    return outputs;
  }

  slice(x: Value, axis: number, from: number, to: number, step = 1): Value {
    const bounds = [this.ints(from), this.ints(to), this.ints(axis)];
    return this.op('Slice', [x, ...bounds, ...(step === 1 ? [] : [this.ints(step)])]);
  }

  transpose(x: Value, ...perm: number[]): Value {
    return this.op('Transpose', [x], { perm });
  }

  concat(axis: number, ...parts: Value[]): Value {
    return this.op('Concat', parts, { axis });
  }

  cast(x: Value, type: DataType): Value {
    return this.op('Cast', [x], { to: { FLOAT: 1, FLOAT16: 10, DOUBLE: 11, INT64: 7, BOOL: 9 }[type as 'FLOAT'] });
  }

  reshape(x: Value, sizes: readonly Size[]): Value {
    const attributes: Record<string, number> = {};
    if (this.habits.sizes === 'dynamo' && this.opset >= 14) attributes.allowzero = 1;
    return this.op('Reshape', [x, this.target(sizes, x)], attributes);
  }

  expand(x: Value, sizes: readonly Size[]): Value {
    return this.op('Expand', [x, this.target(sizes)]);
  }

  /** The sizes as a vector; of the reshaped value `of`, some may be left to Reshape itself. */
  target(sizes: readonly Size[], of?: Value): Value {
    if (this.habits.sizes === 'fixed' || sizes.every((size) => typeof size === 'number'))
      return this.ints(...sizes.map(fixedSize));
    const short = this.habits.sizes === 'constant' && of ? shortTarget(sizes, of) : undefined;
    if (short) return this.ints(...short);
    return this.concat(0, ...sizes.map((size) => this.#vector(size)));
  }

  /** A size as a vector of one element. */
  #vector(size: Size): Value {
    if (typeof size === 'number') return this.ints(size);
    if (this.habits.sizes === 'dynamo' && this.opset >= 15) {
      if ('product' in size)
        return size.product.map((part) => this.#vector(part)).reduce((a, b) => this.op('Mul', [a, b]));
      return this.op('Shape', [size.value], { start: size.axis, end: size.axis + 1 });
    }
    return this.unsqueeze(this.scalar(size), 0);
  }

  /** A size as an INT64 scalar, computed at run time. */
  scalar(size: Size): Value {
    if (typeof size === 'number') return this.int(size);
    if ('product' in size)
      return size.product.map((part) => this.scalar(part)).reduce((a, b) => this.op('Mul', [a, b]));
    return this.op('Gather', [this.op('Shape', [size.value]), this.int(size.axis)], { axis: 0 });
  }

  /** The value itself, perhaps through nodes that change nothing. */
  noisy(x: Value, rank: number): Value {
    if (this.#noise.uniform() >= this.habits.noise) return x;
    switch (this.#noise.integer(6)) {
      case 0: {
        const perm = [...Array(rank).keys()].reverse();
        return this.transpose(this.transpose(x, ...perm), ...perm);
      }
      case 1: {
        const axis = this.#noise.integer(rank + 1);
        return this.squeeze(this.unsqueeze(x, axis), axis);
      }
      case 2:
        return this.op('Reshape', [this.op('Reshape', [x, this.ints(-1)]), this.op('Shape', [x])]);
      case 3:
        return this.op('Dropout', [x]);
      case 4:
        return this.cast(x, this.float);
      default:
        return this.op('Identity', [x]);
    }
  }
}

function fixedSize(size: Size): number {
  if (typeof size === 'number') return size;
  if ('product' in size) return size.product.map(fixedSize).reduce((a, b) => a * b);
  return size.size;
}

/** With 0 for an axis that stays in its place, and -1 for one other; undefined where that does not do. */
function shortTarget(sizes: readonly Size[], of: Value): number[] | undefined {
  const short = sizes.map((size, at) => {
    if (typeof size === 'number') return size;
    return 'value' in size && size.value === of && size.axis === at ? 0 : -1;
  });
  return short.filter((size) => size === -1).length > 1 ? undefined : short;
}
