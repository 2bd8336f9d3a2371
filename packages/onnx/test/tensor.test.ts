import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { type DataType, dataTypeCode, decodeModel, Tensor } from '../src/index.js';
import { officialBytes, officialType, type PlainMessage } from './support/officialSchema.js';

/** A tensor read from a file that holds `fields`. */
function tensorOf(dataType: DataType, dims: number[], fields: PlainMessage): Tensor {
  const initializer = { name: 'w', dataType: dataTypeCode(dataType), dims: dims.map(String), ...fields };
  return decodeModel(officialBytes('ModelProto', { graph: { initializer: [initializer] } })).graph.value('w').tensor!;
}

/** The runtime's reading of the same tensor, as numbers. */
async function runtimeNumbers(dataType: DataType, dims: number[], fields: PlainMessage): Promise<number[]> {
  const initializer = { name: 'w', dataType: dataTypeCode(dataType), dims: dims.map(String), ...fields };
  const output = { name: 'y', type: { tensorType: { elemType: 11 } } };
  const cast = { opType: 'Cast', input: ['w'], output: ['y'], attribute: [{ name: 'to', type: 2, i: '11' }] };
  const graph = { name: 'g', initializer: [initializer], node: [cast], output: [output] };
  const bytes = officialBytes('ModelProto', { irVersion: '9', opsetImport: [{ domain: '', version: '19' }], graph });
  const session = await ort.InferenceSession.create(bytes, { graphOptimizationLevel: 'disabled' });
  const { y } = await session.run({});
  await session.release();
  return [...(y.data as Float64Array)];
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const every16Bits = Uint16Array.from({ length: 65536 }, (_, at) => at);

describe('content in typed fields', () => {
  it.each<[DataType, number[], PlainMessage, string]>([
    ['FLOAT', [2], { floatData: [1, -0] }, '0000803f00000080'],
    ['DOUBLE', [1], { doubleData: [-2] }, '00000000000000c0'],
    ['COMPLEX64', [1], { floatData: [1, 2] }, '0000803f00000040'],
    ['COMPLEX128', [1], { doubleData: [1, 2] }, '000000000000f03f0000000000000040'],
    ['INT32', [2], { int32Data: [-2, 1] }, 'feffffff01000000'],
    ['INT16', [2], { int32Data: [-2, 258] }, 'feff0201'],
    ['UINT16', [1], { int32Data: [65535] }, 'ffff'],
    ['INT8', [3], { int32Data: [-128, -1, 127] }, '80ff7f'],
    ['UINT8', [2], { int32Data: [255, 0] }, 'ff00'],
    ['BOOL', [2], { int32Data: [1, 0] }, '0100'],
    ['FLOAT16', [2], { int32Data: [0x3c00, 0xfe00] }, '003c00fe'],
    ['BFLOAT16', [1], { int32Data: [0x3f80] }, '803f'],
    ['FLOAT8E4M3FN', [2], { int32Data: [0x38, 0xff] }, '38ff'],
    ['FLOAT8E8M0', [1], { int32Data: [0x7f] }, '7f'],
    ['INT64', [2], { int64Data: ['-1', '4294967296'] }, 'ffffffffffffffff0000000001000000'],
    ['UINT64', [1], { uint64Data: ['18446744073709551615'] }, 'ffffffffffffffff'],
    ['UINT32', [1], { uint64Data: ['4294967295'] }, 'ffffffff'],
    ['UINT4', [3], { int32Data: [0x21, 0x03] }, '2103'],
    ['FLOAT4E2M1', [2], { int32Data: [0x7a] }, '7a'],
    ['INT2', [5], { int32Data: [0xe4, 0x03] }, 'e403'],
  ])('%s %j %j', (dataType, dims, fields, raw) => {
    const tensor = tensorOf(dataType, dims, fields);
    expect([hex(tensor.bytes()), tensor.byteLength]).toEqual([raw, raw.length / 2]);
    expect(hex(tensorOf(dataType, dims, { rawData: new Uint8Array(Buffer.from(raw, 'hex')) }).bytes())).toBe(raw);
  });

  it('of strings', () => {
    const stringData = ['', 'größe'].map((text) => new TextEncoder().encode(text));
    expect(tensorOf('STRING', [2], { stringData }).strings).toEqual(stringData);
  });

  it.each<[DataType, number[], PlainMessage]>([
    ['FLOAT', [3], { floatData: [1.5, -3e38, 1e-40] }],
    ['DOUBLE', [2], { doubleData: [Math.PI, -1e300] }],
    ['INT8', [2], { int32Data: [-128, 127] }],
    ['UINT8', [2], { int32Data: [255, 3] }],
    ['INT16', [2], { int32Data: [-32768, 9] }],
    ['UINT16', [2], { int32Data: [65535, 9] }],
    ['INT32', [2], { int32Data: [-(2 ** 31), 9] }],
    ['UINT32', [2], { uint64Data: ['4294967295', '9'] }],
    ['INT64', [2], { int64Data: ['-9007199254740991', '9'] }],
    ['UINT64', [2], { uint64Data: ['9007199254740991', '9'] }],
    ['BOOL', [2], { int32Data: [0, 1] }],
  ])('%s as the runtime reads it', async (dataType, dims, fields) => {
    const numbers = [...tensorOf(dataType, dims, fields).numbers()];
    expect(numbers).toEqual(await runtimeNumbers(dataType, dims, fields));
  });

  it.each<DataType>(['FLOAT16', 'BFLOAT16'])('%s: all bit patterns as the runtime reads them', async (dataType) => {
    const fields = { rawData: new Uint8Array(every16Bits.buffer) };
    const numbers = tensorOf(dataType, [65536], fields).numbers();
    expect([...numbers]).toEqual(await runtimeNumbers(dataType, [65536], fields));
    // Numbers that are exact come back to the pattern they stand for; not-a-numbers to one of them.
    const again = Tensor.fromNumbers(dataType, [65536], numbers).array();
    const different = [...every16Bits].filter(
      (pattern) => again[pattern] !== pattern && !Number.isNaN(numbers[pattern]),
    );
    expect(different).toEqual([]);
  });
});

describe('numbers into half precision', () => {
  it('FLOAT16 rounds as the runtime does', async () => {
    const edges = [
      65504,
      65519.99,
      65520,
      -1e9,
      2 ** -24,
      2 ** -25,
      2 ** -25 * 1.001,
      2 ** -14 * 0.9999,
      2049,
      2051,
      0.1,
      -1 / 3,
    ];
    const numbers = Float32Array.from([
      ...edges,
      ...Array.from({ length: 2000 }, (_, at) => Math.tan(at) * 2 ** ((at % 60) - 40)),
    ]);
    const cast = { opType: 'Cast', input: ['x'], output: ['y'], attribute: [{ name: 'to', type: 2, i: '10' }] };
    const info = (name: string, elemType: number) => ({
      name,
      type: { tensorType: { elemType, shape: { dim: [{ dimParam: 'N' }] } } },
    });
    const graph = { name: 'g', node: [cast], input: [info('x', 1)], output: [info('y', 10)] };
    const bytes = officialBytes('ModelProto', { irVersion: '8', opsetImport: [{ domain: '', version: '17' }], graph });
    const session = await ort.InferenceSession.create(bytes);
    const { y } = await session.run({ x: new ort.Tensor('float32', numbers, [numbers.length]) });
    await session.release();
    const { buffer, byteOffset } = y.data as Uint16Array;
    const bits = new Uint16Array(buffer, byteOffset, numbers.length);
    expect([...Tensor.fromNumbers('FLOAT16', [numbers.length], numbers).array()]).toEqual([...bits]);
  });
});

describe('Tensor', () => {
  it('has the element types of the specification, by their numbers', () => {
    const official = officialType('TensorProto').lookupEnum('DataType').values;
    expect(Object.fromEntries(Object.keys(official).map((name) => [name, dataTypeCode(name as DataType)]))).toEqual(
      official,
    );
  });

  it('takes slices along any axis', () => {
    const tensor = Tensor.int64(
      [2, 3, 2],
      Array.from({ length: 12 }, (_, at) => at),
    );
    const taken = tensor.take(1, [2, 0]);
    expect([taken.dims, taken.numbers()]).toEqual([
      [2, 2, 2],
      [4, 5, 0, 1, 10, 11, 6, 7],
    ]);
    expect(tensor.take(0, [1]).numbers()).toEqual([6, 7, 8, 9, 10, 11]);
    expect(tensor.take(2, []).dims).toEqual([2, 3, 0]);
    expect(() => tensorOf('INT4', [2], { int32Data: [1] }).take(0, [0])).toThrow(/INT4 cannot be sliced/);
  });

  it('cuts what is fetched when it is asked for, and keeps none of it', () => {
    let fetched = 0;
    const bytes = () => {
      fetched++;
      return new Uint8Array(Float32Array.from({ length: 6 }, (_, at) => at).buffer);
    };
    const taken = new Tensor('FLOAT', [2, 3], bytes).take(1, [2, 0]).take(0, [1]);
    expect([fetched, taken.dims, taken.byteLength]).toEqual([0, [1, 2], 8]);
    expect([...taken.numbers()]).toEqual([5, 3]);
    expect(fetched).toBe(1);
  });

  it('cuts what readFile gave, at any place of it', () => {
    const file = Buffer.alloc(32);
    for (let start = 0; start < 4; start++) {
      const part = file.subarray(start, start + 24);
      for (let at = 0; at < 6; at++) part.writeFloatLE(at, 4 * at);
      expect([...new Tensor('FLOAT', [2, 3], part).take(1, [2, 0]).numbers()]).toEqual([2, 0, 5, 3]);
    }
  });

  it('refuses content of another size', () => {
    expect(() => Tensor.float32([2, 2], [1, 2, 3])).toThrow(/shape \[2,2\] holds 4 elements, not 3/);
  });

  it('reads content at any place in the file', () => {
    for (const padding of [0, 1, 2, 3]) {
      const fields = { rawData: new Uint8Array(Float32Array.of(1, 2).buffer), docString: 'x'.repeat(padding) };
      const bytes = officialBytes('ModelProto', {
        docString: 'y'.repeat(padding),
        graph: { initializer: [{ name: 'w', dims: ['2'], dataType: 1, ...fields }] },
      });
      expect(decodeModel(bytes).graph.value('w').tensor!.ndarray().get(1)).toBe(2);
    }
  });
});
