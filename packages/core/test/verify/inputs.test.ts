import { type DataType, type FileDim, inferShapes, type Model, type Value } from '@snp/onnx';
import { onnxRuntime } from '@snp/runtime';
import { GraphBuilder, normals, random } from '@snp/testing';
import { describe, expect, it } from 'vitest';
import { type FoundInputs, findInputs, randomFeeds } from '../support/core.js';

type Build = (builder: GraphBuilder, input: Input) => Value;
type Input = (name: string, type: DataType, shape: FileDim[]) => Value;

/** A graph, with its output as it comes. */
function model(build: Build): Model {
  const builder = new GraphBuilder('inputs');
  const input: Input = (name, type, shape) => builder.input(name, type, shape);
  builder.model.graph.outputs.push(build(builder, input));
  return builder.model;
}

async function found(build: Build, dims?: Record<string, number>): Promise<FoundInputs> {
  const own = model(build);
  const session = await onnxRuntime().open(own);
  try {
    return await findInputs(own, inferShapes(own), (feeds) => session.run(feeds), { seed: 1, batch: 1, dims });
  } finally {
    await session.close();
  }
}

const weight = (builder: GraphBuilder, name: string, dims: number[]) =>
  builder.weight(
    name,
    dims,
    Float32Array.from(
      normals(
        random(1, name),
        dims.reduce((a, b) => a * b, 1),
      ),
    ),
  );
const table = (builder: GraphBuilder, rows: number, name = 'table') => weight(builder, name, [rows, 4]);
const numbersOf = ({ feeds }: FoundInputs, name: string) => Array.from(feeds[name].data as ArrayLike<number>, Number);

const ONE_TOKEN = 'one token at a time, as a mask of one more than the past says, where none at all run too';

/** Graphs that take only inputs that belong together, as exporters write them. */
const GRAPHS: Readonly<Record<string, Build>> = {
  'keys of the past, whose mask is as long as both': (builder, input) => {
    const keys = builder.op(
      '',
      'Concat',
      [input('past.0.key', 'FLOAT', ['b', 2, 'p', 4]), input('k', 'FLOAT', ['b', 2, 's', 4])],
      { axis: 2 },
    );
    const scores = builder.op('', 'ReduceSum', [keys, builder.ints('', [1, 3])], { keepdims: 0 });
    return builder.op('', 'Mul', [scores, builder.op('', 'Cast', [input('mask', 'INT64', ['b', 't'])], { to: 1 })]);
  },
  'a total by its name': (builder, input) => {
    const both = builder.op(
      '',
      'Concat',
      [input('past_key', 'FLOAT', ['b', 'past_sequence_length']), input('x', 'FLOAT', ['b', 'sequence_length'])],
      { axis: 1 },
    );
    return builder.op('', 'Add', [both, input('m', 'FLOAT', ['b', 'total_sequence_length'])]);
  },
  'one more than the past': (builder, input) => {
    const both = builder.op('', 'Concat', [input('cache', 'FLOAT', ['b', 'n']), input('x', 'FLOAT', ['b', 1])], {
      axis: 1,
    });
    return builder.op('', 'Add', [both, input('mask', 'FLOAT', ['b', 'm'])]);
  },
  [ONE_TOKEN]: (builder, input) => {
    const both = builder.op('', 'Concat', [input('past', 'FLOAT', ['b', 'p']), input('x', 'FLOAT', ['b', 's'])], {
      axis: 1,
    });
    const length = builder.op('', 'Slice', [
      builder.op('', 'Shape', [both]),
      builder.ints('', [1]),
      builder.ints('', [2]),
    ]);
    const mask = input('mask', 'FLOAT', ['b', 'p + 1']);
    return builder.op('', 'Add', [
      both,
      builder.op('', 'Slice', [mask, builder.ints('', [0]), length, builder.ints('', [1])]),
    ]);
  },
  'sums in the file': (builder, input) => {
    const both = builder.op('', 'Concat', [input('a', 'FLOAT', ['b', 'p']), input('x', 'FLOAT', ['b', 's'])], {
      axis: 1,
    });
    return builder.op('', 'Add', [both, input('m', 'FLOAT', ['b', 'p + s'])]);
  },
  'a recording of thousands of numbers': (builder, input) => {
    const x = builder.op('', 'Unsqueeze', [input('input_values', 'FLOAT', ['b', 'n']), builder.ints('', [1])]);
    return builder.op('', 'Conv', [x, weight(builder, 'w', [2, 1, 800])], { strides: [320] });
  },
  'a table of eight positions': (builder, input) =>
    builder.op('', 'Add', [
      input('x', 'FLOAT', ['b', 's', 4]),
      builder.op('', 'Slice', [
        table(builder, 8),
        builder.ints('', [0]),
        builder.op('', 'Slice', [
          builder.op('', 'Shape', [builder.model.graph.value('x')]),
          builder.ints('', [1]),
          builder.ints('', [2]),
        ]),
      ]),
    ]),
  'a picture of any size in windows of seven': (builder, input) => {
    const x = input('pixel_values', 'FLOAT', ['b', 3, 'height', 'width']);
    return builder.op('', 'Reshape', [x, builder.ints('', [0, 3, -1, 7, 224])]);
  },
  'a scalar': (builder, input) => builder.op('', 'Add', [input('x', 'FLOAT', ['b', 4]), input('t', 'FLOAT', [])]),
  'a mask of truth values': (builder, input) =>
    builder.op('', 'Where', [
      input('attention_mask', 'BOOL', ['b', 's']),
      input('x', 'FLOAT', ['b', 's']),
      builder.float('', Number.NaN),
    ]),
  'a mask of what is left out': (builder, input) =>
    builder.op('', 'Where', [
      input('key_padding_mask', 'BOOL', ['b', 's']),
      builder.float('', Number.NEGATIVE_INFINITY),
      input('x', 'FLOAT', ['b', 's']),
    ]),
  'numbers above zero': (builder, input) =>
    builder.op('', 'Add', [
      builder.op('', 'Log', [input('x', 'FLOAT', ['b', 1])]),
      builder.op('', 'Sqrt', [builder.op('', 'Sub', [input('y', 'FLOAT', ['b', 1]), builder.float('', 0)])]),
    ]),
  'halves, doubles and whole numbers': (builder, input) => {
    const cast = (value: Value) => builder.op('', 'Cast', [value], { to: 1 });
    const types = ['FLOAT16', 'DOUBLE', 'INT8', 'UINT8', 'INT32', 'UINT64'] as const;
    return types.map((type) => cast(input(type, type, ['b', 3]))).reduce((a, b) => builder.op('', 'Add', [a, b]));
  },
  'lengths of an attention with past keys': (builder, input) => {
    const caches = ['key', 'value'].map((part) => input(`past_key_values.0.${part}`, 'FLOAT', ['b', 1, 'p', 8]));
    const x = input('hidden', 'FLOAT', ['b', 's', 16]);
    const small = builder.op('', 'MatMul', [x, weight(builder, 'k', [16, 8])]);
    builder.model.opsets.set('com.microsoft', 1);
    const lengths = [input('lens', 'INT32', ['b']), input('n', 'INT32', [])];
    return builder.model.graph.addNode({
      op: 'GroupQueryAttention',
      domain: 'com.microsoft',
      inputs: [x, small, small, ...caches, ...lengths],
      outputs: ['out', 'present_key', 'present_value'],
      attributes: { num_heads: 2, kv_num_heads: 1 },
    }).outputs[0]!;
  },
};

describe('findInputs', () => {
  it.each(Object.entries(GRAPHS))('makes inputs for %s', async (_, build) => {
    const { answers } = await found(build);
    const [numbers] = Object.values(answers).map(({ data }) => Array.from(data as ArrayLike<number>, Number));
    expect(numbers.length).toBeGreaterThan(0);
    expect(numbers.some(Number.isFinite)).toBe(true);
  });

  it('takes one token at a time where nothing of what is new says nothing', async () => {
    const { sizes } = await found(GRAPHS[ONE_TOKEN]);
    expect(sizes.s).toBe(1);
    expect(sizes.p).toBeGreaterThan(1);
  });

  it.each([
    [
      'a cast and an axis of their own',
      (builder: GraphBuilder, ids: Value) =>
        builder.op('', 'Squeeze', [
          builder.op('', 'Unsqueeze', [builder.op('', 'Cast', [ids], { to: 6 }), builder.ints('', [0])]),
          builder.ints('', [0]),
        ]),
    ],
    ['an offset', (builder: GraphBuilder, ids: Value) => builder.op('', 'Add', [ids, builder.int('', 2)])],
    ['a reshape', (builder: GraphBuilder, ids: Value) => builder.op('', 'Reshape', [ids, builder.ints('', [-1])])],
    ['nothing', (_: GraphBuilder, ids: Value) => ids],
  ])('keeps ids below the number of rows behind %s', async (_, step) => {
    const own = model((builder, input) =>
      builder.op('', 'Gather', [table(builder, 5), step(builder, input('ids', 'INT64', ['b', 's']))]),
    );
    const session = await onnxRuntime().open(own);
    const shapes = inferShapes(own);
    for (let seed = 1; seed <= 5; seed++) await session.run(randomFeeds(own, shapes, { seed, batch: 3 }));
    await session.close();
  });

  it('keeps ids below the rows of the smaller of two tables, and uses all of them', async () => {
    const result = await found((builder, input) => {
      const ids = input('ids', 'INT64', ['b', 's']);
      const [a, b] = [table(builder, 9, 'a'), table(builder, 3, 'b')].map((own) =>
        builder.op('', 'Gather', [own, ids]),
      );
      return builder.op('', 'Add', [a, b]);
    });
    expect([...new Set(numbersOf(result, 'ids'))].sort()).toEqual([0, 1, 2]);
  });

  it('takes sizes that are given, and says which there are', async () => {
    const build: Build = (_, input) => input('x', 'FLOAT', ['b', 'tokens']);
    const own = model(build);
    own.graph.outputs[0] = own.graph.addNode({ op: 'Identity', inputs: [own.graph.inputs[0]], outputs: ['y'] })
      .outputs[0]!;
    expect(randomFeeds(own, inferShapes(own), { seed: 1, batch: 2, dims: { tokens: 77 } }).x.dims).toEqual([2, 77]);
    expect(() => randomFeeds(own, inferShapes(own), { seed: 1, batch: 2, dims: { token: 77 } })).toThrow(
      "No input has a free dimension 'token'. Free are: b, tokens.",
    );
  });

  it('asks for what it cannot find', async () => {
    const build: Build = (builder, input) => {
      const x = input('x', 'FLOAT', ['b', 'tokens']);
      return builder.op('', 'Reshape', [x, builder.ints('', [1, 1009])]);
    };
    await expect(found(build)).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringMatching(/free dimensions b, tokens.*--dim NAME=N/),
    });
    expect((await found(build, { tokens: 1009 })).feeds.x.dims).toEqual([1, 1009]);
  });
});
