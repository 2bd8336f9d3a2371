import { Tensor } from '../tensor/tensor.js';
import type { Attribute, AttributeInit } from './attribute.js';
import type { Graph } from './graph.js';
import type { Use, Value } from './value.js';

const utf8 = new TextDecoder();

/** One operator of a graph. Inputs and outputs that are left out (empty names in the file) are undefined. */
export class Node {
  /** The graph that holds this node; set by Graph. */
  graph: Graph | undefined;
  readonly attributes = new Map<string, Attribute>();
  /** The `NodeProto` this node was read from: doc string, metadata, unknown fields. */
  proto: object | undefined;
  readonly #inputs: (Value | undefined)[] = [];
  readonly #uses: (Use | undefined)[] = [];
  readonly outputs: (Value | undefined)[];

  constructor(
    public opType: string,
    inputs: readonly (Value | undefined)[],
    outputs: readonly (Value | undefined)[],
    public name = '',
    public domain = '',
    public overload = '',
  ) {
    for (const [index, value] of inputs.entries()) this.setInput(index, value);
    this.outputs = [...outputs];
    for (const output of outputs) if (output) output.producer = this;
  }

  get inputs(): readonly (Value | undefined)[] {
    return this.#inputs;
  }

  /** The operator with its domain, as `Gelu` or `com.microsoft.BiasGelu`. */
  get op(): string {
    return this.domain === '' || this.domain === 'ai.onnx' ? this.opType : `${this.domain}.${this.opType}`;
  }

  /** A name for messages: the node's own, or its operator and first output. */
  get label(): string {
    return this.name || `${this.op} -> ${this.outputs.find((value) => value)?.name ?? '?'}`;
  }

  /** Replaces input `index` (may be one past the end) and keeps the uses of both values right. */
  setInput(index: number, value: Value | undefined): void {
    while (this.#inputs.length < index) this.setInput(this.#inputs.length, undefined);
    const old = this.#uses[index];
    if (old) this.#inputs[index]?.uses.delete(old);
    this.#inputs[index] = value;
    this.#uses[index] = value && { node: this, index };
    if (value) value.uses.add(this.#uses[index] as Use);
  }

  /** Drops inputs from number `length` on. */
  truncateInputs(length: number): void {
    for (let index = this.#inputs.length - 1; index >= length; index--) this.setInput(index, undefined);
    if (this.#inputs.length > length) {
      this.#inputs.length = length;
      this.#uses.length = length;
    }
  }

  /** The integer attribute `name`, or `fallback`. */
  int(name: string): number | undefined;
  int(name: string, fallback: number): number;
  int(name: string, fallback?: number): number | undefined {
    const attribute = this.attributes.get(name);
    return attribute?.type === 'INT' ? Number(attribute.value) : fallback;
  }

  /** The integer-list attribute `name`. */
  ints(name: string): number[] | undefined {
    const attribute = this.attributes.get(name);
    return attribute?.type === 'INTS' ? attribute.value.map(Number) : undefined;
  }

  /** The float attribute `name`, or `fallback`. */
  float(name: string): number | undefined;
  float(name: string, fallback: number): number;
  float(name: string, fallback?: number): number | undefined {
    const attribute = this.attributes.get(name);
    return attribute?.type === 'FLOAT' ? attribute.value : fallback;
  }

  /** The string attribute `name`, decoded as UTF-8, or `fallback`. */
  string(name: string, fallback?: string): string | undefined {
    const attribute = this.attributes.get(name);
    return attribute?.type === 'STRING' ? utf8.decode(attribute.value) : fallback;
  }

  /** The tensor attribute `name`. */
  tensor(name: string): Tensor | undefined {
    const attribute = this.attributes.get(name);
    return attribute?.type === 'TENSOR' ? attribute.value : undefined;
  }

  /** Sets attribute `name` from a plain value. */
  set(name: string, init: AttributeInit): this {
    this.attributes.set(name, toAttribute(init));
    return this;
  }

  /** The graphs inside this node's attributes (branches of If, bodies of Loop and Scan). */
  get subgraphs(): Graph[] {
    const graphs: Graph[] = [];
    for (const attribute of this.attributes.values()) {
      if (attribute.type === 'GRAPH') graphs.push(attribute.value);
      else if (attribute.type === 'GRAPHS') graphs.push(...attribute.value);
    }
    return graphs;
  }
}

/** Turns a plain JavaScript value into an attribute. */
export function toAttribute(init: AttributeInit): Attribute {
  if (typeof init === 'bigint') return { type: 'INT', value: init };
  if (typeof init === 'number') {
    return Number.isInteger(init) ? { type: 'INT', value: BigInt(init) } : { type: 'FLOAT', value: init };
  }
  if (typeof init === 'string') return { type: 'STRING', value: new TextEncoder().encode(init) };
  if (init instanceof Tensor) return { type: 'TENSOR', value: init };
  if ('float' in init) return { type: 'FLOAT', value: init.float };
  if ('type' in init) return init;
  const list: readonly (number | bigint)[] = init;
  return list.every((item) => typeof item === 'bigint' || Number.isInteger(item))
    ? { type: 'INTS', value: list.map((item) => BigInt(item)) }
    : { type: 'FLOATS', value: list.map(Number) };
}
