import { describe, expect, it } from 'vitest';
import {
  cloneModel,
  decodeModel,
  encodeMessage,
  encodeModel,
  foldConstants,
  inferShapes,
  type Message,
  type Model,
  modelToProto,
  Tensor,
} from '../src/index.js';
import { expectSameAnswers, randomFeeds } from './support/answers.js';
import { addInput, apply, emptyModel } from './support/graphs.js';

const bytesOf = (chunks: Uint8Array[]) => new Uint8Array(Buffer.concat(chunks));

/** A [3, 4] tensor with four values, located by row-major positions or by coordinates. */
function sparse(name: string, located: 'linear' | 'coordinates', dataType = 1): Message {
  const values = dataType === 1 ? Tensor.float32([4], [0.5, -2, 3, 0.25]) : Tensor.int64([4], [5, -2, 3, 7]);
  const linear = [1, 4, 6, 11];
  const indices =
    located === 'linear'
      ? Tensor.int64([4], linear)
      : Tensor.int64(
          [4, 2],
          linear.flatMap((at) => [at >> 2, at & 3]),
        );
  const proto = (tensor: Tensor) => ({ dims: tensor.dims.map(BigInt), rawData: tensor.bytes() });
  return {
    values: { ...proto(values), dataType, name },
    indices: { ...proto(indices), dataType: 7 },
    dims: [3n, 4n],
  };
}

const DENSE = [0, 0.5, 0, 0, -2, 0, 3, 0, 0, 0, 0, 0.25];

/** x [n, 3] times a sparse initializer, and the sum with a sparse Constant. */
function model(located: 'linear' | 'coordinates'): Model {
  const built = emptyModel();
  const x = addInput(built, 'x', ['n', 3]);
  const y = apply(built, 'MatMul', [x, built.graph.addInitializer('w', Tensor.float32([3, 4], DENSE))], {}, 'product');
  const constant = apply(
    built,
    'Constant',
    [],
    { sparse_value: { type: 'OTHER', proto: { type: 11, sparseTensor: sparse('', located) } } },
    'constant',
  );
  const z = apply(built, 'MatMul', [y, apply(built, 'Transpose', [constant])], {}, 'z');
  z.type = { elementType: 'FLOAT', shape: ['n', 3] };
  built.graph.outputs.push(z);
  const proto = modelToProto(built);
  proto.graph = { ...proto.graph, initializer: [], sparseInitializer: [sparse('w', located)] };
  return decodeModel(bytesOf(encodeMessage('ModelProto', proto)));
}

describe.each(['linear', 'coordinates'] as const)('sparse tensors with %s indices', (located) => {
  it('are spread out where they are read', async () => {
    const read = model(located);
    expect([...read.graph.value('w').tensor!.numbers()]).toEqual(DENSE);
    const folded = cloneModel(read);
    foldConstants(folded);
    expect(folded.graph.nodes.map((node) => node.op)).toEqual(['MatMul', 'MatMul']);
    const shapes = inferShapes(read);
    expect(shapes.shape(read.graph.value('constant'))).toEqual([3, 4]);
    const feeds = [1, 4].map((n) => randomFeeds(read, { n }));
    expect(await expectSameAnswers(read, folded, feeds)).toBe(2);
  });

  it('come back as they were unless they are edited', async () => {
    const read = model(located);
    const bytes = bytesOf(encodeModel(read));
    expect(bytesOf(encodeModel(decodeModel(bytes)))).toEqual(bytes);
    expect((modelToProto(cloneModel(read)).graph as Message).sparseInitializer).toHaveLength(1);
    const edited = decodeModel(bytes);
    edited.graph.value('w').tensor = edited.graph.value('w').tensor!.take(1, [0, 1, 2, 3]);
    const { initializer, sparseInitializer } = modelToProto(edited).graph as Message;
    expect([initializer.map(({ name }: Message) => name), sparseInitializer]).toEqual([['w'], []]);
    expect(await expectSameAnswers(read, edited, [randomFeeds(read, { n: 2 })])).toBe(1);
  });
});

it('a sparse tensor with a value outside of its shape is damaged', () => {
  const read = model('linear');
  const proto = modelToProto(read);
  proto.graph.sparseInitializer[0].dims = [2n, 4n];
  const { graph } = decodeModel(bytesOf(encodeMessage('ModelProto', proto)));
  expect(() => graph.value('w').tensor!.bytes()).toThrow(/outside of its shape/);
});
