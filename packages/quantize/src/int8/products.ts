import type { Node, Tensor, Value } from '@snp/onnx';
import { FLOAT_CODE, GIVEN, type Weights } from './weights.js';

/** Smaller weights cost more to quantise at run time than they save. */
const LEAST_SIZE = 1024;

/** A matrix product with a constant second factor. */
interface Product {
  weight: Value;
  /** Axis of the columns of the product in the weight as it is stored; 0: it is read with rows and columns exchanged. */
  columns: 0 | 1;
  bias: Value | undefined;
}

/**
 * Writes a product with a constant second factor in integers: y = (q(x) q(w)) (s(x) s(w)) + b, in the form that onnxruntime joins to `DynamicQuantizeMatMul`.
 *
 * @returns Why it stays as it is; undefined where it was written, or has no weights.
 */
export function quantizedProduct(weights: Weights, node: Node): string | undefined {
  const found = productOf(weights, node);
  if (typeof found !== 'object') return found;
  const { weight, columns, bias } = found;
  const { graph } = weights;
  const x = node.inputs[0]!;
  const output = node.outputs[0]!;
  const insert = (op: string, inputs: readonly Value[], outputs: (string | Value)[], attributes = {}) =>
    graph.addNode({ op, inputs: [...inputs], outputs, attributes, before: node }).outputs as Value[];
  const name = (what: string) => `${output.name}_${what}`;
  const { numbers, scales } = weights.read(weight, columns, { use: 'product', turned: columns === 0 });
  const [rounded, scale, zero] = weights.activation(x, () =>
    insert('DynamicQuantizeLinear', [x], [`${x.name}_uint8`, `${x.name}_scale`, `${x.name}_zero`]),
  );
  const [whole] = insert('MatMulInteger', [rounded, numbers, zero], [name('int32')]);
  const [single] = insert('Cast', [whole], [name('float')], { to: FLOAT_CODE });
  const [both] = insert('Mul', [scale, scales], [name('scales')]);
  // The result is the same value as before: whoever reads it, and an output of the graph, goes on with it.
  node.outputs[0] = undefined;
  if (bias) insert('Add', [insert('Mul', [single, both], [name('product')])[0], bias], [output]);
  else insert('Mul', [single, both], [output]);
  graph.removeNodes([node]);
  return undefined;
}

function productOf(weights: Weights, node: Node): Product | string | undefined {
  const [x, second, bias] = node.inputs;
  if (!x || !second) return undefined;
  const stored = storedMatrix(second);
  if (!stored) return second.tensor ? weightReason(second.tensor) : undefined;
  const { weight, turned } = stored;
  if (weights.isGiven(weight)) return GIVEN;
  if (x.tensor) return 'both factors are constant';
  if (weight.tensor!.size < LEAST_SIZE) return `its weight has fewer than ${LEAST_SIZE} numbers`;
  if (node.op === 'MatMul') return { weight, columns: turned ? 0 : 1, bias: undefined };
  if (node.int('transA', 0) !== 0 || node.float('alpha', 1) !== 1 || (bias && node.float('beta', 1) !== 1))
    return 'its factors or sums are scaled or turned (transA, alpha, beta)';
  return { weight, columns: (node.int('transB', 0) !== 0) === turned ? 1 : 0, bias };
}

/** The constant matrix of float32 numbers that a value is, or is the transpose of. */
function storedMatrix(value: Value): { weight: Value; turned: boolean } | undefined {
  if (isMatrix(value.tensor)) return { weight: value, turned: false };
  const { producer } = value;
  const source = producer?.op === 'Transpose' ? producer.inputs[0] : undefined;
  return source && isMatrix(source.tensor) ? { weight: source, turned: true } : undefined;
}

const isMatrix = (tensor: Tensor | undefined) => tensor?.dataType === 'FLOAT' && tensor.dims.length === 2;

function weightReason({ dataType, dims }: Tensor): string {
  if (dataType === 'FLOAT') return `its weight has ${dims.length} axes, not two`;
  return `its weight holds ${dataType} numbers, not float32`;
}
