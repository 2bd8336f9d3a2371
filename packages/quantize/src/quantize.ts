import { cloneModel, foldConstants, type Model, type Node, SnpError } from '@snp/onnx';
import { quantizedProduct } from './int8/products.js';
import { quantizedTable } from './int8/tables.js';
import { Weights } from './int8/weights.js';
import type { QuantizedWeight } from './quantizedWeight.js';

/** Options of `quantize`. */
export interface QuantizeOptions {
  /** Form of the result. `int8`: weights of matrix products and tables in 8 bits, one scale per channel; activations are rounded while the model runs, so that no data are needed. */
  to: 'int8';
}

/** What `quantize` made. */
export interface QuantizedModel {
  model: Model;
  weights: readonly QuantizedWeight[];
  /** Nodes with weights that stay in floating point, by the reason. */
  left: readonly { node: string; operator: string; reason: string }[];
}

/** The first operator set with integer products and rounding at run time. */
const OPSET = 11;

/**
 * Quantises a model as onnxruntime's dynamic quantisation does: MatMul and Gemm with constant weights become DynamicQuantizeLinear and MatMulInteger, which onnxruntime joins to one operator, and rows of large
 * tables (embeddings) are taken in 8 bits. Convolutions, products of two activations and all else stay in floating point. The model is left as it is.
 *
 * On processors with AVX2 or AVX512 but without VNNI, onnxruntime's products of unsigned and signed 8-bit numbers may saturate: compare answers on the device.
 *
 * @throws SnpError `unsupported` if nothing can be quantised, or the operator set is older than 11; `invalid-argument` for an unknown option.
 * @example
 * const { model, weights, left } = quantize(await readModel('vit.onnx'), { to: 'int8' });
 * await writeModel(model, 'vit.int8.onnx');
 * console.log(weights.length, 'weights in 8 bits;', left.length, 'nodes stay');
 */
export function quantize(source: Model, options: QuantizeOptions): QuantizedModel {
  check(options);
  if (source.opset < OPSET)
    throw new SnpError(
      'unsupported',
      `The model uses operator set ${source.opset}; integer products need ${OPSET}. Export it anew with a newer one.`,
    );
  const model = cloneModel(source);
  foldConstants(model);
  const { graph } = model;
  const weights = new Weights(model);
  const left: { node: string; operator: string; reason: string }[] = [];
  for (const node of [...graph.nodes]) {
    const reason = HANDLERS[node.op]?.(weights, node);
    if (typeof reason === 'string') left.push({ node: node.name, operator: node.op, reason });
  }
  graph.removeDead();
  if (weights.rounded.length === 0)
    throw new SnpError(
      'unsupported',
      `Nothing can be quantised: ${left.length === 0 ? 'the model has no products with constant weights' : left[0].reason}.`,
    );
  return { model, weights: weights.rounded, left };
}

/** By operator: quantises a node, or says why it stays; undefined: quantised, or nothing to say. */
const HANDLERS: Readonly<Record<string, (weights: Weights, node: Node) => string | undefined>> = {
  MatMul: quantizedProduct,
  Gemm: quantizedProduct,
  Gather: quantizedTable,
  Conv: () => 'convolutions stay in floating point: their integer kernels are slower',
};

function check(options: QuantizeOptions): void {
  const unknown = Object.keys(options ?? {}).find((name) => name !== 'to');
  if (unknown !== undefined)
    throw new SnpError('invalid-argument', `quantize has no option '${unknown}'. It has 'to'.`);
  if (options?.to !== 'int8')
    throw new SnpError('invalid-argument', `'to' must be 'int8', not ${JSON.stringify(options?.to)}.`);
}
