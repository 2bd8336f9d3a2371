import { type AttributeInit, dataTypeCode, Graph, Model, Tensor, type Value } from '@snp/onnx';
import type { Feeds } from '../feeds.js';
import { type Random, random } from '../random.js';

/** Operator sets with the forms that runtimes run; between them lies every change of a schema from 7 on. */
const OPSETS = [7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24] as const;

/** Attributes by name; one that is undefined is left out. */
export type Attributes = Record<string, AttributeInit | undefined>;

/** Draws a model around one operator: operands of all kinds, attributes, optional inputs. */
export class Sampler {
  readonly model = new Model(new Graph('one operator'));
  readonly feeds: Feeds = {};
  readonly opset: number;
  readonly type: 'FLOAT' | 'FLOAT16' | 'DOUBLE';
  readonly #draw: Random;
  #names = 0;

  /** @param oldest Operator set from which on they are drawn. Default: 7 */
  constructor(seed: number, stream: string, type: 'FLOAT' | 'FLOAT16' | 'DOUBLE', oldest = 7) {
    this.#draw = random(seed, stream);
    this.type = type;
    this.opset = this.choose(OPSETS.filter((opset) => opset >= oldest));
    this.model.irVersion = 10;
    this.model.opsets.set('', this.opset);
    this.model.opsets.set('com.microsoft', 1);
  }

  choose<T>(list: readonly T[]): T {
    return list[this.#draw.integer(list.length)];
  }

  maybe(probability = 0.5): boolean {
    return this.#draw.uniform() < probability;
  }

  /** A whole number from `low` to `high`. */
  whole(low: number, high: number): number {
    return low + this.#draw.integer(high - low + 1);
  }

  number(low = -2, high = 2): number {
    return low + (high - low) * this.#draw.uniform();
  }

  /** Dimensions: small, some of them products, some of them one. */
  shape(rank: number): number[] {
    return Array.from({ length: rank }, () => this.choose([1, 2, 3, 4, 4, 6, 6]));
  }

  axis(rank: number): number {
    return this.whole(0, rank - 1) - (this.maybe() ? rank : 0);
  }

  /** Some attributes of those given, with their values. */
  some(attributes: Readonly<Record<string, () => AttributeInit>>): Attributes {
    return Object.fromEntries(
      Object.entries(attributes).flatMap(([name, value]) => (this.maybe() ? [[name, value()]] : [])),
    );
  }

  /** A node; returns its outputs. */
  node(op: string, inputs: readonly (Value | undefined)[], attributes: Attributes = {}, outputs = 1): Value[] {
    const at = op.lastIndexOf('.');
    const stated = Object.entries(attributes).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
    return this.model.graph.addNode({
      op: op.slice(at + 1),
      domain: op.slice(0, Math.max(at, 0)),
      inputs,
      attributes: Object.fromEntries(stated),
      outputs: Array.from({ length: outputs }, () => this.#name(op)),
      name: this.#name(`/${op}`),
    }).outputs as Value[];
  }

  one(op: string, inputs: readonly (Value | undefined)[], attributes: Attributes = {}): Value {
    return this.node(op, inputs, attributes)[0];
  }

  /** A constant whose positions are labelled along all axes. */
  weight(dims: readonly number[], numbers?: (at: number) => number): Value {
    const size = dims.reduce((product, dim) => product * dim, 1);
    const list = Array.from({ length: size }, (_, at) => numbers?.(at) ?? this.#draw.normal());
    return this.model.graph.addInitializer(this.#name('weight'), Tensor.fromNumbers(this.type, dims, list));
  }

  ints(list: readonly number[]): Value {
    return this.model.graph.addInitializer(this.#name('ints'), Tensor.int64([list.length], list));
  }

  int(number: number): Value {
    return this.model.graph.addInitializer(this.#name('int'), Tensor.int64([], [number]));
  }

  /** A graph input of the model's type, without labels. */
  input(dims: readonly number[]): Value {
    const size = dims.reduce((product, dim) => product * dim, 1);
    const tensor = Tensor.fromNumbers(
      this.type,
      dims,
      Array.from({ length: size }, () => this.#draw.normal()),
    );
    const value = this.model.graph.addValue(this.#name('input'));
    const free = this.maybe(0.3) ? this.whole(0, Math.max(0, dims.length - 1)) : -1;
    value.type = {
      elementType: this.type,
      shape: dims.map((dim, axis) => (axis === free ? `free${this.#names}` : dim)),
    };
    this.model.graph.inputs.push(value);
    this.feeds[value.name] = { type: this.type, dims, data: tensor.array() } as Feeds[string];
    return value;
  }

  /** A graph input of whole numbers from 0 to below `rows`, as INT32. */
  indices(name: string, dims: readonly number[], rows: number): Value {
    const value = this.model.graph.addValue(this.#name(name));
    value.type = { elementType: 'INT32', shape: [...dims] };
    this.model.graph.inputs.push(value);
    const size = dims.reduce((product, dim) => product * dim, 1);
    const data = Int32Array.from({ length: size }, () => this.#draw.integer(rows));
    this.feeds[value.name] = { type: 'INT32', dims, data };
    return value;
  }

  /**
   * An operand of any kind: a constant, an activation that is labelled along some of its axes (and is zero where their weights are, or not), one whose labels run over
   * several factors of an axis, or one without labels.
   */
  operand(dims: readonly number[]): Value {
    const kind = this.choose(['weight', 'activation', 'activation', 'activation', 'merged', 'moved', 'input'] as const);
    if (kind === 'weight') return this.weight(dims);
    if (kind === 'input') return this.input(dims);
    return kind === 'merged' ? this.merged(dims) : this.activation(dims, kind === 'moved');
  }

  /** An activation that is labelled along some axes at random, or all of `labelled`. */
  activation(dims: readonly number[], moved = false, labelled?: readonly number[]): Value {
    const own = dims.map((_, axis) => (labelled ? labelled.includes(axis) : this.maybe(0.7)));
    const data = this.input(dims.map((dim, axis) => (own[axis] ? 1 : dim)));
    const weights = this.weight(dims.map((dim, axis) => (own[axis] ? dim : 1)));
    const product = this.one('Mul', [data, weights]);
    return moved ? this.one('Sigmoid', [product]) : product;
  }

  /** An activation whose labels along one axis come from two axes that were merged. */
  merged(dims: readonly number[]): Value {
    const axis = dims.findIndex((dim) => dim === 4 || dim === 6);
    if (axis < 0) return this.activation(dims);
    const parts = [2, dims[axis] / 2];
    const split = [...dims.slice(0, axis), ...parts, ...dims.slice(axis + 1)];
    // One weight for both parts, or one for each head and one for each neuron.
    const whole = this.activation(split, false, this.maybe() ? [axis, axis + 1] : [axis + 1]);
    return this.one('Reshape', [whole, this.ints(dims)]);
  }

  cast(value: Value, type: 'FLOAT' | 'FLOAT16' | 'INT64' | 'BOOL' | 'INT32'): Value {
    return this.one('Cast', [value], { to: dataTypeCode(type) });
  }

  /** The nodes, a line each, for messages. */
  describe(): string {
    const plain = (_: string, item: unknown) => {
      if (typeof item === 'bigint') return Number(item);
      return item instanceof Uint8Array ? new TextDecoder().decode(item) : item;
    };
    // Constants of whole numbers are small: their content says more than their shape.
    const sizesOf = ({ tensor, type }: Value) =>
      tensor?.dataType === 'INT64' ? `= ${[...tensor.numbers()]}` : (tensor?.dims ?? type?.shape ?? '');
    return this.model.graph.nodes
      .map(({ op, inputs, attributes, outputs }) => {
        const names = (values: readonly (Value | undefined)[]) =>
          values.map((value) => (value ? `${value.name}[${sizesOf(value)}]` : '-')).join(', ');
        const stated = [...attributes].map(
          ([name, attribute]) => `${name}=${JSON.stringify('value' in attribute ? attribute.value : attribute, plain)}`,
        );
        return `${names(outputs)} = ${op}(${names(inputs)}) ${stated.join(' ')}`;
      })
      .join('\n');
  }

  #name(prefix: string): string {
    return `${prefix}_${this.#names++}`;
  }
}
