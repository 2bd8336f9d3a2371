import { describe, expect, it } from 'vitest';
import {
  type AttributeInit,
  cloneModel,
  costOf,
  Graph,
  type InlinedFunctions,
  inferShapes,
  inlineFunctions,
  type Message,
  Model,
  modelToProto,
  Tensor,
  type Value,
} from '../src/index.js';
import { expectSameAnswers, randomFeeds } from './support/answers.js';
import { addInput, apply, emptyModel, floats } from './support/graphs.js';

/** A function of the domain `pkg`, its body built as a graph. */
function functionOf(
  name: string,
  inputs: string[],
  build: (model: Model, ...inputs: Value[]) => Value[],
  extra: Message = {},
): Message {
  const model = new Model(new Graph(name));
  const outputs = build(model, ...inputs.map((input) => model.graph.addValue(input)));
  return {
    name,
    domain: 'pkg',
    input: inputs,
    output: outputs.map((value) => value.name),
    node: modelToProto(model).graph.node,
    opsetImport: [
      { domain: '', version: 17n },
      { domain: 'pkg', version: 1n },
    ],
    ...extra,
  };
}

function modelWith(...functions: Message[]): Model {
  const model = emptyModel();
  model.opsets.set('pkg', 1);
  model.proto = { functions };
  return model;
}

function call(
  graph: Graph,
  op: string,
  inputs: (Value | undefined)[],
  outputs = [`${op}_out`],
  attributes: Record<string, AttributeInit> = {},
): Value[] {
  return graph.addNode({ op, domain: 'pkg', inputs, outputs, attributes }).outputs as Value[];
}

/** Refers to an attribute of the function, as a file does; types are the format's numbers (1 float, 7 integers). */
const reference = (refAttrName: string, type: number) => ({ type: 'OTHER', proto: { refAttrName, type } }) as const;

const opsOf = (graph: Graph): string[] => graph.nodes.flatMap((node) => [node.op, ...node.subgraphs.flatMap(opsOf)]);

/** Inlines, and holds the answers against those of the runtime, which runs functions by itself. */
async function expectInlined(model: Model, ...outputs: Value[]): Promise<InlinedFunctions> {
  model.graph.outputs.push(...outputs);
  for (const output of outputs) output.type ??= { elementType: 'FLOAT', shape: undefined };
  const original = cloneModel(model);
  const result = inlineFunctions(model);
  const feeds = [1, 2, 5].map((n) => randomFeeds(original, { n, m: n + 1 }, n));
  expect(await expectSameAnswers(original, model, feeds)).toBe(feeds.length);
  return result;
}

const scaled = functionOf(
  'Scaled',
  ['x'],
  (model, x) => [
    apply(model, 'Mul', [x, apply(model, 'Constant', [], { value_float: reference('by', 1) }, 'by')], {}, 'y'),
  ],
  { attributeProto: [{ name: 'by', type: 1, f: 3 }] },
);

describe('inlineFunctions', () => {
  it('takes attributes from the call, or the default', async () => {
    const model = modelWith(scaled);
    const x = addInput(model, 'x', ['n', 4]);
    const [a] = call(model.graph, 'Scaled', [x], ['a'], { by: 0.5 });
    const [b] = call(model.graph, 'Scaled', [a], ['b']);
    expect(await expectInlined(model, b)).toMatchObject({ inlined: { 'pkg.Scaled': 2 }, left: {} });
    expect(opsOf(model.graph)).toEqual(['Constant', 'Mul', 'Constant', 'Mul']);
    expect(model.proto).not.toHaveProperty('functions');
  });

  it('leaves out attributes that neither the call nor the function states', async () => {
    const mean = functionOf('Mean', ['x'], (inner, x) => [
      apply(inner, 'ReduceMean', [x], { axes: reference('axes', 7), keepdims: 0 }, 'y'),
    ]);
    const model = modelWith({ ...mean, attribute: ['axes'] });
    const x = addInput(model, 'x', ['n', 4]);
    const [all] = call(model.graph, 'Mean', [x], ['all']);
    const [rows] = call(model.graph, 'Mean', [x], ['rows'], { axes: [1] });
    await expectInlined(model, all, rows);
    const shapes = inferShapes(model);
    expect([all, rows].map((value) => shapes.shape(value)?.map(String))).toEqual([[], ['n']]);
  });

  it('goes through functions that call functions, and keeps names apart', async () => {
    const twice = functionOf('Twice', ['x'], (inner, x) => {
      const [once] = call(inner.graph, 'Scaled', [x], ['by'], { by: reference('by', 1) });
      return call(inner.graph, 'Scaled', [once], ['y']);
    });
    const model = modelWith(scaled, { ...twice, attribute: ['by'] });
    const x = addInput(model, 'x', ['n', 4]);
    // Names that a value of the body would get.
    const taken = apply(model, 'Neg', [x], {}, 'z/by');
    const [y] = call(model.graph, 'Twice', [taken], ['z'], { by: -2.5 });
    const { inlined } = await expectInlined(model, y);
    expect(inlined).toEqual({ 'pkg.Twice': 1, 'pkg.Scaled': 2 });
  });

  it('follows optional inputs that are left out', async () => {
    const clipped = functionOf('Clipped', ['x', 'low', 'high'], (inner, x, low, high) => [
      apply(inner, 'Clip', [x, low, high], {}, 'y'),
    ]);
    const model = modelWith(clipped);
    const x = addInput(model, 'x', ['n', 4]);
    const high = model.graph.addInitializer('high', floats([], [0.25]));
    const [y] = call(model.graph, 'Clipped', [x, undefined, high], ['y']);
    const [z] = call(model.graph, 'Clipped', [y], ['z']);
    await expectInlined(model, z);
  });

  it('hands out inputs and outputs twice', async () => {
    const passing = functionOf('Passing', ['x'], (inner, x) => [x, apply(inner, 'Abs', [x], {}, 'y')]);
    const model = modelWith({ ...passing, output: ['x', 'y', 'y'] });
    const outputs = call(model.graph, 'Passing', [addInput(model, 'x', ['n', 4])], ['a', 'b', 'c']);
    model.graph.outputs.push(...outputs);
    for (const output of outputs) output.type = { elementType: 'FLOAT', shape: undefined };
    inlineFunctions(model);
    expect(opsOf(model.graph).sort()).toEqual(['Abs', 'Identity', 'Identity']);
    await expectSameAnswers(model, cloneModel(model), [randomFeeds(model, { n: 2 })]);
  });

  it('inlines in branches and bodies, and branches within functions', async () => {
    const chosen = functionOf('Chosen', ['x', 'test'], (inner, x, test) => {
      const branch = (op: string) => {
        const graph = new Graph(op, inner.graph);
        // Reads the function's input, and calls a function in its turn.
        graph.outputs.push(
          call(graph, 'Scaled', [graph.addNode({ op, inputs: [x], outputs: ['inside'] }).outputs[0]], ['out'])[0],
        );
        graph.outputs[0].type = { elementType: 'FLOAT', shape: undefined };
        return { type: 'GRAPH', value: graph } as const;
      };
      return [apply(inner, 'If', [test], { then_branch: branch('Neg'), else_branch: branch('Exp') }, 'y')];
    });
    const model = modelWith(scaled, chosen);
    const x = addInput(model, 'x', ['n', 4]);
    const test = addInput(model, 'test', [], 'BOOL');
    const body = new Graph('body', model.graph);
    for (const [name, elementType] of [
      ['i', 'INT64'],
      ['go', 'BOOL'],
      ['state', 'FLOAT'],
    ] as const) {
      const value = body.addValue(name);
      value.type = { elementType, shape: name === 'state' ? ['n', 4] : [] };
      body.inputs.push(value);
    }
    const [, go, state] = body.inputs;
    body.outputs.push(body.addNode({ op: 'Identity', inputs: [go], outputs: ['going'] }).outputs[0]!);
    body.outputs.push(...call(body, 'Chosen', [state, test], ['next']));
    for (const [index, value] of body.outputs.entries()) {
      value.type = { elementType: index === 0 ? 'BOOL' : 'FLOAT', shape: undefined };
    }
    const count = model.graph.addInitializer('count', Tensor.int64([], [3]));
    const y = apply(model, 'Loop', [count, undefined, x], { body: { type: 'GRAPH', value: body } }, 'y');
    const { inlined } = await expectInlined(model, y);
    expect(inlined).toEqual({ 'pkg.Chosen': 1, 'pkg.Scaled': 2 });
    expect(opsOf(model.graph).filter((op) => op.startsWith('pkg.'))).toEqual([]);
  });

  it('leaves a function whose operators mean something else in the model', () => {
    const old = functionOf('Old', ['x'], (inner, x) => [apply(inner, 'Softmax', [x], {}, 'y')], {
      opsetImport: [{ domain: '', version: 11n }],
    });
    const model = modelWith(old);
    const [y] = call(model.graph, 'Old', [addInput(model, 'x', ['n', 4])], ['y']);
    model.graph.outputs.push(y);
    const { inlined, left } = inlineFunctions(model);
    expect([inlined, Object.keys(left)]).toEqual([{}, ['pkg.Old']]);
    expect(left['pkg.Old']).toContain('Softmax');
    expect(opsOf(model.graph)).toEqual(['pkg.Old']);
    expect((model.proto as Message).functions).toHaveLength(1);
  });

  it('lets shapes and costs see what functions compute', async () => {
    const project = functionOf('Project', ['x', 'w'], (inner, x, w) => [apply(inner, 'MatMul', [x, w], {}, 'y')]);
    const model = modelWith(project);
    const weight = model.graph.addInitializer('w', floats([4, 6], new Array(24).fill(0.5)));
    const [y] = call(model.graph, 'Project', [addInput(model, 'x', ['n', 'm', 4]), weight], ['y']);
    await expectInlined(model, y);
    expect(inferShapes(model).shape(y)?.map(String)).toEqual(['n', 'm', '6']);
    expect(costOf(model, { dims: { n: 2, m: 5 } })).toMatchObject({ macs: 2 * 5 * 4 * 6, params: 24 });
  });
});

it('is counted by what functions compute, whether they are inlined or not', () => {
  const linear = functionOf('Linear', ['x', 'w'], (inner, x, w) => [apply(inner, 'MatMul', [x, w])]);
  const model = modelWith(linear);
  const x = addInput(model, 'x', ['n', 7, 4]);
  const weight = model.graph.addInitializer('w', floats([4, 5], new Array<number>(20).fill(1)));
  const [y] = call(model.graph, 'Linear', [x, weight]);
  // The product behind has a shape only if that of the call is known.
  const z = apply(model, 'MatMul', [y, model.graph.addInitializer('v', floats([5, 6], new Array<number>(30).fill(1)))]);
  z.type = { elementType: 'FLOAT', shape: undefined };
  model.graph.outputs.push(z);
  expect(costOf(model).macs).toBe(7 * 4 * 5 + 7 * 5 * 6);
  expect(Object.keys(inlineFunctions(model).inlined)).toEqual(['pkg.Linear']);
});
