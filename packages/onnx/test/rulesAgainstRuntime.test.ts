import { describe, expect, it } from 'vitest';
import { evaluateDim, inferShapes, Tensor } from '../src/index.js';
import { floats, int, ints, type OperandInit, type OperatorInit, operatorModel } from './support/graphs.js';
import { feedOf, plainSession, typeOf } from './support/runtime.js';

const f = (...shape: (number | string)[]): OperandInit => ({ shape });
const i = (...shape: (number | string)[]): OperandInit => ({ shape, type: 'INT64' });
const zeros = (...dims: number[]) => floats(dims, new Array<number>(dims.reduce((a, b) => a * b, 1)).fill(0));
const bool = Tensor.of('BOOL', [], Uint8Array.of(1));
const ms = 'com.microsoft';

/** Sizes of the symbolic dimensions in the cases below. */
const SIZES = { b: 2, s: 5, h: 7 };

const CASES: OperatorInit[] = [
  { op: 'Squeeze', opset: 11, inputs: [f('b', 1, 's', 1)], attributes: { axes: [1, -1] } },
  { op: 'Squeeze', opset: 13, inputs: [f('b', 1, 's', 1), ints(-3)] },
  { op: 'Squeeze', opset: 13, inputs: [f(3, 1, 5, 1)] },
  { op: 'Unsqueeze', opset: 11, inputs: [f('b', 's')], attributes: { axes: [0, 3] } },
  { op: 'Unsqueeze', opset: 13, inputs: [f('b', 's'), ints(-1, 1)] },
  {
    op: 'Slice',
    opset: 9,
    inputs: [f('b', 's', 8)],
    attributes: { starts: [1, -6], ends: [9223372036854775807n, -1n], axes: [1, 2] },
  },
  { op: 'Slice', inputs: [f('b', 's', 8), ints(-1, 6), ints(-100, 1), ints(1, 2), ints(-1, -2)] },
  { op: 'Slice', inputs: [f(3, 's'), ints(0, 1), ints(3, -1)] },
  { op: 'Split', opset: 11, inputs: [f('b', 9)], attributes: { axis: 1, split: [2, 7] }, outputs: 2 },
  { op: 'Split', opset: 13, inputs: [f('b', 9), ints(2, 3, 4)], attributes: { axis: -1 }, outputs: 3 },
  { op: 'Split', opset: 18, inputs: [f('b', 's')], attributes: { axis: 1, num_outputs: 2 }, outputs: 2 },
  { op: 'Reshape', inputs: [f('b', 's', 12), ints(0, -1, 3, 4)] },
  { op: 'Reshape', inputs: [f(0, 3), ints(0, 7)], attributes: { allowzero: 1 } },
  { op: 'Flatten', inputs: [f('b', 3, 's')], attributes: { axis: -1 } },
  { op: 'Transpose', inputs: [f('b', 3, 's')] },
  { op: 'Expand', inputs: [f('b', 1, 3), ints(4, 1, 5, 1)] },
  { op: 'Tile', inputs: [f('b', 's'), ints(2, 3)] },
  { op: 'Shape', opset: 15, inputs: [f('b', 3, 's')], attributes: { start: -2 } },
  { op: 'Concat', inputs: [f('b', 's'), f('b', 3), f('b', 's')], attributes: { axis: -1 } },
  { op: 'Pad', opset: 9, inputs: [f('b', 's')], attributes: { pads: [0, 1, 2, 3] } },
  { op: 'Pad', opset: 18, inputs: [f('b', 's', 3), ints(1, 2), undefined, ints(-1)] },
  { op: 'Gather', inputs: [f('b', 's', 3), i(2, 4)], attributes: { axis: 1 } },
  { op: 'GatherElements', inputs: [f('s', 3), i(2, 3)], attributes: { axis: 0 } },
  { op: 'GatherND', inputs: [f('b', 's', 3), i('b', 4, 1)], attributes: { batch_dims: 1 } },
  { op: 'ScatterND', inputs: [f('s', 3), i(2, 1), f(2, 3)] },
  { op: 'OneHot', inputs: [i('b', 's'), int(6), floats([2], [0, 1])], attributes: { axis: 1 } },
  { op: 'TopK', inputs: [f('b', 's'), ints(3)], outputs: 2 },
  { op: 'Trilu', inputs: [f('b', 's', 's')] },
  { op: 'Compress', inputs: [f(4, 's'), Tensor.of('BOOL', [4], Uint8Array.of(1, 0, 1, 1))], attributes: { axis: 1 } },
  { op: 'CumSum', inputs: [f('b', 's'), int(1)] },
  { op: 'Where', inputs: [{ shape: ['b', 1], type: 'BOOL' }, f('s'), f()] },
  { op: 'Max', inputs: [f('b', 1, 's'), f(3, 1), f()] },
  { op: 'Pow', inputs: [f('b', 's'), i()] },
  { op: 'Equal', inputs: [i('b', 1), i('s')] },
  { op: 'Clip', inputs: [f('b', 's'), floats([], [0])] },
  { op: 'PRelu', inputs: [f('b', 3, 's'), f(3, 1)] },
  { op: 'Dropout', inputs: [f('b', 's')], outputs: 2 },
  { op: 'ReduceMean', opset: 17, inputs: [f('b', 's', 3)], attributes: { axes: [-1], keepdims: 0 } },
  { op: 'ReduceMean', opset: 18, inputs: [f('b', 's', 3), ints(1)] },
  { op: 'ReduceSum', opset: 13, inputs: [f('b', 's', 3)], attributes: { noop_with_empty_axes: 1 } },
  { op: 'ReduceMax', opset: 17, inputs: [f('b', 's', 3)], attributes: { keepdims: 0 } },
  { op: 'ArgMax', inputs: [f('b', 's', 3)], attributes: { axis: 1, keepdims: 0 } },
  { op: 'MatMul', inputs: [f('b', 1, 's', 4), f(3, 4, 6)] },
  { op: 'MatMul', inputs: [f(4), f(3, 4, 6)] },
  { op: 'MatMul', inputs: [f('b', 's', 4), f(4)] },
  { op: 'Gemm', inputs: [f(4, 'b'), f(6, 4), f(6)], attributes: { transA: 1, transB: 1 } },
  { op: 'Einsum', inputs: [f('b', 's', 3, 4), f('b', 'h', 3, 4)], attributes: { equation: 'bqhd,bkhd->bhqk' } },
  { op: 'Einsum', inputs: [f('b', 3, 's', 4), f(4, 6)], attributes: { equation: '...i,ij->...j' } },
  { op: 'Einsum', inputs: [f(3, 's'), f('s', 4)], attributes: { equation: 'zy,yx' } },
  {
    op: 'Conv',
    inputs: [f('b', 4, 'h', 9), zeros(6, 2, 3, 2)],
    attributes: { group: 2, strides: [2, 3], pads: [1, 0, 1, 1], dilations: [1, 2] },
  },
  {
    op: 'Conv',
    inputs: [f('b', 4, 'h', 9), zeros(6, 4, 3, 3)],
    attributes: { auto_pad: 'SAME_UPPER', strides: [2, 2] },
  },
  {
    op: 'ConvTranspose',
    inputs: [f('b', 4, 'h', 5), zeros(4, 3, 3, 3)],
    attributes: { group: 2, strides: [2, 2], pads: [1, 1, 1, 1], output_padding: [1, 0] },
  },
  {
    op: 'MaxPool',
    inputs: [f('b', 3, 10, 10)],
    attributes: { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 },
    outputs: 2,
  },
  {
    op: 'AveragePool',
    inputs: [f('b', 3, 'h', 8)],
    attributes: { kernel_shape: [2, 3], strides: [2, 2], pads: [0, 1, 0, 1] },
  },
  {
    op: 'AveragePool',
    opset: 19,
    inputs: [f('b', 3, 7, 8)],
    attributes: { kernel_shape: [2, 2], strides: [3, 3], pads: [0, 0, 1, 1], ceil_mode: 1 },
  },
  { op: 'GlobalAveragePool', inputs: [f('b', 3, 'h', 8)] },
  { op: 'DepthToSpace', inputs: [f('b', 8, 'h', 3)], attributes: { blocksize: 2 } },
  { op: 'SpaceToDepth', inputs: [f('b', 2, 4, 6)], attributes: { blocksize: 2 } },
  { op: 'Resize', inputs: [f('b', 3, 'h', 8), undefined, floats([4], [1, 1, 2, 1.3])] },
  { op: 'Resize', inputs: [f('b', 3, 'h', 8), undefined, undefined, ints(2, 3, 9, 11)] },
  {
    op: 'Resize',
    opset: 18,
    inputs: [f('b', 3, 6, 8), undefined, undefined, ints(9, 9)],
    attributes: { axes: [2, 3], keep_aspect_ratio_policy: 'not_larger' },
  },
  { op: 'GridSample', opset: 16, inputs: [f('b', 3, 4, 4), f('b', 'h', 6, 2)] },
  { op: 'BatchNormalization', inputs: [f('b', 3, 's'), zeros(3), zeros(3), zeros(3), zeros(3)] },
  { op: 'LayerNormalization', inputs: [f('b', 's', 6), zeros(6), zeros(6)], outputs: 3 },
  { op: 'GroupNormalization', opset: 21, inputs: [f('b', 4, 's'), zeros(4), zeros(4)], attributes: { num_groups: 2 } },
  { op: 'RMSNormalization', opset: 23, inputs: [f('b', 's', 6), zeros(6)] },
  { op: 'Softmax', opset: 11, inputs: [f('b', 3, 's')], attributes: { axis: 1 } },
  { op: 'Range', inputs: [int(9), int(0), int(-2)] },
  { op: 'ConstantOfShape', inputs: [ints(2, 0, 3)], attributes: { value: ints(7) } },
  { op: 'EyeLike', inputs: [f('b', 's')], attributes: { dtype: 7 } },
  { op: 'NonZero', inputs: [zeros(3, 4)] },
  {
    op: 'LSTM',
    inputs: [f('s', 'b', 4), zeros(2, 24, 4), zeros(2, 24, 6)],
    attributes: { hidden_size: 6, direction: 'bidirectional' },
    outputs: 3,
  },
  {
    op: 'GRU',
    opset: 14,
    inputs: [f('s', 'b', 4), zeros(1, 18, 4), zeros(1, 18, 6)],
    attributes: { hidden_size: 6 },
    outputs: 2,
  },
  { op: 'DynamicQuantizeLinear', inputs: [f('b', 's')], outputs: 3 },
  { op: 'QuantizeLinear', inputs: [f('b', 's'), floats([], [1])] },
  { op: 'Dropout', opset: 13, inputs: [f('b', 's'), floats([], [0.5]), bool], outputs: 2 },
  { op: 'Attention', opset: 23, inputs: [f('b', 4, 's', 8), f('b', 2, 'h', 8), f('b', 2, 'h', 6)] },
  {
    op: 'Attention',
    opset: 23,
    inputs: [f('b', 's', 32), f('b', 'h', 32), f('b', 'h', 24)],
    attributes: { q_num_heads: 4, kv_num_heads: 4 },
  },
  {
    op: 'Attention',
    opset: 23,
    inputs: [f('b', 4, 's', 8), f('b', 4, 's', 8), f('b', 4, 's', 6), undefined, f('b', 4, 3, 8), f('b', 4, 3, 6)],
    outputs: 3,
  },
  { op: 'RotaryEmbedding', opset: 23, inputs: [f('b', 4, 's', 8), f('b', 's', 4), f('b', 's', 4)] },
  { op: 'BiasGelu', domain: ms, inputs: [f('b', 's', 6), zeros(6)] },
  { op: 'FastGelu', domain: ms, inputs: [f('b', 's', 6)] },
  { op: 'QuickGelu', domain: ms, inputs: [f('b', 's', 6)] },
  { op: 'FusedMatMul', domain: ms, inputs: [f('b', 's', 6), f('b', 'h', 6)], attributes: { transB: 1, alpha: 0.5 } },
  { op: 'FusedMatMul', domain: ms, inputs: [f('s', 'b', 4, 6), f('b', 4, 6, 3)], attributes: { transBatchA: 1 } },
  {
    op: 'FusedGemm',
    domain: ms,
    inputs: [f('b', 6), f(3, 6), zeros(3)],
    attributes: { transB: 1, activation: 'Relu' },
  },
  {
    op: 'FusedConv',
    domain: ms,
    inputs: [f('b', 4, 'h', 5), zeros(3, 4, 3, 3)],
    attributes: { activation: 'Relu', pads: [1, 1, 1, 1] },
  },
  { op: 'SkipLayerNormalization', domain: ms, inputs: [f('b', 's', 6), f('b', 's', 6), zeros(6), zeros(6)] },
  { op: 'SkipSimplifiedLayerNormalization', domain: ms, inputs: [f('b', 's', 6), f('b', 's', 6), zeros(6)] },
  { op: 'SimplifiedLayerNormalization', inputs: [f('b', 's', 6), zeros(6)] },
  { op: 'Attention', domain: ms, inputs: [f('b', 's', 6), zeros(6, 24), zeros(24)], attributes: { num_heads: 2 } },
  {
    op: 'Attention',
    domain: ms,
    inputs: [f('b', 's', 6), zeros(6, 24), zeros(24), undefined, f(2, 'b', 2, 3, 4)],
    attributes: { num_heads: 2 },
    outputs: 2,
  },
  {
    op: 'Attention',
    domain: ms,
    inputs: [f('b', 's', 6), zeros(6, 20), zeros(20)],
    attributes: { num_heads: 2, qkv_hidden_sizes: [8, 8, 4] },
  },
  {
    op: 'MultiHeadAttention',
    domain: ms,
    inputs: [f('b', 's', 8), f('b', 'h', 8), f('b', 'h', 12)],
    attributes: { num_heads: 2 },
  },
  {
    op: 'MultiHeadAttention',
    domain: ms,
    inputs: [
      f('b', 's', 8),
      f('b', 's', 8),
      f('b', 's', 8),
      undefined,
      undefined,
      undefined,
      f('b', 2, 3, 4),
      f('b', 2, 3, 4),
    ],
    attributes: { num_heads: 2 },
    outputs: 3,
  },
  {
    op: 'GroupQueryAttention',
    domain: ms,
    inputs: [
      f('b', 5, 64),
      f('b', 5, 32),
      f('b', 5, 32),
      undefined,
      undefined,
      Tensor.of('INT32', [2], Int32Array.of(4, 4)),
      Tensor.of('INT32', [], Int32Array.of(5)),
    ],
    attributes: { num_heads: 4, kv_num_heads: 2 },
    outputs: 3,
  },
  {
    op: 'EmbedLayerNormalization',
    domain: ms,
    inputs: [{ shape: ['b', 's'], type: 'INT32' }, undefined, zeros(9, 8), zeros(9, 8), undefined, zeros(8), zeros(8)],
    outputs: 2,
  },
];

describe('shape rules against onnxruntime', () => {
  it.each(CASES.map((init, index) => [`${index} ${init.domain ?? ''} ${init.op}-${init.opset ?? 17}`, init] as const))(
    '%s',
    async (_, init) => {
      const model = operatorModel(init);
      const shapes = inferShapes(model);
      for (const output of model.graph.outputs) {
        const elementType = shapes.elementType(output);
        expect(elementType).toBeDefined();
        output.type = { elementType: elementType!, shape: undefined };
      }
      const feeds = Object.fromEntries(
        model.graph.inputs.map((value) => [
          value.name,
          feedOf(
            value.type!.elementType,
            shapes.shape(value)!.map((dim) => evaluateDim(dim, SIZES)),
          ),
        ]),
      );
      const session = await plainSession(model);
      const results = await session.run(feeds);
      for (const output of model.graph.outputs) {
        const result = results[output.name];
        // How many rows a data-dependent operator keeps is its only unknown.
        const sizes = { ...SIZES, '?y0.0': result.dims[0], '?y0.1': result.dims[1] };
        expect(
          shapes.shape(output)!.map((dim) => evaluateDim(dim, sizes)),
          output.name,
        ).toEqual(result.dims);
        expect(typeOf(result)).toBe(shapes.elementType(output));
      }
      await session.release();
    },
  );
});
