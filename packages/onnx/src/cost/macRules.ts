import { addDims, type Dim, mulDims, productOf } from '../shape/dim.js';
import { floorDivDims } from '../shape/dimFunctions.js';
import { einsumDims, parseEinsum } from '../shape/einsum.js';
import { attentionMacRules } from './attentionMacs.js';
import type { MacRule } from './macRule.js';
import { type NodeShapes, unknownShape } from './nodeShapes.js';

function matMul(weight: number): MacRule {
  // A vector's only dimension is the contracted one.
  return (at) => mulDims(productOf(at.output(0)), at.input(weight).length > 1 ? at.dim(weight, -2) : at.dim(weight, 0));
}

/** The contracted dimension is the last of B if B is transposed, else the one before it (the first, if moved there). */
function fusedMatMul(at: NodeShapes): Dim {
  return mulDims(productOf(at.output(0)), at.node.int('transB', 0) ? at.dim(1, -1) : contractedOf(at));
}

function contractedOf(at: NodeShapes): Dim {
  return at.node.int('transBatchB', 0) && at.input(1).length > 2 ? at.dim(1, 0) : at.dim(1, -2);
}

function gemm(a: number): MacRule {
  return (at) => mulDims(productOf(at.output(0)), at.dim(a, at.node.int('transA', 0) ? 0 : 1));
}

/** Each output element takes one window over the channels of its group. */
function convolution(weight: number): MacRule {
  return (at) => mulDims(productOf(at.output(0)), productOf(at.input(weight).slice(1)));
}

/** Each input element spreads over one window of the channels of its group. */
function transposedConvolution(at: NodeShapes): Dim {
  return mulDims(productOf(at.input(0)), productOf(at.input(1).slice(1)));
}

/** Operands are taken in from left to right, as runtimes do; a step that sums over nothing contracts nothing. */
function einsum(at: NodeShapes): Dim {
  const equation = parseEinsum(at.node.string('equation', '')!) ?? unknownShape();
  const dims = einsumDims(
    equation,
    at.node.inputs.map((_, index) => at.input(index)),
  );
  let macs: Dim = 0;
  let left = [...equation.inputs[0]];
  for (let step = 1; step < equation.inputs.length; step++) {
    const later = new Set([...equation.inputs.slice(step + 1).flat(), ...equation.output]);
    const labels = [...new Set([...left, ...equation.inputs[step]])];
    const kept = labels.filter((label) => later.has(label));
    const sizes = labels.flatMap((label) => dims.get(label) ?? []).map((dim) => dim ?? unknownShape());
    if (kept.length < labels.length) macs = addDims(macs, productOf(sizes));
    left = kept;
  }
  return macs;
}

/** Per step and direction: gates x hidden rows over the input and the hidden state. */
function recurrent(at: NodeShapes): Dim {
  const [length, batch] = at.input(0);
  return productOf([length, batch, addDims(productOf(at.input(1)), productOf(at.input(2)))]);
}

function blockQuantized(at: NodeShapes): Dim {
  const rows = floorDivDims(productOf(at.input(0)), at.dim(0, -1));
  return productOf([rows, at.node.int('K', 0), at.node.int('N', 0)]);
}

/** Operators whose multiply-accumulate operations are counted, by `Node.op`. All others count as 0. */
export const MAC_RULES: ReadonlyMap<string, MacRule> = new Map<string, MacRule>([
  ['MatMul', matMul(1)],
  ['MatMulInteger', matMul(1)],
  ['QLinearMatMul', matMul(3)],
  ['com.microsoft.MatMulInteger16', matMul(1)],
  ['com.microsoft.MatMulIntegerToFloat', matMul(1)],
  ['com.microsoft.DynamicQuantizeMatMul', matMul(1)],
  ['com.microsoft.GemmFastGelu', matMul(1)],
  ['com.microsoft.FusedMatMul', fusedMatMul],
  ['com.microsoft.FusedMatMulActivation', fusedMatMul],
  ['com.microsoft.TransposeMatMul', fusedMatMul],
  ['com.microsoft.MatMulNBits', blockQuantized],
  ['com.microsoft.MatMulBnb4', blockQuantized],
  ['Gemm', gemm(0)],
  ['com.microsoft.FusedGemm', gemm(0)],
  ['com.microsoft.QGemm', gemm(0)],
  ['Conv', convolution(1)],
  ['ConvInteger', convolution(1)],
  ['DeformConv', convolution(1)],
  ['QLinearConv', convolution(3)],
  ['com.microsoft.FusedConv', convolution(1)],
  ['ConvTranspose', transposedConvolution],
  ['Einsum', einsum],
  ['LSTM', recurrent],
  ['GRU', recurrent],
  ['RNN', recurrent],
  ...Object.entries(attentionMacRules),
]);
