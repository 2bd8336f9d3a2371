import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import {
  cloneModel,
  decodeModel,
  encodeModel,
  Graph,
  type Model,
  type Node,
  SnpError,
  Tensor,
  type Value,
} from '../src/index.js';
import { addInput, apply, emptyModel, floats, int } from './support/graphs.js';
import { plainSession } from './support/runtime.js';

const bytesOf = (model: Model) => new Uint8Array(Buffer.concat(encodeModel(model)));
const readers = (value: Value) => [...value.uses].map(({ node, index }) => [node.op, index]);
const ops = (graph: Graph) => graph.nodes.map((node) => node.op);

async function run(model: Model, feeds: Record<string, number[]>): Promise<number[][]> {
  const session = await plainSession(model);
  const tensors = Object.entries(feeds).map(([name, items]) => [
    name,
    new ort.Tensor('float32', Float32Array.from(items), [items.length]),
  ]);
  const results = await session.run(Object.fromEntries(tensors));
  await session.release();
  return model.graph.outputs.map((output) => [...(results[output.name].data as Float32Array)]);
}

/** y = Relu(x + w) * w */
function small(): { model: Model; graph: Graph; x: Value; w: Value; sum: Node; relu: Node; product: Node } {
  const model = emptyModel();
  const { graph } = model;
  const x = addInput(model, 'x', [2]);
  const w = graph.addInitializer('w', floats([2], [1, -3]));
  const sum = graph.addNode({ op: 'Add', inputs: [x, w], outputs: ['sum'], name: 'adds' });
  const relu = graph.addNode({ op: 'Relu', inputs: [sum.outputs[0]], outputs: ['relu'] });
  const product = graph.addNode({ op: 'Mul', inputs: [relu.outputs[0], w], outputs: ['y'] });
  graph.outputs.push(product.outputs[0]!);
  product.outputs[0]!.type = { elementType: 'FLOAT', shape: [2] };
  return { model, graph, x, w, sum, relu, product };
}

/** y = If(choice) then x + w else -x, where both branches read values of the graph around them. */
function branching(): { model: Model; graph: Graph; choice: Value; x: Value; w: Value; node: Node } {
  const model = emptyModel();
  const { graph } = model;
  const choice = addInput(model, 'choice', [], 'BOOL');
  const x = addInput(model, 'x', [2]);
  const w = graph.addInitializer('w', floats([2], [10, 20]));
  const branch = (name: string, op: string, inputs: Value[]) => {
    const inner = new Graph(name, graph);
    const [output] = inner.addNode({ op, inputs, outputs: [`${name}_out`] }).outputs;
    output!.type = { elementType: 'FLOAT', shape: [2] };
    inner.outputs.push(output!);
    return { type: 'GRAPH', value: inner } as const;
  };
  const node = graph.addNode({
    op: 'If',
    inputs: [choice],
    outputs: ['y'],
    attributes: { then_branch: branch('then', 'Add', [x, w]), else_branch: branch('else', 'Neg', [x]) },
  });
  node.outputs[0]!.type = { elementType: 'FLOAT', shape: [2] };
  graph.outputs.push(node.outputs[0]!);
  return { model, graph, choice, x, w, node };
}

describe('uses and producers', () => {
  it('follow nodes as they are added', async () => {
    const { model, x, w, sum, product } = small();
    expect(readers(x)).toEqual([['Add', 0]]);
    expect(readers(w)).toEqual([
      ['Add', 1],
      ['Mul', 1],
    ]);
    expect([x.producer, w.producer, sum.outputs[0]!.producer]).toEqual([undefined, undefined, sum]);
    expect(w.consumers).toEqual([sum, product]);
    expect(await run(model, { x: [2, 2] })).toEqual([[3, -0]]);
  });

  it('follow a changed input', async () => {
    const { model, graph, x, w, product } = small();
    product.setInput(1, x);
    expect([readers(w), readers(x)]).toEqual([
      [['Add', 1]],
      [
        ['Add', 0],
        ['Mul', 1],
      ],
    ]);
    expect(graph.nodes[2].inputs[1]).toBe(x);
    expect(await run(model, { x: [2, 2] })).toEqual([[6, 0]]);
  });

  it('count a value once for each place that reads it', () => {
    const { graph, x } = small();
    const node = graph.addNode({ op: 'Mul', inputs: [x, x] });
    expect(readers(x)).toEqual([
      ['Add', 0],
      ['Mul', 0],
      ['Mul', 1],
    ]);
    node.setInput(0, undefined);
    expect(readers(x)).toEqual([
      ['Add', 0],
      ['Mul', 1],
    ]);
  });

  it('follow inputs that are left out, added behind the end, or cut off', () => {
    const { graph, x, w } = small();
    const clip = graph.addNode({ op: 'Clip', inputs: [x] });
    clip.setInput(2, w);
    expect(clip.inputs).toEqual([x, undefined, w]);
    clip.truncateInputs(1);
    expect(clip.inputs).toEqual([x]);
    expect(readers(w)).toEqual([
      ['Add', 1],
      ['Mul', 1],
    ]);
  });

  it('reach into subgraphs', () => {
    const { graph, x, w } = branching();
    expect([readers(x), readers(w)]).toEqual([
      [
        ['Add', 0],
        ['Neg', 0],
      ],
      [['Add', 1]],
    ]);
    expect(readers(decodeModel(bytesOf(branching().model)).graph.value('x'))).toEqual(readers(x));
    expect(graph.nodes[0].subgraphs.map((inner) => inner.lookup('w'))).toEqual([w, w]);
  });

  it('hold in a graph that was read, in both directions', () => {
    for (const { model } of [small(), branching()]) expectConsistent(decodeModel(bytesOf(model)).graph);
  });
});

describe('replaceAllUsesWith', () => {
  it('moves every reader, also within subgraphs, and no graph output', async () => {
    const { model, graph, choice, x, w } = branching();
    const twice = graph.addNode({ op: 'Add', inputs: [w, w], outputs: ['twice'], before: graph.nodes[0] });
    x.replaceAllUsesWith(twice.outputs[0]!);
    expect(x.uses.size).toBe(0);
    expect(readers(twice.outputs[0]!)).toEqual([
      ['Add', 0],
      ['Neg', 0],
    ]);
    expect(graph.outputs.map((value) => value.name)).toEqual(['y']);
    expectConsistent(graph);
    graph.inputs.splice(graph.inputs.indexOf(x), 1);
    graph.inputs.splice(graph.inputs.indexOf(choice), 1);
    graph.values.delete('choice');
    choice.replaceAllUsesWith(graph.addInitializer('always', new Tensor('BOOL', [], Uint8Array.of(1))));
    expect(await run(model, {})).toEqual([[30, 60]]);
  });
});

describe('names', () => {
  it('of new values give way to those that exist', () => {
    const { graph, x } = small();
    const names = [
      graph.addInitializer('w', int(1)),
      graph.addInitializer('w', int(2)),
      graph.addNode({ op: 'Neg', inputs: [x], outputs: ['sum'] }).outputs[0]!,
      graph.addNode({ op: 'Neg', inputs: [x], name: 'minus' }).outputs[0]!,
      graph.addNode({ op: 'Neg', inputs: [x] }).outputs[0]!,
    ].map((value) => value.name);
    expect(names).toEqual(['w_1', 'w_2', 'sum_1', 'minus_output', 'Neg_output']);
    expect(graph.value('w_2').tensor!.numbers()).toEqual([2]);
  });

  it('are unique across graphs within graphs, both ways', async () => {
    const { model, graph, x } = branching();
    const [inner] = graph.nodes[0].subgraphs;
    expect([graph.uniqueName('then_out'), inner.uniqueName('w'), inner.uniqueName('free')]).toEqual([
      'then_out_1',
      'w_1',
      'free',
    ]);
    const outer = graph.addNode({ op: 'Relu', inputs: [x], outputs: ['else_out'] }).outputs[0]!;
    outer.type = { elementType: 'FLOAT', shape: [2] };
    graph.outputs.push(outer);
    graph.inputs.shift();
    graph.values.get('choice')!.tensor = new Tensor('BOOL', [], Uint8Array.of(0));
    expect(await run(model, { x: [1, -2] })).toEqual([
      [-1, 2],
      [1, 0],
    ]);
  });

  it('cannot be taken twice or asked for in vain', () => {
    const { graph } = small();
    expect(() => graph.addValue('x')).toThrow(/Two values are named 'x'/);
    expect(() => graph.value('gone')).toThrow(/no value named 'gone'/);
  });
});

describe('adding', () => {
  it('puts a node in front of another', () => {
    const { graph, x, relu } = small();
    graph.addNode({ op: 'Neg', inputs: [x], before: relu });
    expect(ops(graph)).toEqual(['Add', 'Neg', 'Relu', 'Mul']);
  });

  it('turns plain values into attributes', () => {
    const { graph, x } = small();
    const attributes = {
      axis: -1,
      to: 2n ** 62n,
      alpha: 0.5,
      beta: { float: 1 },
      mode: 'größe',
      perm: [1, 0],
      scales: [1, 0.5],
    };
    const node = graph.addNode({ op: 'Test', inputs: [x], attributes: { ...attributes, value: floats([1], [7]) } });
    expect(Object.fromEntries([...node.attributes].map(([name, { type }]) => [name, type]))).toEqual({
      axis: 'INT',
      to: 'INT',
      alpha: 'FLOAT',
      beta: 'FLOAT',
      mode: 'STRING',
      perm: 'INTS',
      scales: 'FLOATS',
      value: 'TENSOR',
    });
    expect([node.int('axis'), node.ints('perm'), node.string('mode')]).toEqual([-1, [1, 0], 'größe']);
    expect([node.int('none', 4), node.string('axis', 'no string')]).toEqual([4, 'no string']);
  });
});

describe('removing', () => {
  it('takes what nothing depends on, and keeps the result', async () => {
    const { model, graph, x, w } = small();
    const table = graph.addInitializer('table', floats([2], [5, 5]));
    const dead = graph.addNode({ op: 'Mul', inputs: [apply(model, 'Neg', [w]), table], outputs: ['dead'] });
    apply(model, 'Sigmoid', [dead.outputs[0]]);
    const before = await run(model, { x: [4, 5] });
    graph.removeDead();
    expect(ops(graph)).toEqual(['Add', 'Relu', 'Mul']);
    expect([...graph.values.keys()]).toEqual(['x', 'w', 'sum', 'relu', 'y']);
    expect(readers(w)).toEqual([
      ['Add', 1],
      ['Mul', 1],
    ]);
    expect(readers(x)).toEqual([['Add', 0]]);
    expect(await run(model, { x: [4, 5] })).toEqual(before);
    expectConsistent(graph);
  });

  it('takes a dead If with everything its branches read', () => {
    const { graph, x, w } = branching();
    graph.outputs.length = 0;
    graph.outputs.push(graph.addNode({ op: 'Relu', inputs: [x], outputs: ['z'] }).outputs[0]!);
    graph.removeDead();
    expect(ops(graph)).toEqual(['Relu']);
    expect([readers(x), readers(w)]).toEqual([[['Relu', 0]], []]);
    expect([...graph.values.keys()]).toEqual(['choice', 'x', 'z']);
  });

  it('keeps what only a subgraph reads or hands out', () => {
    const { graph, w, node } = branching();
    const read = graph.addNode({ op: 'Neg', inputs: [w], outputs: ['read'], before: node }).outputs[0]!;
    const passed = graph.addNode({ op: 'Abs', inputs: [w], outputs: ['passed'], before: node }).outputs[0]!;
    const [then, otherwise] = node.subgraphs;
    then.nodes[0].setInput(1, read);
    otherwise.outputs.splice(0, 1, passed);
    graph.removeDead();
    expect(ops(graph)).toEqual(['Neg', 'Abs', 'If']);
  });

  it('keeps initializers and inputs that are part of the interface', () => {
    const { graph } = small();
    const [listed, given] = ['listed', 'given'].map((name) => graph.addInitializer(name, int(1)));
    graph.inputs.push(listed);
    graph.outputs.push(given);
    graph.removeDead();
    expect(graph.initializers.map((value) => value.name)).toEqual(['w', 'listed', 'given']);
  });

  it.each([
    [
      'a node',
      (s: ReturnType<typeof small>) => s.sum,
      /adds cannot be removed: 'sum' is still read by node Relu -> relu/,
    ],
    ['the graph', (s: ReturnType<typeof small>) => s.product, /'y' is still read as an output of the graph/],
  ])('refuses, and changes nothing, where %s still reads', (_title, pick, says) => {
    const parts = small();
    const before = bytesOf(parts.model);
    expect(() => parts.graph.removeNodes([pick(parts)])).toThrow(says);
    expect(() => parts.graph.removeNodes([pick(parts)])).toThrow(SnpError);
    expect(bytesOf(parts.model)).toEqual(before);
    expectConsistent(parts.graph);
  });

  it('takes nodes that read each other together', () => {
    const { graph, x, w, sum, relu, product } = small();
    graph.outputs.length = 0;
    graph.removeNodes([sum, relu, product]);
    expect([graph.nodes, [...graph.values.keys()], x.uses.size, w.uses.size]).toEqual([[], ['x', 'w'], 0, 0]);
    expect(sum.graph).toBeUndefined();
  });
});

describe('cloneModel', () => {
  it('gives the same file', () => {
    for (const { model } of [small(), branching()]) {
      model.metadata.set('author', 'nobody');
      const read = decodeModel(bytesOf(model));
      expect(bytesOf(cloneModel(read))).toEqual(bytesOf(model));
    }
  });

  it('can be edited without the original noticing', () => {
    for (const { model } of [small(), branching()]) {
      const before = bytesOf(model);
      const clone = cloneModel(model);
      const { graph } = clone;
      expectConsistent(graph);
      clone.metadata.set('pruned', 'yes');
      clone.opsets.set('', 21);
      graph.value('w').tensor = floats([2], [0, 0]);
      graph.value('x').type!.shape![0] = 'changed';
      graph.value('x').replaceAllUsesWith(graph.value('w'));
      for (const node of graph.nodes) node.set('extra', 1);
      for (const inner of graph.nodes.flatMap((node) => node.subgraphs)) inner.nodes[0].opType = 'Changed';
      graph.outputs.length = 0;
      graph.removeDead();
      expect(graph.nodes).toEqual([]);
      expect(bytesOf(model)).toEqual(before);
      expectConsistent(model.graph);
    }
  });
});

/** Inputs know their readers, outputs their producer, and the values of a graph are those of its nodes. */
function expectConsistent(graph: Graph): void {
  for (const node of graph.nodes) {
    expect(node.graph).toBe(graph);
    for (const [index, value] of node.inputs.entries()) {
      if (!value) continue;
      expect(graph.lookup(value.name)).toBe(value);
      expect([...value.uses].filter((use) => use.node === node && use.index === index)).toHaveLength(1);
    }
    for (const output of node.outputs)
      if (output) expect([output.producer, graph.values.get(output.name)]).toEqual([node, output]);
    for (const inner of node.subgraphs) expectConsistent(inner);
  }
  for (const value of graph.values.values()) {
    for (const { node, index } of value.uses) expect(node.inputs[index]).toBe(value);
  }
}
