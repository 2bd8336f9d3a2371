import type { AttributeInit, Value } from '@snp/onnx';
import { GraphBuilder } from '../build/graphBuilder.js';
import type { Feed, Feeds } from '../feeds.js';
import { type Random, random } from '../random.js';

/** Writes a model of one attention: linear layers, an operator between them, caches; and makes inputs for it. */
export class AttentionModel {
  readonly builder: GraphBuilder;
  readonly feeds: Feeds = {};
  readonly random: Random;
  readonly batch: number;
  readonly tokens = 3;
  readonly past = 2;
  readonly width = 6;

  constructor(
    readonly seed: number,
    batch = 2,
  ) {
    this.random = random(seed, 'attention');
    this.batch = batch;
    this.builder = new GraphBuilder('attention', { opset: 23 });
    this.builder.model.opsets.set('com.microsoft', 1);
  }

  pick<T>(...choices: readonly T[]): T {
    return choices[this.random.integer(choices.length)];
  }

  /** True once in `of` times. */
  chance(of = 2): boolean {
    return this.random.integer(of) === 0;
  }

  weight(dims: readonly number[]): Value {
    return this.builder.weight(`w${this.builder.model.graph.initializers.length}`, dims, this.#normals(dims));
  }

  input(name: string, shape: readonly (string | number)[], sizes: readonly number[]): Value {
    this.feeds[name] = { type: 'FLOAT', dims: sizes, data: this.#normals(sizes) };
    return this.builder.input(name, 'FLOAT', [...shape]);
  }

  whole(name: string, type: 'INT32' | 'INT64', dims: readonly number[], numbers: readonly number[]): Value {
    const data = type === 'INT32' ? Int32Array.from(numbers) : BigInt64Array.from(numbers, BigInt);
    this.feeds[name] = { type, dims, data } as Feed;
    return this.builder.input(name, type, [...dims]);
  }

  /** The stream [batch, tokens, width] out of another layer, so that its channels can leave too. */
  stream(): Value {
    const x = this.input('x', ['batch', 'tokens', 5], [this.batch, this.tokens, 5]);
    return this.linear(x, 5, this.width);
  }

  linear(x: Value, from: number, to: number): Value {
    const product = this.builder.op('', 'MatMul', [x, this.weight([from, to])]);
    return this.chance() ? this.builder.op('', 'Add', [product, this.weight([to])]) : product;
  }

  /** [batch, tokens, heads x size] as [batch, heads, tokens, size]. */
  apart(x: Value, heads: number, size: number): Value {
    const split = this.builder.op('', 'Reshape', [x, this.builder.ints('', [0, 0, heads, size])]);
    return this.builder.op('', 'Transpose', [split], { perm: [0, 2, 1, 3] });
  }

  together(x: Value, width: number): Value {
    const turned = this.builder.op('', 'Transpose', [x], { perm: [0, 2, 1, 3] });
    return this.builder.op('', 'Reshape', [turned, this.builder.ints('', [0, 0, width])]);
  }

  /** Past keys or values, as a graph input. */
  cache(name: string, heads: number, size: number): Value {
    return this.input(`past.${name}`, ['batch', heads, 'past', size], [this.batch, heads, this.past, size]);
  }

  /** A node, with some of its outputs as graph outputs. */
  node(
    op: string,
    domain: string,
    inputs: (Value | undefined)[],
    outputs: number,
    attributes: Record<string, AttributeInit>,
  ) {
    const { graph } = this.builder.model;
    while (inputs.length > 0 && inputs.at(-1) === undefined) inputs.pop();
    const names = Array.from({ length: outputs }, (_, at) => `${op}_${at}`);
    return graph.addNode({ op, ...(domain && { domain }), inputs, outputs: names, attributes }).outputs as Value[];
  }

  /** The graph output behind the operator. */
  finish(mixed: Value, width: number): void {
    this.builder.output(this.linear(mixed, width, 4), 'y', 'FLOAT', ['batch', 'tokens', 4]);
  }

  present(value: Value, name: string, heads: number, size: number): void {
    this.builder.output(value, `present.${name}`, 'FLOAT', ['batch', heads, 'total', size]);
  }

  #normals(dims: readonly number[]): Float32Array {
    return Float32Array.from({ length: dims.reduce((n, dim) => n * dim, 1) }, () => this.random.normal());
  }
}
