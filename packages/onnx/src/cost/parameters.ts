import type { Node } from '../ir/node.js';
import { constantBehind } from '../shape/constantBehind.js';
import { isFloatType } from '../tensor/dataType.js';

/** Inputs that hold floating-point constants which are no parameters: running statistics, scales, regions. */
const NOT_PARAMETERS: Readonly<Record<string, readonly number[]>> = {
  BatchNormalization: [3, 4],
  Resize: [1, 2],
  Upsample: [1],
  QuantizeLinear: [1],
  DequantizeLinear: [1],
  QLinearMatMul: [1, 4, 6],
  QLinearConv: [1, 4, 6],
  'com.microsoft.QAttention': [3, 4],
  'com.microsoft.DynamicQuantizeMatMul': [2],
  'com.microsoft.MatMulIntegerToFloat': [2, 3],
  'com.microsoft.MatMulNBits': [2],
};

/** Inputs that hold quantised weights. */
const QUANTIZED_WEIGHTS: Readonly<Record<string, readonly number[]>> = {
  DequantizeLinear: [0],
  MatMulInteger: [1],
  ConvInteger: [1],
  QLinearMatMul: [3],
  QLinearConv: [3],
  'com.microsoft.QAttention': [1],
  'com.microsoft.DynamicQuantizeMatMul': [1],
  'com.microsoft.MatMulIntegerToFloat': [1],
  'com.microsoft.MatMulNBits': [1],
};

/**
 * Number of parameters that input `index` of `node` holds; 0 for what is none. A parameter is a constant that training
 * could change: a floating-point tensor of more than one element (a single one is a scale or an epsilon), without the
 * running statistics of batch normalisation and the factors of interpolation and quantisation; or the integer weights of
 * a quantised operator. Biases, norms, class tokens and position embeddings count. What a file does not tell apart from
 * them, such as a table of rotary angles or a window mask, counts too.
 */
export function parameterCount(node: Node, index: number): number {
  const value = node.inputs[index];
  const tensor = value && constantBehind(value);
  if (!tensor) return 0;
  if (QUANTIZED_WEIGHTS[node.op]?.includes(index)) {
    return node.op === 'com.microsoft.MatMulNBits' ? node.int('N', 0) * node.int('K', 0) : tensor.size;
  }
  const counts = isFloatType(tensor.dataType) && tensor.size > 1 && !NOT_PARAMETERS[node.op]?.includes(index);
  return counts ? tensor.size : 0;
}
