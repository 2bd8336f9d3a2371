import type { Node } from './node.js';

const POINTWISE: ReadonlySet<string> = new Set([
  'Abs',
  'Add',
  'BiasGelu',
  'Celu',
  'Clip',
  'Div',
  'Elu',
  'Erf',
  'Exp',
  'FastGelu',
  'Gelu',
  'HardSigmoid',
  'HardSwish',
  'Identity',
  'LeakyRelu',
  'Max',
  'Min',
  'Mish',
  'Mul',
  'Neg',
  'Pow',
  'QuickGelu',
  'Reciprocal',
  'Relu',
  'Selu',
  'Sigmoid',
  'Softplus',
  'Softsign',
  'Sqrt',
  'Sub',
  'Swish',
  'Tanh',
  'ThresholdedRelu',
]);

/** Where operators of these names are what they are taken for. */
const DOMAINS: ReadonlySet<string> = new Set(['', 'ai.onnx', 'com.microsoft']);

/**
 * True of a node of ONNX or onnxruntime that works number by number, as sums, scalings and activation functions do: each number of the output comes from those at the same place
 * of the inputs, where these are broadcast to one shape.
 *
 * @example
 * const share = model.graph.nodes.filter(isPointwise).length / model.graph.nodes.length;
 */
export function isPointwise({ opType, domain }: Node): boolean {
  return POINTWISE.has(opType) && DOMAINS.has(domain);
}
