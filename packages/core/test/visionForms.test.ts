import { Tensor, type Value } from '@snp/onnx';
import { GraphBuilder, random } from '@snp/testing';
import { describe, expect, it } from 'vitest';
import { type Analysis, prepare } from './support/core.js';
import { difference, randomPlan } from './support/equivalence.js';

const draw = random(17);
const numbers = (length: number) => Float32Array.from({ length }, () => draw.uniform() - 0.5);
const size = (dims: readonly number[]) => dims.reduce((product, dim) => product * dim, 1);

/** Pixels [batch, 4, 4, 8] that a convolution writes, something done with them, and what it gives read by a projection over its last axis. */
function pixelsThrough(make: (graph: GraphBuilder, pixels: Value, weight: (dims: number[]) => Value) => Value) {
  const graph = new GraphBuilder('pixels');
  const x = graph.input('x', 'FLOAT', ['batch', 3, 4, 4]);
  let count = 0;
  const weight = (dims: number[]) => graph.weight(`w${count++}`, dims, numbers(size(dims)));
  const pixels = graph.op('/up', 'Transpose', [graph.op('/conv', 'Conv', [x, weight([8, 3, 1, 1])])], {
    perm: [0, 2, 3, 1],
  });
  graph.output(make(graph, pixels, weight), 'y', 'FLOAT', ['batch', 'rows', 'columns', 5]);
  return graph.model;
}

const feeds = { x: { type: 'FLOAT' as const, dims: [2, 3, 4, 4], data: numbers(96) } };

const feedsOf = ({ model }: Analysis) =>
  model.graph.inputs.some(({ name }) => name === 'rows')
    ? { ...feeds, rows: { type: 'INT64' as const, dims: [1], data: new BigInt64Array([2n]) } }
    : feeds;

describe.each([
  [
    'neighbouring pixels merged into one token, and normalised together',
    8,
    (graph: GraphBuilder, pixels: Value, weight: (dims: number[]) => Value) => {
      const split = graph.op('/split', 'Reshape', [pixels, graph.ints('/split', [-1, 2, 2, 2, 2, 8])]);
      const moved = graph.op('/move', 'Transpose', [split], { perm: [0, 1, 3, 4, 2, 5] });
      const merged = graph.op('/merge', 'Reshape', [moved, graph.ints('/merge', [-1, 2, 2, 32])]);
      const norm = graph.op('/norm', 'LayerNormalization', [merged, weight([32]), weight([32])]);
      return graph.op('/down', 'MatMul', [norm, weight([32, 5])]);
    },
  ],
  [
    'the largest of neighbouring pixels, normalised',
    8,
    (graph: GraphBuilder, pixels: Value, weight: (dims: number[]) => Value) => {
      const split = graph.op('/split', 'Reshape', [pixels, graph.ints('/split', [-1, 2, 2, 4, 8])]);
      const largest = graph.op('/max', 'ReduceMax', [split], { axes: [1], keepdims: 0 });
      const norm = graph.op('/norm', 'LayerNormalization', [largest, weight([8]), weight([8])]);
      return graph.op('/down', 'MatMul', [norm, weight([8, 5])]);
    },
  ],
  [
    'pads that are known for channels alone',
    8,
    (graph: GraphBuilder, pixels: Value, weight: (dims: number[]) => Value) => {
      const one = graph.input('rows', 'INT64', [1]);
      const [none, three] = [graph.ints('/n', [0]), graph.ints('/t', [0, 0, 0])];
      const pads = graph.op('/pads', 'Concat', [none, one, three, one, none, none], { axis: 0 });
      const padded = graph.op('/pad', 'Pad', [pixels, pads]);
      return graph.op('/down', 'MatMul', [padded, weight([8, 5])]);
    },
  ],
] as const)('%s', (_, units, make) => {
  const analysis = prepare(pixelsThrough(make));

  it('is followed', () => {
    expect(analysis.groups.map((group) => group.units)).toEqual([units]);
  });

  it('equals the masked original', async () => {
    for (const share of [0.75, 0.5, 0.25])
      expect(
        await difference(
          analysis,
          randomPlan(analysis, () => true, share, 5),
          feedsOf(analysis),
        ),
      ).toBeLessThan(1e-4);
  });
});

describe('a view with strides, written as a Gather of single positions', () => {
  const model = (order: (at: number) => number) => {
    const graph = new GraphBuilder('view');
    const x = graph.input('x', 'FLOAT', [2, 6]);
    const hidden = graph.op('/up', 'MatMul', [x, graph.weight('up', [6, 8], numbers(48))]);
    const flat = graph.op('/flat', 'Reshape', [hidden, graph.ints('/flat', [-1])]);
    const places = Tensor.int64(
      [2, 1, 8],
      Array.from({ length: 16 }, (_, at) => order(at)),
    );
    const view = graph.op('/view', 'Gather', [flat, graph.model.graph.addInitializer('places', places)], { axis: 0 });
    graph.output(
      graph.op('/down', 'MatMul', [view, graph.weight('down', [8, 5], numbers(40))]),
      'y',
      'FLOAT',
      [2, 1, 5],
    );
    return graph.model;
  };
  const given = { x: { type: 'FLOAT' as const, dims: [2, 6], data: numbers(12) } };

  it('is followed where it keeps the order', async () => {
    const analysis = prepare(model((at) => at));
    expect(analysis.groups.map((group) => group.units)).toEqual([8]);
    expect(
      await difference(
        analysis,
        randomPlan(analysis, () => true, 0.5, 5),
        given,
      ),
    ).toBeLessThan(1e-4);
  });

  it('keeps its positions where it mixes them', () => {
    expect(
      prepare(
        model((at) => (at * 5) % 16),
        { allowNothing: true },
      ).groups,
    ).toEqual([]);
  });

  it('is followed for any number of samples', async () => {
    const graph = new GraphBuilder('free view');
    const x = graph.input('x', 'FLOAT', ['batch', 6]);
    const hidden = graph.op('/up', 'MatMul', [x, graph.weight('up', [6, 8], numbers(48))]);
    const flat = graph.op('/flat', 'Reshape', [hidden, graph.ints('/flat', [-1])]);
    const scalar = (name: string, number: number) => graph.model.graph.addInitializer(name, Tensor.int64([], [number]));
    const batch = graph.op('/batch', 'Gather', [graph.op('/shape', 'Shape', [x]), scalar('first', 0)]);
    const rows = graph.op('/rows', 'Range', [scalar('none', 0), batch, scalar('one', 1)]);
    const starts = graph.op('/starts', 'Mul', [rows, scalar('width', 8)]);
    const column = graph.op('/column', 'Unsqueeze', [starts, graph.ints('/axes', [1, 2])]);
    const inner = graph.model.graph.addInitializer('inner', Tensor.int64([1, 1, 8], [0, 1, 2, 3, 4, 5, 6, 7]));
    const view = graph.op('/view', 'Gather', [flat, graph.op('/places', 'Add', [column, inner])], { axis: 0 });
    const down = graph.op('/down', 'MatMul', [view, graph.weight('down', [8, 5], numbers(40))]);
    graph.output(down, 'y', 'FLOAT', ['batch', 1, 5]);
    const analysis = prepare(graph.model);
    expect(analysis.groups.map((group) => group.units)).toEqual([8]);
    expect(
      await difference(
        analysis,
        randomPlan(analysis, () => true, 0.5, 5),
        given,
      ),
    ).toBeLessThan(1e-4);
  });
});
