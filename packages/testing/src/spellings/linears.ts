import type { Value } from '@snp/onnx';
import type { SpellingWriter } from './spellingWriter.js';
import { Weight } from './weight.js';

/** A linear layer: its weight [inputs, outputs] and its bias [outputs]. */
export interface LinearWeights {
  readonly weight: Weight;
  readonly bias?: Weight;
}

/** A way of writing `x` [batch, tokens, inputs] times a weight, plus a bias. */
export type LinearSpelling = (writer: SpellingWriter, x: Value, weights: LinearWeights) => Value;

function plus(writer: SpellingWriter, product: Value, bias: Weight | undefined): Value {
  return bias ? writer.op('Add', [product, writer.weight(bias)]) : product;
}

/** All tokens of all samples as rows through `work`, and back. */
function byRows(writer: SpellingWriter, x: Value, { weight }: LinearWeights, work: (rows: Value) => Value): Value {
  const [inputs, outputs] = weight.dims;
  const rows = writer.reshape(x, [-1, inputs]);
  return writer.reshape(work(rows), [writer.axis(x, 0), writer.axis(x, 1), outputs]);
}

/** Spellings of a linear layer by name; the first is the plainest. */
export const LINEARS = {
  matmul: (w, x, { weight, bias }) => plus(w, w.op('MatMul', [x, w.weight(weight)]), bias),
  'bias-first': (w, x, { weight, bias }) => {
    const product = w.op('MatMul', [x, w.weight(weight)]);
    return bias ? w.op('Add', [w.weight(bias), product]) : product;
  },
  'transposed-weight': (w, x, { weight, bias }) => plus(w, w.op('MatMul', [x, w.weight(weight, 'transposed')]), bias),
  'half-weight': (w, x, { weight, bias }) => plus(w, w.op('MatMul', [x, w.weight(weight, 'half')]), bias),
  gemm: (w, x, linear) =>
    byRows(w, x, linear, (rows) => {
      const inputs = [rows, w.weight(linear.weight.transpose([1, 0]), 'initializer')];
      if (linear.bias) inputs.push(w.weight(linear.bias));
      return w.op('Gemm', inputs, { transB: 1 });
    }),
  'gemm-upright': (w, x, linear) =>
    byRows(w, x, linear, (rows) => {
      const product = w.op('Gemm', [rows, w.weight(linear.weight)]);
      return plus(w, product, linear.bias);
    }),
  'gemm-scaled': (w, x, linear) =>
    byRows(w, x, linear, (rows) => {
      const half = linear.weight.map(`${linear.weight.name}.half`, (number) => number / 2);
      const inputs = [rows, w.weight(half)];
      if (linear.bias) inputs.push(w.weight(linear.bias.map(`${linear.bias.name}.quarter`, (number) => number / 4)));
      return w.op('Gemm', inputs, { alpha: { float: 2 }, beta: { float: 4 } });
    }),
  'matmul-rows': (w, x, linear) =>
    byRows(w, x, linear, (rows) => plus(w, w.op('MatMul', [rows, w.weight(linear.weight)]), linear.bias)),
  einsum: (w, x, { weight, bias }) => plus(w, w.op('Einsum', [x, w.weight(weight)], { equation: 'bti,io->bto' }), bias),
  'einsum-ellipsis': (w, x, { weight, bias }) =>
    plus(w, w.op('Einsum', [w.weight(weight.transpose([1, 0])), x], { equation: 'oi,...i->...o' }), bias),
  conv1d: (w, x, { weight, bias }) => {
    const kernel = w.weight(weight.transpose([1, 0]).expand(2));
    const inputs = [w.transpose(x, 0, 2, 1), kernel, ...(bias ? [w.weight(bias)] : [])];
    return w.transpose(w.op('Conv', inputs, { kernel_shape: [1] }), 0, 2, 1);
  },
  conv2d: (w, x, { weight, bias }) => {
    const kernel = w.weight(weight.transpose([1, 0]).expand(2, 3));
    const image = w.unsqueeze(w.transpose(x, 0, 2, 1), 3);
    const made = w.op('Conv', [image, kernel, ...(bias ? [w.weight(bias)] : [])], { kernel_shape: [1, 1] });
    return w.transpose(w.squeeze(made, 3), 0, 2, 1);
  },
  'weight-left': (w, x, { weight, bias }) => {
    const product = w.op('MatMul', [w.weight(weight.transpose([1, 0])), w.transpose(x, 0, 2, 1)]);
    return plus(w, w.transpose(product, 0, 2, 1), bias);
  },
  'bias-of-columns': (w, x, { weight, bias }) => {
    const product = w.op('MatMul', [w.weight(weight.transpose([1, 0])), w.transpose(x, 0, 2, 1)]);
    const shifted = bias ? w.op('Add', [product, w.weight(bias.expand(1))]) : product;
    return w.transpose(shifted, 0, 2, 1);
  },
  'fused-matmul': (w, x, { weight, bias }) =>
    plus(w, w.contrib('FusedMatMul', [x, w.weight(weight.transpose([1, 0]))], { transB: 1 }), bias),
  'fused-matmul-scaled': (w, x, { weight, bias }) => {
    const half = weight.map(`${weight.name}.half`, (number) => number / 2);
    return plus(w, w.contrib('FusedMatMul', [x, w.weight(half)], { alpha: { float: 2 } }), bias);
  },
  'two-halves': (w, x, { weight, bias }) => {
    const [, outputs] = weight.dims;
    const middle = Math.ceil(outputs / 2);
    const part = (name: string, from: number, to: number) => {
      const indices = Array.from({ length: to - from }, (_, at) => from + at);
      const { axes, data } = weight.take(1, indices);
      return w.op('MatMul', [x, w.weight(new Weight(`${weight.name}.${name}`, axes, data))]);
    };
    if (middle === outputs) return plus(w, part('all', 0, outputs), bias);
    return plus(w, w.concat(2, part('left', 0, middle), part('right', middle, outputs)), bias);
  },
} as const satisfies Record<string, LinearSpelling>;

/** Name of a spelling of a linear layer. */
export type LinearName = keyof typeof LINEARS;

/** Writes a linear layer. */
export function writeLinear(writer: SpellingWriter, name: LinearName, x: Value, weights: LinearWeights): Value {
  const spelling: LinearSpelling = LINEARS[name];
  return writer.noisy(spelling(writer, x, weights), 3);
}
