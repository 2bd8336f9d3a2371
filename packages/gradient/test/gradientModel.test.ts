import { cloneModel, Graph, type Model, Node, type Value } from '@snp/onnx';
import { type Feed, type Feeds, GraphBuilder, normals, random, relativeError, runModel } from '@snp/testing';
import { describe, expect, it } from 'vitest';
import { defineGradient, gradientModel, operatorsWithGradient } from '../src/index.js';

const BATCH = 3;

/** A small net: `x` [batch, 4] to `y` [batch, 2] and `z` [batch, 5], where `y` and `z` share a hidden layer that is read three times. */
function net(): Model {
  const builder = new GraphBuilder('net', { opset: 18 });
  const x = builder.input('x', 'FLOAT', ['batch', 4]);
  const draw = random(1, 'net');
  const weight = (name: string, dims: number[]) => builder.weight(name, dims, normals(draw, dims[0] * (dims[1] ?? 1)));
  const hidden = builder.op('', 'Tanh', [builder.op('', 'MatMul', [x, weight('w', [4, 5])])]);
  const doubled = builder.op('', 'Mul', [hidden, hidden]);
  const y = builder.op('', 'Gemm', [doubled, weight('v', [5, 2]), weight('b', [2])]);
  builder.output(y, 'y', 'FLOAT', ['batch', 2]);
  builder.output(builder.op('', 'Sigmoid', [hidden]), 'z', 'FLOAT', ['batch', 5]);
  builder.weight('unread', [3], normals(draw, 3));
  const shape = builder.op('', 'Cast', [builder.op('', 'Shape', [x])], { to: 1 });
  builder.output(builder.op('', 'Mul', [shape, weight('u', [2])]), 's', 'FLOAT', [2]);
  return builder.model;
}

const feed = (seed: number, dims: readonly number[]): Feed => ({
  type: 'FLOAT',
  dims,
  data: normals(
    random(seed, 'feed'),
    dims.reduce((product, dim) => product * dim, 1),
  ),
});

const numbers = ({ data }: Feed) => Array.from(data as Float32Array);

/** Runs a model of gradients with directions drawn by the outputs' shapes. */
async function run(model: Model, options: Parameters<typeof gradientModel>[1], feeds: Feeds) {
  const { model: both, directions, gradients } = gradientModel(model, options);
  const plain = await runModel(model, feeds);
  const given = Object.entries(directions).map(([name, input]) => [input, feed(7, plain[name].dims)]);
  const found = await runModel(both, { ...feeds, ...Object.fromEntries(given) });
  return { found, both, directions, at: (name: string) => found[gradients[name]] };
}

describe('gradientModel', () => {
  const feeds = { x: feed(2, [BATCH, 4]) };

  it('adds up the gradients of all outputs, and leaves the model as it was', async () => {
    const model = net();
    const nodes = model.graph.nodes.length;
    const by = ['w', 'x'];
    const [y, z, whole] = await Promise.all(
      [['y'], ['z'], ['y', 'z']].map((outputs) => run(model, { by, outputs }, feeds)),
    );
    for (const name of by) {
      const sum = numbers(y.at(name)).map((value, at) => value + numbers(z.at(name))[at]);
      expect(relativeError(numbers(whole.at(name)), sum)).toBeLessThan(1e-6);
    }
    expect(model.graph.nodes.length).toBe(nodes);
    const plain = await runModel(model, feeds);
    for (const name of ['y', 'z', 's']) expect(whole.found[name]).toEqual(plain[name]);
  });

  it('with ones takes no directions, and differentiates the sum of all numbers', async () => {
    const { model, directions, gradients } = gradientModel(net(), {
      by: ['b'],
      outputs: ['y'],
      directions: 'ones',
      keepOutputs: false,
    });
    expect(directions).toEqual({});
    expect(model.graph.outputs.map(({ name }) => name)).toEqual([gradients.b]);
    expect(numbers((await runModel(model, feeds))[gradients.b])).toEqual([BATCH, BATCH]);
  });

  it('gives zeros for what no output depends on', async () => {
    const { at } = await run(net(), { by: ['unread', 'v', 'u'], outputs: ['z'] }, feeds);
    expect(at('unread')).toEqual({ type: 'FLOAT', dims: [3], data: new Float32Array(3) });
    expect(at('v').dims).toEqual([5, 2]);
    expect(numbers(at('v')).every((value) => value === 0)).toBe(true);
    expect(numbers(at('u'))).toEqual([0, 0]);
  });

  it('differentiates by activations', async () => {
    const model = net();
    const hidden = model.graph.nodes.find(({ op }) => op === 'Tanh')!.outputs[0]!.name;
    const { at, found, directions } = await run(model, { by: [hidden], outputs: ['z'] }, feeds);
    expect(Object.keys(directions)).toEqual(['z']);
    const direction = numbers(feed(7, [BATCH, 5]));
    const want = numbers(found.z).map((value, place) => direction[place] * value * (1 - value));
    expect(relativeError(numbers(at(hidden)), want)).toBeLessThan(1e-6);
  });

  it('gives gradients of each sample, equal to those of single samples', async () => {
    const model = net();
    const by = ['w', 'v', 'b'];
    const { at } = await run(model, { by, outputs: ['y', 'z'], perSample: true }, feeds);
    const { model: both, gradients, directions } = gradientModel(model, { by, outputs: ['y', 'z'] });
    const plain = await runModel(model, feeds);
    const row = ({ dims, data }: Feed, sample: number): Feed => {
      const width = data.length / dims[0];
      return {
        type: 'FLOAT',
        dims: [1, ...dims.slice(1)],
        data: (data as Float32Array).slice(sample * width, (sample + 1) * width),
      };
    };
    for (let sample = 0; sample < BATCH; sample++) {
      const given = Object.entries(directions).map(([name, input]) => [input, row(feed(7, plain[name].dims), sample)]);
      const alone = await runModel(both, { x: row(feeds.x, sample), ...Object.fromEntries(given) });
      for (const name of by) {
        const want = alone[gradients[name]];
        expect(at(name).dims).toEqual([BATCH, ...want.dims]);
        expect(relativeError(numbers(row(at(name), sample)), numbers(want))).toBeLessThan(1e-5);
      }
    }
  });

  it.each([
    ['an option that it does not have', { by: ['w'], wrt: ['x'] }, /no option 'wrt'.*by, outputs/],
    ['nothing to differentiate by', { by: [] }, /'by'/],
    ['a name that is not there', { by: ['nowhere'] }, /no value named 'nowhere'/],
    ['an output that is not there', { by: ['w'], outputs: ['nowhere'] }, /no value named 'nowhere'/],
  ])('refuses %s', (_, options, message) => {
    expect(() => gradientModel(net(), options)).toThrow(message);
  });

  it('refuses whole numbers to differentiate by', () => {
    const builder = new GraphBuilder('ids', { opset: 18 });
    const ids = builder.input('ids', 'INT64', [2]);
    builder.output(builder.op('', 'Cast', [ids], { to: 1 }), 'y', 'FLOAT', [2]);
    expect(() => gradientModel(builder.model, { by: ['ids'] })).toThrow(/INT64, not floating-point/);
  });
});

describe('operators without a rule', () => {
  function withOperator(op: string) {
    const builder = new GraphBuilder('one', { opset: 18 });
    builder.model.opsets.set('my.domain', 1);
    const x = builder.input('x', 'FLOAT', [3]);
    const weight = builder.weight('w', [3], Float32Array.of(1, 2, 3));
    const { graph } = builder.model;
    const [y] = graph.addNode({ op, domain: 'my.domain', inputs: [weight], outputs: ['cubed'], name: 'the node' })
      .outputs as Value[];
    y.type = { elementType: 'FLOAT', shape: [3] };
    builder.output(builder.op('', 'Mul', [x, y]), 'y', 'FLOAT', [3]);
    return builder.model;
  }

  it('are refused by name, with their node, where a gradient passes', () => {
    const model = withOperator('Unheard');
    expect(() => gradientModel(model, { by: ['w'] })).toThrow(/my\.domain\.Unheard.*the node/);
    expect(() => gradientModel(model, { by: ['x'] })).not.toThrow();
  });

  it('are taught with defineGradient, once', () => {
    const rule = (call: Parameters<Parameters<typeof defineGradient>[1]>[0]) => {
      const { writer } = call;
      const x = call.input(0);
      call.give(0, writer.mul(call.gradient(), writer.mul(writer.mul(x, x), writer.number(3, call.type(x)))));
    };
    defineGradient('my.domain.Cube', rule);
    expect(operatorsWithGradient()).toContain('my.domain.Cube');
    const { model } = gradientModel(withOperator('Cube'), { by: ['w'], keepOutputs: false });
    expect(model.graph.nodes.some(({ op }) => op === 'my.domain.Cube')).toBe(false);
    expect(() => defineGradient('my.domain.Cube', rule)).toThrow(/has a gradient already/);
  });
});

describe('If', () => {
  /** y = x w where a sum is positive, else x w w; `w` is read from around. */
  function branching(): Model {
    const builder = new GraphBuilder('branches', { opset: 18 });
    const x = builder.input('x', 'FLOAT', [2, 2]);
    const w = builder.weight('w', [2], Float32Array.of(2, 3));
    const total = builder.op('', 'ReduceSum', [x], { keepdims: 0 });
    const zero = builder.weight('zero', [], Float32Array.of(0));
    const branch = (name: string, times: number) => {
      const graph = new Graph(name, builder.model.graph);
      let value: Value = x;
      for (let at = 0; at < times; at++) {
        const product = graph.addValue(graph.uniqueName(`${name}_${at}`));
        graph.insert(new Node('Mul', [value, w], [product]));
        value = product;
      }
      value.type = { elementType: 'FLOAT', shape: [2, 2] };
      graph.outputs.push(value);
      return { type: 'GRAPH', value: graph } as const;
    };
    const y = builder.op('', 'If', [builder.op('', 'Greater', [total, zero])], {
      then_branch: branch('then', 1),
      else_branch: branch('else', 2),
    });
    builder.output(y, 'y', 'FLOAT', [2, 2]);
    return builder.model;
  }

  it.each([
    ['then', [1, 2, 3, 4], (x: number) => x, (w: number) => w],
    ['else', [-1, -2, -3, -4], (x: number, w: number) => 2 * x * w, (w: number) => w * w],
  ] as const)('is differentiated by the branch that runs: %s', async (_, x, byW, byX) => {
    const model = branching();
    const { model: both, gradients } = gradientModel(cloneModel(model), { by: ['w', 'x'], directions: 'ones' });
    const found = await runModel(both, { x: { type: 'FLOAT', dims: [2, 2], data: Float32Array.from(x) } });
    const w = [2, 3];
    const want = w.map((value, at) => byW(x[at], value) + byW(x[at + 2], value));
    expect(numbers(found[gradients.w])).toEqual(want);
    expect(numbers(found[gradients.x])).toEqual([...w, ...w].map(byX));
  });
});
