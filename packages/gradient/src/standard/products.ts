import type { AttributeInit, Value } from '@snp/onnx';
import type { WriteOutCall, WriteOutRule } from './call.js';

/** alpha op(A) op(B) */
const fusedMatMul: WriteOutRule = (call) => {
  const { writer, node } = call;
  if (node.int('transBatchA', 0) || node.int('transBatchB', 0)) return undefined;
  const [a, b] = ['transA', 'transB'].map((name, index) => {
    const value = call.input(index);
    return node.int(name, 0) ? writer.turned(value, call.shape(value).length) : value;
  });
  const product = writer.matmul(a, b);
  const alpha = node.float('alpha', 1);
  return [alpha === 1 ? product : writer.mul(product, call.number(alpha))];
};

/** What follows a product within the same operator, by the names of its factors as attributes of the activation. */
const ACTIVATIONS: Readonly<Record<string, readonly string[]>> = {
  Elu: ['alpha'],
  HardSigmoid: ['alpha', 'beta'],
  LeakyRelu: ['alpha'],
  Relu: [],
  Sigmoid: [],
  Softplus: [],
  Softsign: [],
  Tanh: [],
};

function activated(
  { node, writer }: WriteOutCall,
  value: Value,
  factors: (name: string, at: number) => number | undefined,
) {
  const op = node.string('activation');
  if (op === undefined) return [value];
  const names = ACTIVATIONS[op];
  if (!names) return undefined;
  const stated = names.flatMap((name, at): [string, AttributeInit][] => {
    const factor = factors(name, at);
    return factor === undefined ? [] : [[name, { float: factor }]];
  });
  return [writer.op(op, [value], Object.fromEntries(stated))];
}

const fusedGemm: WriteOutRule = (call) => {
  const { writer, node } = call;
  const product = writer.op('Gemm', node.inputs, {
    alpha: { float: node.float('alpha', 1) },
    beta: { float: node.float('beta', 1) },
    transA: node.int('transA', 0),
    transB: node.int('transB', 0),
  });
  return activated(call, product, (name) => node.float(`activation_${name}`));
};

/** A convolution, to which something is added. */
const fusedConv: WriteOutRule = (call) => {
  const { writer, node } = call;
  const own = [...node.attributes].filter(([name]) => !name.startsWith('activation'));
  const product = writer.op('Conv', node.inputs.slice(0, 3), Object.fromEntries(own));
  const more = call.maybe(3);
  const factors = node.attributes.get('activation_params');
  return activated(call, more ? writer.add(product, more) : product, (_, at) =>
    factors?.type === 'FLOATS' ? factors.value[at] : undefined,
  );
};

/** Products that transpose, scale, or are followed by an activation. */
export const PRODUCTS: Readonly<Record<string, WriteOutRule>> = {
  'com.microsoft.FusedConv': fusedConv,
  'com.microsoft.FusedGemm': fusedGemm,
  'com.microsoft.FusedMatMul': fusedMatMul,
};
