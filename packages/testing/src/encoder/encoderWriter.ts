import type { Value } from '@snp/onnx';
import { GraphBuilder } from '../build/graphBuilder.js';
import { joinColumns } from '../build/joinColumns.js';
import { layerNorm } from '../build/layerNorm.js';
import { transposed } from '../build/transposed.js';
import { Weights } from '../build/weights.js';
import type { ResolvedEncoder } from './encoderOptions.js';
import { tokenTarget } from './tokenTarget.js';

/** Epsilon of BERT's norms. */
const EPSILON = 1e-12;

/** One of the linear layers that are written as a single product. */
export interface LinearPart {
  /** Path of the layer, as `layer.0/attention/query`. */
  readonly path: string;
  readonly outputs: number;
}

/**
 * The layers an encoder is written with, in the forms its options ask for. A layer is named by its path: the scope of its
 * nodes, and with dots the prefix of its weights.
 */
export class EncoderWriter {
  readonly builder: GraphBuilder;
  readonly weights: Weights;
  readonly #storedBiases = new Map<string, Value>();

  constructor(readonly encoder: ResolvedEncoder) {
    const opset = encoder.gelu === 'operator' ? 20 : 17;
    this.builder = new GraphBuilder('encoder', { opset, weights: encoder.weights });
    this.weights = new Weights(encoder.seed, encoder.scale);
  }

  /** A linear layer of `x` [batch, sequence, inputs]. */
  linear(path: string, x: Value, inputs: number, outputs: number): Value {
    return this.joinedLinear(path, x, inputs, [{ path, outputs }]);
  }

  /** Linear layers that read the same `x`, as one whose outputs stand one behind the other on the last axis. */
  joinedLinear(path: string, x: Value, inputs: number, parts: readonly LinearPart[]): Value {
    const matrices = parts.map((part) => this.weights.matrix(`${parameter(part.path)}.weight`, inputs, part.outputs));
    const matrix = joinColumns(inputs, matrices);
    const bias = this.#bias(path, parts);
    return this.encoder.linear === 'gemm'
      ? this.#gemm(path, x, { matrix, inputs, bias })
      : this.#matMul(path, x, { matrix, inputs, bias });
  }

  /** A layer normalisation over the residual stream. */
  norm(path: string, x: Value): Value {
    const size = this.encoder.residual;
    const name = parameter(path);
    const gain = this.builder.weight(`${name}.weight`, [size], this.weights.gain(`${name}.weight`, size));
    const bias = this.builder.weight(`${name}.bias`, [size], this.weights.bias(`${name}.bias`, size));
    return layerNorm(this.builder, `/${path}`, [x, gain, bias], EPSILON, this.encoder.norm);
  }

  /** `x` [batch, sequence, ...] with the dimensions behind the first two replaced by `tail`. */
  reshape(path: string, x: Value, tail: readonly number[]): Value {
    const target = tokenTarget(this.builder, `/${path}`, x, tail, this.encoder.targets);
    return this.builder.op(`/${path}`, 'Reshape', [x, target]);
  }

  /** `x` [batch, sequence, inputs] times the transpose of `weight` [outputs, inputs], by Gemm on two axes. */
  gemmTransposed(path: string, x: Value, [inputs, outputs]: [number, number], weight: Value, bias?: Value): Value {
    const { builder } = this;
    const scope = `/${path}`;
    const rows = builder.op(scope, 'Reshape', [x, builder.ints(scope, [-1, inputs])]);
    const product = builder.op(scope, 'Gemm', bias ? [rows, weight, bias] : [rows, weight], { transB: 1 });
    return builder.op(scope, 'Reshape', [product, tokenTarget(builder, scope, x, [outputs], 'shape')]);
  }

  #matMul(path: string, x: Value, { matrix, inputs, bias }: LinearWeights): Value {
    const outputs = matrix.length / inputs;
    const weight = this.builder.weight(`${parameter(path)}.weight`, [inputs, outputs], matrix);
    return this.builder.op(`/${path}`, 'Add', [bias, this.builder.op(`/${path}`, 'MatMul', [x, weight])]);
  }

  #gemm(path: string, x: Value, { matrix, inputs, bias }: LinearWeights): Value {
    const outputs = matrix.length / inputs;
    const weight = this.builder.weight(`${parameter(path)}.weight`, [outputs, inputs], transposed(matrix, inputs));
    return this.gemmTransposed(path, x, [inputs, outputs], weight, bias);
  }

  /** The bias of joined layers, stored as the options ask for. */
  #bias(path: string, parts: readonly LinearPart[]): Value {
    const { biases } = this.encoder;
    const name = `${parameter(path)}.bias`;
    const sizes = parts.map((part) => part.outputs).join('+');
    const stored = this.#storedBiases.get(sizes);
    if (stored && biases === 'shared') return stored;
    if (stored && biases === 'identity') return this.builder.alias(name, stored);

    const streams = parts.map((part) =>
      biases === 'own' ? `${parameter(part.path)}.bias` : `bias of ${part.outputs}`,
    );
    const numbers = streams.map((stream, index) => this.weights.bias(stream, parts[index].outputs));
    const bias = joinColumns(1, numbers);
    const value = this.builder.weight(name, [bias.length], bias);
    this.#storedBiases.set(sizes, value);
    return value;
  }
}

/** A matrix [inputs, outputs] and the bias that goes with it. */
interface LinearWeights {
  matrix: Float32Array;
  inputs: number;
  bias: Value;
}

function parameter(path: string): string {
  return path.replaceAll('/', '.');
}
