import * as ort from 'onnxruntime-node';
import { type DataType, encodeModel, evaluateDim, type Model, type ShapeInfo, symbolsOf } from '../../src/index.js';
import type { InputSpec } from './sharedModels.js';

ort.env.logLevel = 'fatal';

/** A session that runs the graph as it is written, without the runtime's own rewrites unless a level asks for some. */
export function plainSession(
  model: Model | Uint8Array,
  level: ort.InferenceSession.SessionOptions['graphOptimizationLevel'] = 'disabled',
): Promise<ort.InferenceSession> {
  const bytes = model instanceof Uint8Array ? model : new Uint8Array(Buffer.concat(encodeModel(model)));
  return ort.InferenceSession.create(bytes, { graphOptimizationLevel: level, intraOpNumThreads: 1 });
}

/** Numbers between -1 and 1, the same for the same seed. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return (state / 0x7fffffff) * 2 - 1;
  };
}

/** The runtime's name of an element type and its arrays, filled: random numbers, or ones as valid lengths and indices. */
const FILLED: Partial<Record<DataType, [name: ort.Tensor.Type, filled: (length: number) => ort.Tensor.DataType]>> = {
  FLOAT: ['float32', (length) => Float32Array.from({ length }, randomNumbers(7))],
  FLOAT16: ['float16', (length) => new Uint16Array(length).fill(1)],
  INT64: ['int64', (length) => new BigInt64Array(length).fill(1n)],
  INT32: ['int32', (length) => new Int32Array(length).fill(1)],
  UINT8: ['uint8', (length) => new Uint8Array(length).fill(1)],
  INT8: ['int8', (length) => new Int8Array(length).fill(1)],
  BOOL: ['bool', (length) => new Uint8Array(length).fill(1)],
};

/** An input tensor of a type and shape. */
export function feedOf(type: DataType, dims: number[]): ort.Tensor {
  const [name, filled] = FILLED[type]!;
  return new ort.Tensor(name, filled(dims.reduce((product, dim) => product * dim, 1)), dims);
}

/** The tensor an example of a shared model asks for. */
function feedOfSpec({ dtype, fill }: InputSpec, dims: number[]): ort.Tensor {
  const size = dims.reduce((product, dim) => product * dim, 1);
  const next = randomNumbers(11);
  if (dtype === 'float') return new ort.Tensor('float32', Float32Array.from({ length: size }, next), dims);
  const bound = fill.startsWith('randint:') ? Number(fill.slice(8)) : 1;
  const item = () => (fill === 'ones' ? 1n : BigInt(Math.floor(((next() + 1) / 2) * bound * 0.999)));
  return new ort.Tensor('int64', BigInt64Array.from({ length: size }, item), dims);
}

/** Example inputs of a shared model and the sizes its symbolic dimensions have in them. */
export interface Example {
  feeds: Record<string, ort.Tensor>;
  sizes: Record<string, number>;
}

/** The stated example, and one with another batch (3) and, where it is dynamic, a shorter sequence. */
export function examplesOf(model: Model, shapes: ShapeInfo, inputs: readonly InputSpec[]): Example[] {
  return [false, true].map((varied) => {
    const example: Example = { feeds: {}, sizes: {} };
    for (const spec of inputs) {
      const stated = shapes.shape(model.graph.value(spec.name))!;
      for (const [axis, dim] of stated.entries()) {
        for (const { name } of symbolsOf(dim)) {
          example.sizes[name] ??= !varied ? spec.shape[axis] : axis === 0 ? 3 : spec.shape[axis] - 3;
        }
      }
      const dims = stated.map((dim) => evaluateDim(dim, example.sizes));
      example.feeds[spec.name] = feedOfSpec(spec, dims);
    }
    return example;
  });
}

/** Element types of a runtime tensor by the specification's names. */
export function typeOf(tensor: ort.Tensor): DataType | undefined {
  return (Object.keys(FILLED) as DataType[]).find((type) => FILLED[type]![0] === tensor.type);
}
