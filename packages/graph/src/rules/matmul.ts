import { contract, contractMatMul } from './contraction.js';
import { combine } from './elementwise.js';
import type { OperatorRule } from './rule.js';

/** Matrix products of two values. */
export const matmulRule: OperatorRule = {
  operators: ['MatMul'],
  summary: 'the summed axis couples both operands; rows and columns travel on',
  propagate: (node, walk) => contractMatMul(node, walk, [0, 1]),
};

/** onnxruntime's matrix product with transposed operands and a factor. */
export const fusedMatmulRule: OperatorRule = {
  operators: ['com.microsoft.FusedMatMul'],
  summary: 'as MatMul, with transA and transB',
  propagate(node, walk) {
    const opaque = node.int('transBatchA', 0) !== 0 || node.int('transBatchB', 0) !== 0;
    if (opaque) {
      for (const index of [0, 1]) walk.freezeAll(walk.input(node, index)?.fields ?? [], node, 'transposes batch axes');
      return walk.setOutput(node, 0);
    }
    contractMatMul(node, walk, [0, 1], [node.int('transA', 0) === 1, node.int('transB', 0) === 1]);
  },
};

/** Fully connected layers: `alpha A B + beta C`. */
export const gemmRule: OperatorRule = {
  operators: ['Gemm', 'com.microsoft.FusedGemm'],
  summary: 'as MatMul, with transA and transB; the bias is coupled with the columns',
  propagate(node, walk) {
    const transA = node.int('transA', 0) === 1;
    const transB = node.int('transB', 0) === 1;
    const a = walk.input(node, 0, transA ? ['input', 'output'] : ['output', 'input']);
    const b = walk.input(node, 1, transB ? ['output', 'input'] : ['input', 'output']);
    const product =
      a &&
      b &&
      contract(node, walk, {
        operands: [0, 1],
        layouts: [a, b],
        summed: [[transA ? 0 : 1, transB ? 1 : 0]],
        shared: [],
        output: [
          { operand: 0, axis: transA ? 1 : 0 },
          { operand: 1, axis: transB ? 0 : 1 },
        ],
      });
    const bias = walk.input(node, 2);
    if (!product || !bias) return walk.setOutput(node, 0, product);
    const operands = [
      { layout: product, activation: true },
      { layout: bias, activation: walk.isActivation(node, 2) },
    ];
    walk.setOutput(node, 0, combine(node, walk, operands, 'all', true));
  },
};
