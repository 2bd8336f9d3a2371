import { describe, expect, it } from 'vitest';
import {
  type AttributeInit,
  cloneModel,
  costOf,
  decodeModel,
  encodeModel,
  Graph,
  inferShapes,
  type Model,
  type Tensor,
  unpackSequences,
  type Value,
} from '../src/index.js';
import { expectSameAnswers, randomFeeds } from './support/answers.js';
import { addInput, apply, emptyModel, floats, int, ints } from './support/graphs.js';

const constant = (model: Model, tensor: Tensor) => model.graph.addInitializer('c', tensor);
const opsOf = (graph: Graph): string[] => graph.nodes.flatMap((node) => [node.op, ...node.subgraphs.flatMap(opsOf)]);

/** Unpacks, and holds the answers against those of the runtime, which knows sequences. */
async function expectUnpacked(model: Model, outputs: Value[]): Promise<string[]> {
  model.graph.outputs.push(...outputs);
  for (const output of outputs) output.type ??= { elementType: 'FLOAT', shape: undefined };
  const original = cloneModel(model);
  expect(unpackSequences(model)).toBeGreaterThan(0);
  const feeds = [1, 3].map((n) => randomFeeds(original, { n }));
  expect(await expectSameAnswers(original, decodeModel(new Uint8Array(Buffer.concat(encodeModel(model)))), feeds)).toBe(
    feeds.length,
  );
  return opsOf(model.graph);
}

const at = (model: Model, sequence: Value, position: number) =>
  apply(model, 'SequenceAt', [sequence, constant(model, int(position))]);

describe.each([11, 13, 17, 18, 21])('unpackSequences, operator set %i', (opset) => {
  const split = (attributes: Record<string, AttributeInit>, sizes?: Tensor) => {
    const model = emptyModel(opset);
    const x = addInput(model, 'x', ['n', 7, 4]);
    return { model, sequence: apply(model, 'SplitToSequence', [x, sizes && constant(model, sizes)], attributes) };
  };

  it('makes a Split of stated sizes', async () => {
    const { model, sequence } = split({ axis: -2 }, ints(2, 4, 1));
    const ops = await expectUnpacked(model, [at(model, sequence, 1), at(model, sequence, -1)]);
    expect(ops).toEqual(['Split', 'Identity', 'Identity']);
    expect(inferShapes(model).shape(model.graph.outputs[0])?.map(String)).toEqual(['n', '4', '4']);
  });

  it('makes a Split of one size, the last piece being what is left', async () => {
    const { model, sequence } = split({ axis: 1 }, int(3));
    const length = apply(model, 'SequenceLength', [sequence]);
    length.type = { elementType: 'INT64', shape: [] };
    const joined = apply(model, 'ConcatFromSequence', [sequence], { axis: 1 });
    await expectUnpacked(model, [at(model, sequence, 2), joined, length]);
    expect(inferShapes(model).shape(model.graph.outputs[0])?.map(String)).toEqual(['n', '1', '4']);
  });

  it.each([0, 1])('takes an axis apart, keepdims %i', async (keepdims) => {
    const { model, sequence } = split({ axis: -2, keepdims });
    const stacked = apply(model, 'ConcatFromSequence', [sequence], { axis: -1, new_axis: 1 });
    const ops = await expectUnpacked(model, [
      at(model, sequence, 3),
      stacked,
      apply(model, 'Neg', [at(model, sequence, 0)]),
    ]);
    expect(ops.filter((op) => op.includes('Sequence'))).toEqual([]);
  });

  it('follows sequences that are put together', async () => {
    const model = emptyModel(opset);
    const [a, b] = [addInput(model, 'a', ['n', 3]), addInput(model, 'b', ['n', 3])];
    const first = apply(model, 'SequenceConstruct', [a, b]);
    const longer = apply(model, 'SequenceInsert', [first, apply(model, 'Neg', [a]), constant(model, int(1))]);
    const more = apply(model, 'SequenceInsert', [longer, apply(model, 'Abs', [b])]);
    const shorter = apply(model, 'SequenceErase', [more, constant(model, int(-2))]);
    const length = apply(model, 'SequenceLength', [shorter]);
    length.type = { elementType: 'INT64', shape: [] };
    const ops = await expectUnpacked(model, [apply(model, 'ConcatFromSequence', [shorter], { axis: 1 }), length]);
    expect(ops.filter((op) => op.includes('Sequence'))).toEqual([]);
  });
});

describe('unpackSequences', () => {
  it('reaches into branches, and leaves what depends on data or leaves the graph', async () => {
    const model = emptyModel();
    const x = addInput(model, 'x', ['n', 4]);
    const test = addInput(model, 'test', [], 'BOOL');
    const position = addInput(model, 'position', [], 'INT64');
    const parts = apply(model, 'SplitToSequence', [x, constant(model, ints(3, 1))], { axis: 1 });
    const branch = (index: number) => {
      const graph = new Graph(`branch${index}`, model.graph);
      const [value] = graph.addNode({
        op: 'SequenceAt',
        inputs: [parts, graph.addInitializer('at', int(index))],
        outputs: ['part'],
      }).outputs;
      value!.type = { elementType: 'FLOAT', shape: undefined };
      graph.outputs.push(value!);
      return { type: 'GRAPH', value: graph } as const;
    };
    const chosen = apply(model, 'If', [test], { then_branch: branch(0), else_branch: branch(1) });
    const any = apply(model, 'SequenceAt', [parts, position]);
    const ops = await expectUnpacked(model, [chosen, any]);
    expect(ops.filter((op) => op.includes('Sequence'))).toEqual(['SplitToSequence', 'SequenceAt']);
  });

  it('lets costs be told behind it', () => {
    const model = emptyModel();
    const parts = apply(model, 'SplitToSequence', [addInput(model, 'x', ['n', 6])], { axis: 1, keepdims: 0 });
    const stacked = apply(model, 'ConcatFromSequence', [parts], { axis: 1, new_axis: 1 });
    model.graph.outputs.push(apply(model, 'MatMul', [stacked, constant(model, floats([6, 2], new Array(12).fill(1)))]));
    unpackSequences(model);
    expect(costOf(model, { dims: { n: 5 } }).macs).toBe(5 * 6 * 2);
  });
});
