import type { Model, Value } from '@snp/onnx';
import { GraphBuilder, random, runModel } from '@snp/testing';
import { describe, expect, it } from 'vitest';
import { analyze } from '../src/index.js';

/** Adds weights of drawn numbers. */
function drawnWeights(graph: GraphBuilder): (name: string, ...dims: number[]) => Value {
  const draw = random(1);
  return (name, ...dims) =>
    graph.weight(
      name,
      dims,
      Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => draw.uniform()),
    );
}

/** x [batch, 6] -> up [6, 8] -> `middle` -> down [8, 4]: eight hidden units, if `middle` lets them go. */
function network(middle: (graph: GraphBuilder, hidden: Value) => Value): Model {
  const graph = new GraphBuilder('network');
  const weight = drawnWeights(graph);
  const x = graph.input('x', 'FLOAT', ['batch', 6]);
  const hidden = graph.op('/up', 'MatMul', [x, weight('up', 6, 8)]);
  const product = graph.op('/down', 'MatMul', [middle(graph, hidden), weight('down', 8, 4)]);
  graph.output(product, 'y', 'FLOAT', ['batch', 4]);
  return graph.model;
}

const hiddenOf = (model: Model) => {
  const { groups, frozen } = analyze(model);
  return {
    group: groups.find(({ members }) =>
      members.some(({ initializer, axis }) => initializer.name === 'up' && axis === 1),
    ),
    frozen: frozen.find(({ members }) =>
      members.some(({ initializer, axis }) => initializer.name === 'up' && axis === 1),
    ),
  };
};

describe('hidden units between two products', () => {
  it.each([
    ['nothing', (_: GraphBuilder, hidden: Value) => hidden],
    ['Relu', (graph: GraphBuilder, hidden: Value) => graph.op('/m', 'Relu', [hidden])],
    [
      'a bias',
      (graph: GraphBuilder, hidden: Value) =>
        graph.op('/m', 'Add', [hidden, graph.weight('bias', [8], new Float32Array(8))]),
    ],
    [
      'Identity and Neg',
      (graph: GraphBuilder, hidden: Value) => graph.op('/m', 'Neg', [graph.op('/m', 'Identity', [hidden])]),
    ],
  ])('can leave through %s', (_, middle) => {
    expect(hiddenOf(network(middle)).group).toMatchObject({ kind: 'ffn', units: 8, lanes: 1 });
  });

  const CASES: readonly (readonly [string, (graph: GraphBuilder, hidden: Value) => Value])[] = [
    ['Softmax', (graph, hidden) => graph.op('/m', 'Softmax', [hidden], { axis: -1 })],
    ['LogSoftmax', (graph, hidden) => graph.op('/m', 'LogSoftmax', [hidden], { axis: -1 })],
    ['CumSum', (graph, hidden) => graph.op('/m', 'CumSum', [hidden, graph.int('/m', 1)])],
    ['TopK', (graph, hidden) => graph.ops('/m', 'TopK', [hidden, graph.ints('/m', [8])], 2, { axis: -1 })[0]],
    ['Sigmoid of a custom kind', (graph, hidden) => custom(graph, hidden)],
    ['a second output of the model', (graph, hidden) => alsoOutput(graph, hidden)],
    ['ArgMax beside the path', (graph, hidden) => argMaxBeside(graph, hidden)],
    ['a Reshape that mixes them with the batch', (graph, hidden) => mixed(graph, hidden)],
    ['a Gather of positions the data choose', (graph, hidden) => gathered(graph, hidden)],
    [
      'an operator whose attributes do not fit',
      (graph, hidden) => graph.op('/m', 'Gather', [hidden, graph.ints('/m', [0])], { axis: 5 }),
    ],
    ['a division by a product of their sizes', (graph, hidden) => dividedByCount(graph, hidden, 'ReduceProd')],
    ['a division by how many there are', (graph, hidden) => dividedByCount(graph, hidden, 'Size')],
    // What the search over random models found, each once.
    ['a norm whose statistic is an output', (graph, hidden) => rootMeanSquare(graph, hidden, { shown: true })],
    ['a mean of squares that gates them and scales no norm', (graph, hidden) => gatedByMeanSquare(graph, hidden)],
    ['a norm whose scale is computed', (graph, hidden) => computedScale(graph, hidden)],
    [
      'a division by what becomes zero',
      (graph, hidden) => graph.op('/m', 'Div', [graph.op('/m', 'Exp', [hidden]), hidden]),
    ],
    [
      'a logarithm of sums of what becomes zero',
      (graph, hidden) => {
        const parts = graph.op('/m', 'Reshape', [hidden, graph.ints('/m', [-1, 1, 8])]);
        return graph.op('/m', 'ReduceLogSum', [parts], { axes: [1], keepdims: 0 });
      },
    ],
    ['a logarithm of what becomes zero', (graph, hidden) => graph.op('/m', 'Log', [hidden])],
    [
      'a negative power of what becomes zero',
      (graph, hidden) => graph.op('/m', 'Pow', [hidden, graph.float('/m', -1)]),
    ],
    [
      'a negative power that is stored',
      (graph, hidden) => graph.op('/m', 'Pow', [hidden, graph.weight('power', [], Float32Array.of(-1))]),
    ],
    [
      'powers that differ, of what becomes zero',
      (graph, hidden) =>
        graph.op('/m', 'Pow', [hidden, graph.weight('powers', [8], Float32Array.of(1, 2, 3, 4, 1, 2, 3, -1))]),
    ],
    ['a product along them with data of as many positions', (graph, hidden) => scaledByData(graph, hidden)],
    ['more copies of them than can be followed', (graph, hidden) => copies(graph, hidden)],
  ];

  it.each([true, false])('can leave through a norm that is taken apart, with a scale of its own: %s', (scaled) => {
    const model = network((graph, hidden) => rootMeanSquare(graph, hidden, { scaled }));
    expect(hiddenOf(model).group).toMatchObject({ units: 8 });
  });

  it('can leave through Dropout, whose mask is as wide', () => {
    const model = network((graph, hidden) => graph.ops('/m', 'Dropout', [hidden], 2)[0]);
    const { layouts, labels } = analyze(model).walk;
    expect(hiddenOf(model).group).toMatchObject({ units: 8 });
    const mask = model.graph.nodes.find(({ opType }) => opType === 'Dropout')!.outputs[1]!;
    expect(layouts.get(mask)?.fields.map((field) => field.labels.length)).toEqual([8]);
    expect(labels.size).toBeGreaterThan(0);
  });

  it.each(CASES)('are frozen by %s, and the reason names the node', (_, middle) => {
    const { group, frozen } = hiddenOf(network(middle));
    expect(group).toBeUndefined();
    expect(frozen?.reason.node).toMatch(/^\/(m|up|down)/);
    expect(frozen?.reason.reason.length).toBeGreaterThan(10);
  });
});

function custom(graph: GraphBuilder, hidden: Value): Value {
  return graph.model.graph.addNode({
    op: 'Sparkle',
    domain: 'com.example',
    inputs: [hidden],
    outputs: ['sparkled'],
    name: '/m/Sparkle',
  }).outputs[0]!;
}

/** By a number that the model takes from a shape, of which the batch is not known before it runs. */
function dividedByCount(graph: GraphBuilder, hidden: Value, by: 'ReduceProd' | 'Size'): Value {
  const count =
    by === 'Size'
      ? graph.op('/m', 'Size', [hidden])
      : graph.op('/m', 'ReduceProd', [graph.op('/m', 'Shape', [hidden])], { keepdims: 0 });
  return graph.op('/m', 'Div', [hidden, graph.op('/m', 'Cast', [count], { to: 1 })]);
}

function alsoOutput(graph: GraphBuilder, hidden: Value): Value {
  graph.output(graph.op('/m', 'Identity', [hidden]), 'hidden', 'FLOAT', ['batch', 8]);
  return hidden;
}

function argMaxBeside(graph: GraphBuilder, hidden: Value): Value {
  graph.output(graph.op('/m', 'ArgMax', [hidden], { axis: -1, keepdims: 0 }), 'best', 'INT64', ['batch']);
  return hidden;
}

function mixed(graph: GraphBuilder, hidden: Value): Value {
  const wide = graph.op('/m', 'Reshape', [hidden, graph.ints('/m', [8, -1])]);
  return graph.op('/m', 'Transpose', [wide], { perm: [1, 0] });
}

function gathered(graph: GraphBuilder, hidden: Value): Value {
  const order = graph.input('order', 'INT64', [8]);
  return graph.op('/m', 'Gather', [hidden, order], { axis: 1 });
}

function rootMeanSquare(graph: GraphBuilder, hidden: Value, { scaled = true, shown = false } = {}): Value {
  const mean = graph.op('/m', 'ReduceMean', [graph.op('/m', 'Mul', [hidden, hidden])], { axes: [-1], keepdims: 1 });
  if (shown) graph.output(mean, 'mean', 'FLOAT', ['batch', 1]);
  const root = graph.op('/m', 'Sqrt', [graph.op('/m', 'Add', [mean, graph.float('/m', 1e-5)])]);
  const normal = graph.op('/m', 'Div', [hidden, root]);
  return scaled ? graph.op('/m', 'Mul', [normal, graph.weight('gain', [8], new Float32Array(8).fill(1))]) : normal;
}

function gatedByMeanSquare(graph: GraphBuilder, hidden: Value): Value {
  const mean = graph.op('/m', 'ReduceMean', [graph.op('/m', 'Mul', [hidden, hidden])], { axes: [-1], keepdims: 1 });
  return graph.op('/m', 'Mul', [hidden, mean]);
}

function computedScale(graph: GraphBuilder, hidden: Value): Value {
  const scale = graph.op('/m', 'Erf', [graph.weight('gain', [8], new Float32Array(8).fill(1))]);
  return graph.op('/m', 'LayerNormalization', [hidden, scale], { axis: -1 });
}

/** A matrix product of one number each, for every hidden unit. */
function scaledByData(graph: GraphBuilder, hidden: Value): Value {
  const data = graph.input('factors', 'FLOAT', ['batch', 8, 1, 1]);
  const columns = graph.op('/m', 'Reshape', [hidden, graph.ints('/m', [0, 8, 1, 1])]);
  return graph.op('/m', 'Reshape', [graph.op('/m', 'MatMul', [columns, data]), graph.ints('/m', [0, 8])]);
}

/** A hundred copies of a hundred copies, and so on: four nodes, eight hundred million positions. */
function copies(graph: GraphBuilder, hidden: Value): Value {
  let value = hidden;
  for (let time = 0; time < 4; time++) value = graph.op('/m', 'Concat', Array(100).fill(value), { axis: 1 });
  return graph.op('/m', 'Slice', [value, graph.ints('/m', [0]), graph.ints('/m', [8]), graph.ints('/m', [1])]);
}

describe('a weight that is itself an output', () => {
  it('keeps its widths', () => {
    const model = network((_, hidden) => hidden);
    const up = model.graph.value('up');
    up.type = { elementType: 'FLOAT', shape: [6, 8] };
    model.graph.outputs.push(up);
    const { group, frozen } = hiddenOf(model);
    expect(group).toBeUndefined();
    expect(frozen).toBeDefined();
  });
});

/** x [batch, 3, 8, 8] -> first [inputs] -> a convolution in groups -> last [5], all of single pixels. */
function groupedModel(inputs: number, outputs: number, groups: number): Model {
  const graph = new GraphBuilder('grouped');
  const weight = drawnWeights(graph);
  const x = graph.input('x', 'FLOAT', ['batch', 3, 8, 8]);
  const first = graph.op('/first', 'Conv', [x, weight('first', inputs, 3, 1, 1)]);
  const operands = [first, weight('grouped', outputs, inputs / groups, 1, 1), weight('bias', outputs)];
  const grouped = graph.op('/grouped', 'Conv', operands, { group: groups });
  const last = graph.op('/last', 'Conv', [grouped, weight('last', 5, outputs, 1, 1)]);
  graph.output(last, 'y', 'FLOAT', ['batch', 5, 8, 8]);
  return graph.model;
}

/** Which channels have to leave together, as the runtime tells it: what a channel alone makes of the outputs, and whatever shares an output with it. */
async function unitsByRunning(inputs: number, outputs: number, groups: number) {
  const graph = new GraphBuilder('alone');
  const kernel = graph.weight(
    'kernel',
    [outputs, inputs / groups, 1, 1],
    new Float32Array((outputs * inputs) / groups).fill(1),
  );
  const x = graph.input('x', 'FLOAT', [inputs, inputs, 1, 1]);
  graph.output(graph.op('/conv', 'Conv', [x, kernel], { group: groups }), 'y', 'FLOAT', [inputs, outputs, 1, 1]);
  const alone = Float32Array.from({ length: inputs * inputs }, (_, at) => (at % (inputs + 1) === 0 ? 1 : 0));
  const { y } = await runModel(graph.model, { x: { type: 'FLOAT', dims: [inputs, inputs, 1, 1], data: alone } });
  const reach = Array.from({ length: inputs }, (_, own) =>
    [...y.data.slice(own * outputs, (own + 1) * outputs)].join(),
  );
  const units = [...new Set(reach)];
  const written = Array.from({ length: outputs }, (_, at) => units.findIndex((unit) => unit.split(',')[at] === '1'));
  return { count: units.length, read: reach.map((own) => units.indexOf(own)), written };
}

describe('grouped convolutions', () => {
  it.each([
    ['as many channels out as in', 8, 8, 2],
    ['more channels out than in', 6, 9, 3],
    ['fewer channels out than in', 12, 4, 2],
    ['several channels of each', 4, 12, 4],
    ['each channel by itself', 6, 6, 6],
  ])('lose whole groups of channels, in and out: %s', async (_, inputs, outputs, groups) => {
    const { count, read, written } = await unitsByRunning(inputs, outputs, groups);
    const found = analyze(groupedModel(inputs, outputs, groups)).groups;
    expect(found.map(({ units }) => units)).toEqual([count]);
    const unitsOf = found[0].members.map(({ initializer, axis, unitOf }) => [
      `${initializer.name} ${axis}`,
      [...unitOf],
    ]);
    // The kernel's second axis counts the channels within a group: it keeps its size.
    expect(Object.fromEntries(unitsOf)).toEqual({
      'first 0': read,
      'grouped 0': written,
      'bias 0': written,
      'last 1': written,
    });
  });
});
