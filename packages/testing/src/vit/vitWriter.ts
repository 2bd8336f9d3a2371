import type { Value } from '@snp/onnx';
import { GraphBuilder } from '../build/graphBuilder.js';
import { layerNorm } from '../build/layerNorm.js';
import { Weights } from '../build/weights.js';
import type { ResolvedVit } from './vitOptions.js';

/** Epsilon of DeiT's norms. */
const EPSILON = 1e-6;

/** The layers a Vision Transformer is written with: products with weights [in, out], a bias added, norms as operators. */
export class VitWriter {
  readonly builder: GraphBuilder;
  readonly weights: Weights;

  constructor(readonly vit: ResolvedVit) {
    this.builder = new GraphBuilder('vit', { opset: vit.gelu === 'operator' ? 20 : 17 });
    this.weights = new Weights(vit.seed, vit.scale);
  }

  /** A linear layer with random weights `<name>.weight` [inputs, outputs] and `<name>.bias`. */
  linear(scope: string, name: string, x: Value, inputs: number, outputs: number): Value {
    const matrix = this.weights.matrix(`${name}.weight`, inputs, outputs);
    return this.project(scope, name, x, { matrix, bias: this.weights.bias(`${name}.bias`, outputs) });
  }

  /** A linear layer with given weights. */
  project(
    scope: string,
    name: string,
    x: Value,
    { matrix, bias }: { matrix: Float32Array; bias: Float32Array },
  ): Value {
    const dims = [matrix.length / bias.length, bias.length];
    const weight = this.builder.weight(`${name}.weight`, dims, matrix);
    const product = this.builder.op(scope, 'MatMul', [x, weight]);
    return this.builder.op(scope, 'Add', [this.builder.weight(`${name}.bias`, [bias.length], bias), product]);
  }

  /** A layer normalisation with random weights `<name>.weight` and `<name>.bias`. */
  norm(scope: string, name: string, x: Value): Value {
    const size = this.vit.residual;
    const gain = this.builder.weight(`${name}.weight`, [size], this.weights.gain(`${name}.weight`, size));
    const bias = this.builder.weight(`${name}.bias`, [size], this.weights.bias(`${name}.bias`, size));
    return layerNorm(this.builder, scope, [x, gain, bias], EPSILON, 'layer');
  }
}
