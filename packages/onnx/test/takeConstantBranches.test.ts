import { expect, it } from 'vitest';
import {
  type AttributeInit,
  cloneModel,
  decodeModel,
  encodeModel,
  foldConstants,
  Graph,
  type Model,
  Tensor,
  takeConstantBranches,
  type Value,
} from '../src/index.js';
import { expectSameAnswers, randomFeeds } from './support/answers.js';
import { addInput, apply, emptyModel, floats, ints } from './support/graphs.js';

/** A branch whose values have the same names in every branch: one of its own, one of outside. */
function branch(outer: Graph, fill: (graph: Graph) => Value): AttributeInit {
  const graph = new Graph('branch', outer);
  const output = fill(graph);
  output.type = { elementType: 'FLOAT', shape: undefined };
  graph.outputs.push(output);
  return { type: 'GRAPH', value: graph };
}

function plus(x: Value, number: number): (graph: Graph) => Value {
  return (graph) => {
    // A name that other branches use too.
    const constant = graph.addValue('c');
    constant.tensor = floats([1], [number]);
    return graph.addNode({ op: 'Add', inputs: [x, constant], outputs: [graph.addValue('y')] }).outputs[0]!;
  };
}

function conditional(
  model: Model,
  condition: Value,
  then: (graph: Graph) => Value,
  other: (graph: Graph) => Value,
): Value {
  const { graph } = model;
  return apply(model, 'If', [condition], { then_branch: branch(graph, then), else_branch: branch(graph, other) });
}

const opsOf = (graph: Graph): string[] => graph.nodes.flatMap((node) => [node.op, ...node.subgraphs.flatMap(opsOf)]);

async function expectTaken(model: Model, outputs: Value[], taken: number): Promise<string[]> {
  for (const output of outputs) {
    output.type = { elementType: 'FLOAT', shape: undefined };
    model.graph.outputs.push(output);
  }
  const original = cloneModel(model);
  foldConstants(model);
  expect(takeConstantBranches(model)).toBe(taken);
  const again = decodeModel(new Uint8Array(Buffer.concat(encodeModel(model))));
  expect(await expectSameAnswers(original, again, [randomFeeds(original, { n: 3 })])).toBe(1);
  expect(again.graph.outputs.map(({ name }) => name)).toEqual(original.graph.outputs.map(({ name }) => name));
  return opsOf(model.graph);
}

it.each([true, false])('puts the nodes of the branch that is always taken in the place of If (%s)', async (truth) => {
  const model = emptyModel();
  const x = addInput(model, 'x', ['n', 4]);
  const condition = model.graph.addInitializer('condition', Tensor.of('BOOL', [], Uint8Array.of(Number(truth))));
  const first = conditional(model, condition, plus(x, 1), plus(x, 2));
  const second = conditional(model, condition, plus(first, 3), plus(first, 4));
  expect(await expectTaken(model, [apply(model, 'Neg', [second]), second], 2)).toEqual([
    'Add',
    'Add',
    'Identity',
    'Neg',
  ]);
});

it('takes one whose condition follows from shapes', async () => {
  const model = emptyModel();
  const x = addInput(model, 'x', ['n', 4]);
  const sizes = apply(model, 'Shape', [x]);
  const width = apply(model, 'Gather', [sizes, model.graph.addInitializer('one', Tensor.int64([], [1]))]);
  const condition = apply(model, 'Equal', [width, model.graph.addInitializer('four', Tensor.int64([], [4]))]);
  expect(await expectTaken(model, [conditional(model, condition, plus(x, 1), plus(x, 2))], 1)).toEqual([
    'Add',
    'Identity',
  ]);
});

it('hands on a value of outside that a branch gives as it is', async () => {
  const model = emptyModel();
  const x = addInput(model, 'x', ['n', 4]);
  const condition = model.graph.addInitializer('condition', Tensor.of('BOOL', [1], Uint8Array.of(1)));
  const passed = (graph: Graph) => graph.addNode({ op: 'Identity', inputs: [x], outputs: ['same'] }).outputs[0]!;
  const chosen = conditional(model, condition, passed, plus(x, 2));
  await expectTaken(model, [apply(model, 'Exp', [chosen])], 1);
});

it('goes from the inside out, and leaves what depends on inputs', async () => {
  const model = emptyModel();
  const x = addInput(model, 'x', ['n', 4]);
  const yes = model.graph.addInitializer('yes', Tensor.of('BOOL', [], Uint8Array.of(1)));
  const sum = apply(model, 'ReduceSum', [x], { keepdims: 0 });
  const open = apply(model, 'Greater', [sum, model.graph.addInitializer('zero', floats([], [0]))]);
  const nested = (graph: Graph) => {
    const branches = { then_branch: branch(graph, plus(x, 5)), else_branch: branch(graph, plus(x, 6)) };
    return graph.addNode({ op: 'If', inputs: [yes], attributes: branches, outputs: ['inner'] }).outputs[0]!;
  };
  const ops = await expectTaken(
    model,
    [conditional(model, yes, nested, plus(x, 7)), conditional(model, open, nested, plus(x, 8))],
    3,
  );
  expect(ops.filter((op) => op === 'If')).toHaveLength(1);
});

it('leaves a branch that holds a choice of its own', async () => {
  const model = emptyModel();
  const x = addInput(model, 'x', ['n', 4]);
  const yes = model.graph.addInitializer('yes', Tensor.of('BOOL', [], Uint8Array.of(1)));
  const open = apply(model, 'Greater', [
    apply(model, 'ReduceSum', [x, model.graph.addInitializer('axes', ints(0, 1))], { keepdims: 0 }),
    model.graph.addInitializer('zero', floats([], [0])),
  ]);
  const nested = (graph: Graph) => {
    const branches = { then_branch: branch(graph, plus(x, 5)), else_branch: branch(graph, plus(x, 6)) };
    return graph.addNode({ op: 'If', inputs: [open], attributes: branches, outputs: ['inner'] }).outputs[0]!;
  };
  await expectTaken(model, [conditional(model, yes, nested, plus(x, 7))], 0);
});

it('leaves one whose condition the caller may replace', async () => {
  const model = emptyModel();
  const x = addInput(model, 'x', ['n', 4]);
  const condition = model.graph.addInitializer('condition', Tensor.of('BOOL', [], Uint8Array.of(1)));
  model.graph.inputs.push(condition);
  await expectTaken(model, [conditional(model, condition, plus(x, 1), plus(x, 2))], 0);
});
