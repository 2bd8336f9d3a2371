import { describe, expect, it } from 'vitest';
import { type AttributeInit, costOf, foldConstants, Graph, inferShapes, Tensor } from '../src/index.js';
import { addInput, apply, emptyModel, floats, int, type OperandInit, operatorModel } from './support/graphs.js';

const zeros = (...dims: number[]) => floats(dims, new Array<number>(dims.reduce((a, b) => a * b, 1)).fill(0));
const macsOf = (
  op: string,
  inputs: OperandInit[],
  attributes: Record<string, AttributeInit> = {},
  domain = '',
  outputs = 1,
) => costOf(operatorModel({ op, domain, inputs, attributes, outputs, opset: 23 })).macs;

describe('costOf', () => {
  it('counts one multiplication per output element and contracted index', () => {
    // Every expected number is output elements times contracted length, written out.
    expect(macsOf('MatMul', [{ shape: [2, 5, 6] }, zeros(6, 7)])).toBe(2 * 5 * 7 * 6);
    expect(macsOf('MatMul', [{ shape: [6] }, zeros(6, 7)])).toBe(7 * 6);
    expect(macsOf('MatMul', [{ shape: [2, 3, 5, 6] }, { shape: [2, 3, 6, 5] }])).toBe(2 * 3 * 5 * 5 * 6);
    expect(macsOf('Gemm', [{ shape: [6, 4] }, zeros(7, 6), zeros(7)], { transA: 1, transB: 1 })).toBe(4 * 7 * 6);
    expect(macsOf('FusedMatMul', [{ shape: [2, 5, 6] }, { shape: [2, 7, 6] }], { transB: 1 }, 'com.microsoft')).toBe(
      2 * 5 * 7 * 6,
    );
    expect(macsOf('Einsum', [{ shape: [2, 5, 3, 8] }, { shape: [2, 7, 3, 8] }], { equation: 'bqhd,bkhd->bhqk' })).toBe(
      2 * 3 * 5 * 7 * 8,
    );
    expect(macsOf('Einsum', [{ shape: [4] }, { shape: [5] }], { equation: 'i,j->ij' })).toBe(0);
    expect(
      macsOf('Einsum', [{ shape: [4, 5] }, { shape: [5, 6] }, { shape: [6, 7] }], { equation: 'ab,bc,cd->ad' }),
    ).toBe(4 * 5 * 6 + 4 * 6 * 7);
  });

  it('counts windows per group in convolutions', () => {
    const grouped = { group: 2, pads: [1, 1, 1, 1] };
    expect(macsOf('Conv', [{ shape: [1, 8, 10, 10] }, zeros(12, 4, 3, 3)], grouped)).toBe(12 * 100 * 4 * 9);
    expect(macsOf('ConvTranspose', [{ shape: [1, 8, 5, 5] }, zeros(8, 6, 2, 2)], { strides: [2, 2] })).toBe(
      8 * 25 * 6 * 4,
    );
  });

  it('counts scores and their product with the values in attention operators', () => {
    const attention = 2 * 4 * 5 * 7 * (8 + 6);
    const [q, k, v] = [{ shape: [2, 4, 5, 8] }, { shape: [2, 4, 7, 8] }, { shape: [2, 4, 7, 6] }];
    expect(macsOf('Attention', [q, k, v])).toBe(attention);
    const flat = [{ shape: [2, 5, 32] }, { shape: [2, 7, 32] }, { shape: [2, 7, 24] }];
    expect(macsOf('Attention', flat, { q_num_heads: 4, kv_num_heads: 4 })).toBe(attention);
    expect(macsOf('MultiHeadAttention', flat, { num_heads: 4 }, 'com.microsoft')).toBe(attention);
    const fused = [{ shape: [2, 5, 16] }, zeros(16, 48), zeros(48)];
    expect(macsOf('Attention', fused, { num_heads: 4 }, 'com.microsoft')).toBe(2 * 5 * 16 * 48 + 2 * 5 * 5 * 32);
    const past = { shape: [2, 2, 3, 8] };
    const grouped = [{ shape: [2, 5, 32] }, { shape: [2, 5, 16] }, { shape: [2, 5, 16] }, past, past];
    const lengths = [{ shape: [2], type: 'INT32' as const }, Tensor.of('INT32', [], Int32Array.of(8))];
    const heads = { num_heads: 4, kv_num_heads: 2 };
    expect(macsOf('GroupQueryAttention', [...grouped, ...lengths], heads, 'com.microsoft', 3)).toBe(
      2 * 5 * 8 * (32 + 32),
    );
  });

  it('takes batch 1 and 128 for other symbols, and says so', () => {
    const model = operatorModel({ op: 'MatMul', inputs: [{ shape: ['batch', 'seq', 6] }, zeros(6, 7)] });
    const assumed = costOf(model);
    expect(assumed.macs).toBe(128 * 7 * 6);
    expect(assumed.dims).toEqual({ batch: 1, seq: 128 });
    expect(assumed.assumed).toEqual(['batch', 'seq']);
    const given = costOf(model, { dims: { seq: 10, batch: 2 }, shapes: inferShapes(model) });
    expect([given.macs, given.assumed, given.activationBytes]).toEqual([2 * 10 * 7 * 6, [], 2 * 10 * 7 * 4]);
    expect(() => costOf(model, { dims: { sequence: 10 } })).toThrow(/batch, seq/);
  });

  it('takes a cache for empty, as at prefill, and what counts all tokens for the sum', () => {
    const model = emptyModel();
    const query = addInput(model, 'query', ['batch', 'sequence', 6]);
    const past = addInput(model, 'past_key_values.0.key', ['batch', 'past_sequence', 6]);
    const mask = addInput(model, 'mask', ['batch', 1, 'total_sequence']);
    const keys = apply(model, 'Concat', [past, query], { axis: 1 });
    const scores = apply(model, 'MatMul', [query, apply(model, 'Transpose', [keys], { perm: [0, 2, 1] })]);
    apply(model, 'Add', [scores, mask]);
    const prefill = costOf(model);
    expect(prefill.dims).toEqual({ batch: 1, sequence: 128, past_sequence: 0, total_sequence: 128 });
    expect(prefill.macs).toBe(128 * 128 * 6);
    const token = costOf(model, { dims: { sequence: 1, past_sequence: 99 } });
    expect(token.dims.total_sequence).toBe(100);
    expect(token.macs).toBe(100 * 6);
  });

  it('counts each parameter once, and neither scalars nor running statistics', () => {
    const model = emptyModel();
    const x = addInput(model, 'x', ['batch', 4, 2, 2]);
    const shared = model.graph.addInitializer('shared', zeros(4, 1, 1));
    const statistics = ['scale', 'shift', 'mean', 'variance'].map((name) => model.graph.addInitializer(name, zeros(4)));
    const sum = apply(model, 'Add', [apply(model, 'Mul', [x, shared]), shared]);
    const scaled = apply(model, 'Mul', [sum, model.graph.addInitializer('eps', zeros(1, 1))]);
    const constant = apply(model, 'Constant', [], { value: zeros(1, 4, 1, 1) });
    const shifted = apply(model, 'Add', [scaled, constant]);
    const output = apply(model, 'BatchNormalization', [shifted, ...statistics]);
    model.graph.outputs.push(output);
    const cost = costOf(model);
    // shared 4, the Constant 4, scale and shift 4 each.
    expect([cost.params, cost.bytes]).toEqual([16, 64]);
    expect(cost.nodes.map(({ node, params }) => [node.op, params])).toEqual([
      ['Mul', 4],
      ['Add', 0],
      ['Mul', 0],
      ['Constant', 0],
      ['Add', 4],
      ['BatchNormalization', 8],
    ]);
    foldConstants(model);
    expect(costOf(model).params).toBe(16);
  });

  it('counts the dearest branch of an If and every iteration of a Loop', () => {
    const model = emptyModel();
    const x = addInput(model, 'x', [2, 6]);
    const branch = (width: number) => {
      const graph = new Graph(`branch${width}`, model.graph);
      const weight = graph.addInitializer(`weight${width}`, zeros(6, width));
      const product = graph.addNode({ op: 'MatMul', inputs: [x, weight], outputs: [`product${width}`] });
      graph.outputs.push(product.outputs[0]!);
      return { type: 'GRAPH', value: graph } as const;
    };
    apply(model, 'If', [addInput(model, 'flag', [], 'BOOL')], { then_branch: branch(3), else_branch: branch(5) });
    const body = branch(4);
    body.value.inputs.push(...['i', 'going'].map((name) => body.value.addValue(name)));
    body.value.outputs.unshift(body.value.inputs[1]);
    model.graph.addNode({
      op: 'Loop',
      inputs: [model.graph.addInitializer('trips', int(3)), undefined],
      outputs: ['stacked'],
      attributes: { body },
    });
    const cost = costOf(model);
    expect(cost.macs).toBe(2 * 5 * 6 + 3 * 2 * 4 * 6);
    expect(cost.params).toBe(6 * (3 + 5 + 4));
  });

  it('names what it could not count', () => {
    const model = emptyModel();
    const x = addInput(model, 'x', [2, 6]);
    const unknown = model.graph.addNode({ op: 'Mystery', domain: 'example', inputs: [x], outputs: ['unknown'] });
    apply(model, 'MatMul', [x, unknown.outputs[0]]);
    const cost = costOf(model);
    expect(cost.uncounted.map((node) => node.op)).toEqual(['MatMul']);
    expect(cost.macs).toBe(0);
  });
});
