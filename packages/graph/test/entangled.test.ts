import { foldConstants, Graph, Node, Tensor, type Value } from '@snp/onnx';
import { GraphBuilder, random } from '@snp/testing';
import { describe, expect, it } from 'vitest';
import { analyze } from '../src/index.js';

/** Graphs of a few thousand nodes that exact searches take minutes, or for ever, for. */
describe('entangled graphs', () => {
  const WIDTH = 16;

  it('ends where joined positions double and everything after works on them', () => {
    const { builder, x, linear, op, close } = stream();
    let wide = linear(x);
    for (let round = 0; round < 15; round++) wide = op('Concat', [wide, op('Neg', [wide])], { axis: -1 });
    for (let step = 0; step < 1500; step++) wide = op('Add', [wide, op('Tanh', [wide])]);
    close(linear(op('ReduceMean', [op('Reshape', [wide, builder.ints('', [0, -1, WIDTH])])], { axes: [1] })));
    const { frozen } = analyze(builder.model);
    expect(frozen.some(({ reason }) => reason.reason.includes('too entangled'))).toBe(true);
  }, 30_000);

  it('ends where each statistic of a norm is read by several, again and again', () => {
    const { builder, x, linear, op, close } = stream();
    const hidden = linear(x);
    let statistics = [op('ReduceMean', [op('Mul', [hidden, hidden])], { axes: [-1], keepdims: 1 })];
    for (let round = 0; round < 14; round++) {
      const [first] = statistics;
      statistics = Array.from({ length: 8 }, () => op('Identity', [first]));
    }
    close(linear(op('Mul', [hidden, op('Sum', statistics)])));
    expect(analyze(builder.model).groups).toEqual([]);
  }, 30_000);

  it('follows a branch of thousands of nodes without a stack for them', () => {
    const { builder, x, linear, op, close } = stream();
    const residual = linear(x);
    let branch = linear(residual);
    for (let step = 0; step < 20_000; step++) branch = op('Relu', [branch]);
    close(linear(op('Add', [residual, linear(branch)])));
    const { branches } = analyze(builder.model);
    expect(branches.map(({ holds, nodes }) => [holds, nodes.size])).toEqual([['ffn', 20_002]]);
  }, 30_000);

  it('finds the inner branches where thousands lie in one another', () => {
    const { builder, x, linear, op, close } = stream();
    const skips: Value[] = [];
    let value = linear(x);
    for (let level = 0; level < 1000; level++) {
      skips.push(value);
      value = op('Relu', [linear(value)]);
    }
    for (const skip of skips.reverse()) value = op('Add', [skip, op('Relu', [value])]);
    close(linear(value));
    const { branches, groups } = analyze(builder.model);
    expect(groups).toHaveLength(1);
    const held = branches.reduce((sum, { nodes }) => sum + nodes.size, 0);
    expect(held).toBeLessThan(64 * builder.model.graph.nodes.length);
  }, 30_000);

  it('ends where thousands of bodies read the same values', () => {
    const { builder, x, linear, op, close } = stream();
    const { graph } = builder.model;
    const condition = builder.input('condition', 'BOOL', []);
    const hidden = linear(x);
    let value = hidden;
    const body = (name: string) => {
      const inner = new Graph(name, graph);
      const output = inner.addValue(`${name}_output`);
      inner.insert(new Node('Add', [value, hidden], [output]));
      inner.outputs.push(output);
      return { type: 'GRAPH' as const, value: inner };
    };
    for (let at = 0; at < 2000; at++)
      value = op('If', [condition], { then_branch: body(`then_${at}`), else_branch: body(`else_${at}`) });
    close(linear(value));
    foldConstants(builder.model);
    const { frozen, groups } = analyze(builder.model);
    expect(groups).toEqual([]);
    expect(frozen.some(({ reason }) => /branch|body/.test(reason.reason))).toBe(true);
  }, 30_000);

  it('leaves groups whose weights and products are too many, and says so', () => {
    const { builder, x, op, close, weight } = stream();
    const layers = [op('MatMul', [x, weight(WIDTH, 4)])];
    for (let layer = 1; layer < 400; layer++) {
      const joined = op('Concat', layers, { axis: -1 });
      layers.push(op('Relu', [op('MatMul', [joined, weight(4 * layer, 4)])]));
    }
    close(op('MatMul', [op('Concat', layers, { axis: -1 }), weight(1600, WIDTH)]));
    const { groups, frozen } = analyze(builder.model);
    expect(groups.length).toBeGreaterThan(50);
    expect(frozen.some(({ reason }) => reason.reason.includes('too entangled'))).toBe(true);
  }, 30_000);

  /** A model of [batch, 5, 16] under construction. */
  function stream() {
    const builder = new GraphBuilder('entangled');
    const draw = random(1, 'entangled');
    const x = builder.input('x', 'FLOAT', ['batch', 5, WIDTH]);
    const op = (name: string, inputs: Value[], attributes = {}) => builder.op('', name, inputs, attributes);
    let count = 0;
    const weight = (rows: number, columns: number) =>
      builder.weight(
        `w${count++}`,
        [rows, columns],
        Float32Array.from({ length: rows * columns }, () => draw.uniform() - 0.5),
      );
    const linear = (value: Value) => op('MatMul', [value, weight(WIDTH, WIDTH)]);
    const close = (value: Value) => builder.output(value, 'output', 'FLOAT', []);
    return { builder, x, op, weight, linear, close };
  }
});

describe('folding', () => {
  it('stops where constants are made of constants again and again', () => {
    const builder = new GraphBuilder('constants');
    const { graph } = builder.model;
    const x = builder.input('x', 'FLOAT', ['batch', 4]);
    const table = Tensor.int64(
      [256, 256],
      Array.from({ length: 65_536 }, (_, i) => i),
    );
    let value = graph.addInitializer('table', table);
    for (let step = 0; step < 2000; step++) value = builder.op('', 'Add', [value, builder.int('', step)]);
    const number = builder.op('', 'Cast', [builder.op('', 'ReduceMax', [value], { keepdims: 0 })], { to: 1 });
    builder.output(builder.op('', 'Add', [x, number]), 'output', 'FLOAT', ['batch', 4]);
    const { folded } = foldConstants(builder.model);
    expect(folded).toBeGreaterThan(2000 + 20);
    expect(graph.nodes.length).toBeGreaterThan(1000);
  }, 30_000);
});
