import type { DataType } from '../../tensor/dataType.js';
import { broadcastShapes } from '../broadcast.js';
import type { Dim } from '../dim.js';
import { einsumShape, parseEinsum } from '../einsum.js';
import type { OutputFacts } from '../facts.js';
import { type OperatorCall, withDim } from '../operatorCall.js';
import type { ShapeRule, ShapeRules } from '../shapeRule.js';
import { attributeType } from './constants.js';

/** Matrix products. */
export const matrixRules: ShapeRules = {
  MatMul: productRule(0, 1),
  MatMulInteger: productRule(0, 1, 'INT32'),
  QLinearMatMul: quantizedProductRule,
  Gemm: gemmRule,
  Einsum: einsumRule,
  Det: (call) => [{ type: call.type(0), shape: call.shape(0)?.slice(0, -2) }],
  'com.microsoft.MatMulInteger16': productRule(0, 1, 'INT32'),
  'com.microsoft.MatMulIntegerToFloat': (call) => [
    { type: call.type(2), shape: productShape(call.shape(0), call.shape(1)) },
  ],
  'com.microsoft.DynamicQuantizeMatMul': productRule(0, 1, 'FLOAT'),
  'com.microsoft.FusedMatMul': fusedProductRule,
  'com.microsoft.FusedMatMulActivation': fusedProductRule,
  'com.microsoft.TransposeMatMul': fusedProductRule,
  'com.microsoft.FusedGemm': gemmRule,
  'com.microsoft.GemmFastGelu': productRule(0, 1),
  'com.microsoft.QGemm': (call) => [{ type: call.type(8) ?? 'FLOAT', shape: gemmShape(call, 0, 3) }],
  'com.microsoft.MatMulNBits': blockQuantizedRule,
  'com.microsoft.MatMulBnb4': blockQuantizedRule,
  'com.microsoft.MatMulFpQ4': (call) => [{ type: call.type(0), shape: widened(call, undefined) }],
};

function productRule(a: number, b: number, type?: DataType): ShapeRule {
  return (call) => [{ type: type ?? call.type(a), shape: productShape(call.shape(a), call.shape(b)) }];
}

/** numpy.matmul: vectors gain a dimension that the result loses again; leading dimensions broadcast. */
function productShape(a: readonly Dim[] | undefined, b: readonly Dim[] | undefined): (Dim | undefined)[] | undefined {
  if (!a || !b || a.length === 0 || b.length === 0) return undefined;
  const batch = broadcastShapes([a.slice(0, -2), b.slice(0, -2)])!;
  const rows = a.length > 1 ? [a[a.length - 2]] : [];
  const columns = b.length > 1 ? [b[b.length - 1]] : [];
  return [...batch, ...rows, ...columns];
}

function quantizedProductRule(call: OperatorCall): OutputFacts[] {
  return [{ type: call.type(7), shape: productShape(call.shape(0), call.shape(3)) }];
}

function fusedProductRule(call: OperatorCall): OutputFacts[] {
  const a = turned(call.shape(0), call, 'A');
  const b = turned(call.shape(1), call, 'B');
  return [{ type: call.type(0), shape: productShape(a, b) }];
}

/** `transBatchA` moves the first dimension next to the last, `transA` swaps the last two (onnxruntime's order). */
function turned(shape: readonly Dim[] | undefined, call: OperatorCall, side: 'A' | 'B'): readonly Dim[] | undefined {
  if (!shape || shape.length < 2) return shape;
  const batch = call.node.int(`transBatch${side}`, 0) !== 0;
  const moved = batch ? [...shape.slice(1, -1), shape[0], shape[shape.length - 1]] : [...shape];
  if (call.node.int(`trans${side}`, 0) === 0) return moved;
  return [...moved.slice(0, -2), moved[moved.length - 1], moved[moved.length - 2]];
}

function gemmRule(call: OperatorCall): OutputFacts[] {
  return [{ type: call.type(0), shape: gemmShape(call, 0, 1) }];
}

function gemmShape(call: OperatorCall, a: number, b: number): (Dim | undefined)[] {
  const rows = call.dim(a, call.node.int('transA', 0) ? 1 : 0);
  const columns = call.dim(b, call.node.int('transB', 0) ? 0 : 1);
  return [rows, columns];
}

/** The weight is packed; the attribute N is the output width. */
function blockQuantizedRule(call: OperatorCall): OutputFacts[] {
  return [
    {
      type: attributeType(call, 'output_type') ?? call.type(0),
      shape: widened(call, call.node.int('N')),
    },
  ];
}

function einsumRule(call: OperatorCall): OutputFacts[] {
  const type = call.type(0);
  const shapes = call.node.inputs.map((_, index) => call.shape(index));
  const equation = parseEinsum(call.node.string('equation', '')!);
  if (!equation || shapes.some((shape) => !shape)) return [{ type }];
  return [{ type, shape: einsumShape(equation, shapes as (readonly Dim[])[]) }];
}

/** The first input's shape with `width` as its last dimension. */
function widened(call: OperatorCall, width: Dim | undefined): (Dim | undefined)[] | undefined {
  const shape = call.shape(0);
  return shape && withDim(shape, shape.length - 1, width);
}
