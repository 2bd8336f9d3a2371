import type { Value } from '@snp/onnx';
import { GraphBuilder } from '../build/graphBuilder.js';
import { transposed } from '../build/transposed.js';
import { Weights } from '../build/weights.js';
import { type Random, random } from '../random.js';
import type { TransformerBlock, TransformerOptions } from './transformerOptions.js';

/** Writes the layers of a random Transformer, with noise in between. */
export class TransformerWriter {
  readonly builder: GraphBuilder;
  readonly weights: Weights;
  readonly #noise: Random;

  constructor(readonly options: TransformerOptions) {
    const operator = options.blocks.some(({ attention }) => attention === 'operator');
    this.builder = new GraphBuilder('transformer', { opset: operator ? 23 : 17 });
    this.weights = new Weights(options.seed, 1);
    this.#noise = random(options.seed, 'noise');
  }

  op(op: string, inputs: (Value | undefined)[], attributes = {}): Value {
    return this.builder.op('', op, inputs, attributes);
  }

  ints(...items: number[]): Value {
    return this.builder.ints('', items);
  }

  /** A linear layer of `x` [batch, tokens, inputs]. */
  linear(
    name: string,
    x: Value,
    [inputs, outputs]: readonly [number, number],
    { linear, bias }: Pick<TransformerBlock, 'linear' | 'bias'>,
  ): Value {
    const { builder } = this;
    const matrix = this.weights.matrix(name, inputs, outputs);
    const shift = bias
      ? builder.weight(`${name}.bias`, [outputs], this.weights.bias(`${name}.bias`, outputs))
      : undefined;
    const finish = (product: Value) => this.noisy(shift ? this.op('Add', [product, shift]) : product, 3);
    if (linear === 'einsum') {
      const weight = builder.weight(name, [inputs, outputs], matrix);
      return finish(this.op('Einsum', [x, weight], { equation: 'bti,io->bto' }));
    }
    if (linear === 'matmul') return finish(this.op('MatMul', [x, builder.weight(name, [inputs, outputs], matrix)]));
    const rows = this.op('Reshape', [x, this.ints(-1, inputs)]);
    const weight = builder.weight(name, [outputs, inputs], transposed(matrix, inputs));
    const product = this.op('Gemm', shift ? [rows, weight, shift] : [rows, weight], { transB: 1 });
    const shape = this.op(
      'Concat',
      [this.op('Slice', [this.op('Shape', [x]), this.ints(0), this.ints(2)]), this.ints(outputs)],
      { axis: 0 },
    );
    return this.noisy(this.op('Reshape', [product, shape]), 3);
  }

  /** A norm over the last axis. */
  norm(name: string, x: Value, size: number, form: TransformerBlock['norm']): Value {
    const { builder } = this;
    const gain = builder.weight(name, [size], this.weights.gain(name, size));
    if (form === 'rms') {
      const square = this.op('Mul', [x, x]);
      const mean =
        builder.opset < 18
          ? this.op('ReduceMean', [square], { axes: [-1], keepdims: 1 })
          : this.op('ReduceMean', [square, this.ints(-1)], { keepdims: 1 });
      const root = this.op('Sqrt', [this.op('Add', [mean, builder.float('', 1e-5)])]);
      return this.op('Mul', [this.op('Div', [x, root]), gain]);
    }
    const shift = builder.weight(`${name}.bias`, [size], this.weights.bias(`${name}.bias`, size));
    if (form !== 'decomposed') return this.op('LayerNormalization', [x, gain, shift], { axis: -1 });
    const meanOf = (value: Value) =>
      builder.opset < 18
        ? this.op('ReduceMean', [value], { axes: [-1], keepdims: 1 })
        : this.op('ReduceMean', [value, this.ints(-1)], { keepdims: 1 });
    const centred = this.op('Sub', [x, meanOf(x)]);
    const variance = meanOf(this.op('Pow', [centred, builder.float('', 2)]));
    const root = this.op('Sqrt', [this.op('Add', [variance, builder.float('', 1e-5)])]);
    return this.op('Add', [this.op('Mul', [this.op('Div', [centred, root]), gain]), shift]);
  }

  /** The value itself, perhaps through nodes that change nothing. */
  noisy(x: Value, rank: number): Value {
    if (this.#noise.uniform() >= this.options.noise) return x;
    switch (this.#noise.integer(4)) {
      case 0: {
        const perm = [...Array(rank).keys()].reverse();
        return this.op('Transpose', [this.op('Transpose', [x], { perm })], { perm });
      }
      case 1: {
        const axis = this.ints(this.#noise.integer(rank + 1));
        return this.op('Squeeze', [this.op('Unsqueeze', [x, axis]), axis]);
      }
      case 2:
        return this.op('Reshape', [this.op('Reshape', [x, this.ints(-1)]), this.op('Shape', [x])]);
      default:
        return this.op('Identity', [x]);
    }
  }
}
