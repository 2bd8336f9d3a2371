import { Tensor } from '@snp/onnx';
import { onnxRuntime } from '@snp/runtime';
import { GraphBuilder, random, relativeError, runModel } from '@snp/testing';
import { describe, expect, it } from 'vitest';
import { applyPlan, emptyPlan, prepare, verify } from './support/core.js';
import { difference, randomPlan, withoutHeadsAndBranches } from './support/equivalence.js';
import { type SmallEncoderForm, smallEncoder, smallFeeds } from './support/smallEncoder.js';

const FORMS: readonly (readonly [string, SmallEncoderForm, { lanes?: number; residual?: number }])[] = [
  ['weights stored as halves behind Cast', { halves: true }, {}],
  ['queries and keys divided by their norms', { cosine: true }, {}],
  ['the same with weights stored as halves', { cosine: true, halves: true }, {}],
  ['keys and values repeated by Concat', { repeat: 'Concat' }, { lanes: 2 }],
  ['keys and values repeated by Tile', { repeat: 'Tile' }, { lanes: 2 }],
  ['keys and values repeated by Gather', { repeat: 'Gather' }, { lanes: 2 }],
  ['keys and values repeated by Expand', { repeat: 'Expand' }, { lanes: 2 }],
  ['repeated keys that are divided by their norms', { repeat: 'Concat', cosine: true }, { lanes: 2 }],
  ['a convolution in groups', { grouped: true }, { residual: 4 }],
  ['a layer in a branch that is taken every time', { chosen: true }, {}],
  ['targets with several free axes behind one projection', { fused: true }, {}],
  ['the same with weights stored as halves', { fused: true, halves: true }, {}],
  ['queries, keys and values picked by lists of indices', { picked: true }, {}],
  ['a stream within bounds that depend on whether it is finite', { clamped: true }, {}],
  ['blanked tokens before a norm', { blanked: true }, {}],
];

describe.each(FORMS)('an encoder with %s', (_, form, { lanes = 4, residual = 16 }) => {
  const analysis = prepare(smallEncoder(form));

  it('has its groups', () => {
    expect(Object.fromEntries(analysis.groups.map(({ id, units, lanes: own }) => [id, [units, own]]))).toEqual({
      residual: [residual, 1],
      'blocks.0.query-key': [4 * lanes, lanes],
      'blocks.0.value': [4 * lanes, lanes],
      'blocks.0.ffn': [24, 1],
    });
    expect(analysis.heads.map(({ units, frozen }) => [units, frozen])).toEqual([[lanes, undefined]]);
  });

  it('gives the same answers where nothing leaves', async () => {
    const [want, got] = [smallEncoder(form), applyPlan(analysis, emptyPlan(analysis))];
    const answers = [await runModel(want, smallFeeds(2, 5)), await runModel(got, smallFeeds(2, 5))];
    expect(answers[1].y.data).toEqual(answers[0].y.data);
  });

  it('equals the masked original for random plans of every kind, mixed, and with heads', async () => {
    const kinds = ['residual', 'query-key', 'value', 'ffn', 'mixed'];
    const plans = kinds.map((kind) => randomPlan(analysis, (group) => kind === 'mixed' || group.kind === kind, 0.5, 3));
    plans.push(withoutHeadsAndBranches(plans[4], analysis, { heads: 0.5, branches: 1 }, 2));
    for (const plan of plans) {
      for (const feeds of [smallFeeds(1, 3), smallFeeds(3, 6)])
        expect(await difference(analysis, plan, feeds)).toBeLessThan(1e-4);
    }
  });
});

it('proves a model that draws random numbers, without them', async () => {
  const original = smallEncoder({ chance: true });
  const analysis = prepare(original);
  const plan = randomPlan(analysis, () => true, 0.5, 3);
  const runtime = onnxRuntime();
  const { passed, reason } = await verify(analysis, applyPlan(analysis, plan), plan, { runtime, original });
  expect(reason).toBeUndefined();
  expect(passed).toBe(true);
});

it('leaves halves as halves', () => {
  const analysis = prepare(smallEncoder({ halves: true }));
  const pruned = applyPlan(
    analysis,
    randomPlan(analysis, () => true, 0.5, 3),
  );
  const weights = pruned.graph.initializers.filter(({ name }) => /^w\d+/.test(name));
  expect(new Set(weights.map(({ tensor }) => tensor!.dataType))).toEqual(new Set(['FLOAT16']));
});

describe('single forms', () => {
  const draw = random(8);
  const numbers = (length: number) => Float32Array.from({ length }, () => draw.uniform() - 0.5);

  /** Two projections with something between them that keeps or picks hidden neurons. */
  function between(
    make: (graph: GraphBuilder, hidden: ReturnType<GraphBuilder['op']>) => ReturnType<GraphBuilder['op']>,
    width: number,
  ) {
    const graph = new GraphBuilder('between');
    const x = graph.input('x', 'FLOAT', ['batch', 3, 4, 4]);
    const hidden = graph.op('/up', 'Conv', [x, graph.weight('up', [8, 3, 1, 1], numbers(24))]);
    const inner = make(graph, hidden);
    graph.output(
      graph.op('/down', 'Conv', [inner, graph.weight('down', [5, width, 1, 1], numbers(5 * width))]),
      'y',
      'FLOAT',
      ['batch', 5, 'h', 'w'],
    );
    return graph.model;
  }
  const feeds = { x: { type: 'FLOAT' as const, dims: [2, 3, 4, 4], data: numbers(96) } };

  it.each([
    [
      'Resize to constant sizes, channels among them',
      (graph: GraphBuilder, x) =>
        graph.op('/r', 'Resize', [x, undefined, undefined, graph.ints('/r', [2, 8, 7, 5])], { mode: 'nearest' }),
      8,
    ],
    [
      'a grouped convolution that makes more channels of each group',
      (graph: GraphBuilder, x) =>
        graph.op(
          '/g',
          'Conv',
          [x, graph.weight('kernel', [16, 2, 1, 1], numbers(32)), graph.weight('bias', [16], numbers(16))],
          { group: 4 },
        ),
      16,
    ],
    [
      'a depth-wise convolution with several channels for each',
      (graph: GraphBuilder, x) =>
        graph.op('/g', 'Conv', [x, graph.weight('kernel', [16, 1, 3, 3], numbers(144))], {
          group: 8,
          pads: [1, 1, 1, 1],
        }),
      16,
    ],
    [
      'a Slice that takes every second channel',
      (graph: GraphBuilder, x) =>
        graph.op('/s', 'Slice', [
          x,
          graph.ints('/s', [1]),
          graph.ints('/s', [8]),
          graph.ints('/s', [1]),
          graph.ints('/s', [2]),
        ]),
      4,
    ],
    [
      'a Slice that takes channels backwards',
      (graph: GraphBuilder, x) =>
        graph.op('/s', 'Slice', [
          x,
          graph.ints('/s', [-1]),
          graph.ints('/s', [-9]),
          graph.ints('/s', [1]),
          graph.ints('/s', [-1]),
        ]),
      8,
    ],
    [
      'channels in an order of their own, with repeats',
      (graph: GraphBuilder, x) => graph.op('/p', 'Gather', [x, graph.ints('/p', [3, 3, -1, 0])], { axis: 1 }),
      4,
    ],
    ['channels that follow themselves', (graph: GraphBuilder, x) => graph.op('/c', 'Concat', [x, x], { axis: 1 }), 16],
    [
      '32-bit bounds of a Slice',
      (graph: GraphBuilder, x) => {
        const bound = (n: number) =>
          graph.op('/s', 'Constant', [], { value: Tensor.of('INT32', [1], Int32Array.from([n])) });
        return graph.op('/s', 'Slice', [x, bound(2), bound(6), bound(1)]);
      },
      4,
    ],
  ] as [string, Parameters<typeof between>[0], number][])('%s', async (_, make, width) => {
    const model = between(make, width);
    const analysis = prepare(model, { allowNothing: true });
    expect(analysis.groups.length).toBeGreaterThan(0);
    for (const share of [0.75, 0.5, 0.25])
      for (const seed of [1, 2, 3])
        expect(
          await difference(
            analysis,
            randomPlan(analysis, () => true, share, seed),
            feeds,
          ),
        ).toBeLessThan(1e-5);
    const nothing = await runModel(applyPlan(analysis, emptyPlan(analysis)), feeds);
    expect(relativeError(nothing.y.data as Float32Array, (await runModel(model, feeds)).y.data as Float32Array)).toBe(
      0,
    );
  });

  it('neurons behind windows of tokens, of which the file does not tell how many there are', async () => {
    const graph = new GraphBuilder('windows');
    const x = graph.input('x', 'FLOAT', ['batch', 'length', 6]);
    const reshape = (value: ReturnType<GraphBuilder['op']>, to: number[]) =>
      graph.op('/r', 'Reshape', [value, graph.ints('/r', to)]);
    const windows = reshape(graph.op('/up', 'MatMul', [x, graph.weight('up', [6, 8], numbers(48))]), [0, -1, 2, 8]);
    const mixed = graph.op('/mix', 'MatMul', [graph.weight('mix', [2, 2], numbers(4)), windows]);
    const tokens = reshape(graph.op('/act', 'Relu', [mixed]), [0, -1, 8]);
    const y = graph.op('/down', 'MatMul', [tokens, graph.weight('down', [8, 5], numbers(40))]);
    graph.output(y, 'y', 'FLOAT', ['batch', 'n', 5]);
    const analysis = prepare(graph.model);
    expect(analysis.groups.map(({ kind, units }) => [kind, units])).toEqual([['ffn', 8]]);
    for (const length of [2, 6]) {
      const own = { x: { type: 'FLOAT' as const, dims: [2, length, 6], data: numbers(12 * length) } };
      const plan = randomPlan(analysis, () => true, 0.5, 3);
      expect(await difference(analysis, plan, own)).toBeLessThan(1e-5);
    }
  });
});
