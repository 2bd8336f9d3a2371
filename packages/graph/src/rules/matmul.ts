import type { Node } from '@snp/onnx';
import type { Layout } from '../layout/layout.js';
import type { Propagation } from '../walk/propagation.js';
import { combine } from './combine.js';
import { contract, contractMatMul, matMulAxes, productAxis } from './contraction.js';
import type { OperatorRule } from './rule.js';

/** Matrix products of two values. */
export const matmulRule: OperatorRule = {
  operators: { MatMul: { inputs: 2 } },
  summary: 'the summed axis couples both operands; rows and columns travel on',
  propagate: (node, walk) => contractMatMul(node, walk, [0, 1]),
  outputAxis: (node, axis, walk) => productAxis(matMulAxes(ranksOf(node, walk)), axis),
};

/** onnxruntime's matrix product with transposed operands and a factor. */
export const fusedMatmulRule: OperatorRule = {
  operators: {
    'com.microsoft.FusedMatMul': {
      inputs: 2,
      attributes: { alpha: 'any', transA: 'any', transB: 'any', transBatchA: [0], transBatchB: [0] },
    },
  },
  summary: 'as MatMul, with transA and transB',
  propagate(node, walk) {
    contractMatMul(node, walk, [0, 1], transposed(node));
  },
  outputAxis: (node, axis, walk) => productAxis(matMulAxes(ranksOf(node, walk), transposed(node)), axis),
};

function ranksOf(node: Node, walk: Propagation): [number, number] {
  const [a, b] = [0, 1].map((index) => walk.shape(node.inputs[index])?.length ?? 0);
  return [a, b];
}

function transposed(node: Node): [boolean, boolean] {
  return [node.int('transA', 0) === 1, node.int('transB', 0) === 1];
}

const GEMM = { alpha: 'any', beta: 'any', transA: 'any', transB: 'any' } as const;

/** Activations of a fused layer that give zero for zero. */
const ZERO_TO_ZERO = ['Relu', 'LeakyRelu', 'Elu', 'Selu', 'Tanh', 'Softsign', 'ThresholdedRelu'];

/** Fully connected layers: `alpha A B + beta C`, perhaps with an activation behind. */
export const gemmRule: OperatorRule = {
  operators: {
    Gemm: { inputs: 3, attributes: GEMM, versions: [7] },
    'com.microsoft.FusedGemm': {
      inputs: 3,
      attributes: {
        ...GEMM,
        activation: [...ZERO_TO_ZERO, 'Sigmoid', 'HardSigmoid', 'Softplus'],
        activation_alpha: 'any',
        activation_beta: 'any',
        activation_gamma: 'any',
      },
    },
  },
  summary: 'as MatMul, with transA and transB; the bias is coupled with the columns; an activation keeps positions',
  propagate(node, walk) {
    const [transA, transB] = transposed(node);
    const a = walk.input(node, 0, transA ? ['input', 'output'] : ['output', 'input']);
    const b = walk.input(node, 1, transB ? ['output', 'input'] : ['input', 'output']);
    const product =
      a &&
      b &&
      contract(node, walk, {
        operands: [0, 1],
        layouts: [a, b],
        ...matMulAxes([2, 2], [transA, transB]),
      });
    if (!product) walk.freezeInput(node, 2, 'is added to a product that is not followed');
    walk.setOutput(node, 0, activated(node, product && withBias(node, walk, product)));
  },
  outputAxis(node, axis, walk) {
    const bias = axis - 2 + (walk.shape(node.inputs[2])?.length ?? 0);
    return productAxis(matMulAxes([2, 2], transposed(node)), axis, node.inputs[2] ? [Math.max(-1, bias)] : []);
  },
};

function withBias(node: Node, walk: Propagation, product: Layout): Layout | undefined {
  const bias = walk.input(node, 2);
  if (!bias) {
    if (node.inputs[2]) walk.freezeAll(product.fields, node, 'adds a value of unknown shape');
    return product;
  }
  const operands = [
    { layout: product, activation: true },
    { layout: bias, activation: walk.isActivation(node, 2) },
  ];
  return combine(node, walk, operands, 'all', true);
}

function activated(node: Node, layout: Layout | undefined): Layout | undefined {
  const activation = node.string('activation');
  if (!layout || activation === undefined || ZERO_TO_ZERO.includes(activation)) return layout;
  return { axes: layout.axes, fields: layout.fields.map((field) => ({ ...field, zero: false })) };
}
