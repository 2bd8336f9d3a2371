import * as ort from 'onnxruntime-node';
import { expect } from 'vitest';
import { type DataType, evaluateDim, inferShapes, type Model, symbolsOf } from '../../src/index.js';
import { plainSession } from './runtime.js';

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

type Filled = (length: number, next: () => number, bound: number) => ort.Tensor;

const whole = (next: () => number, bound: number) => Math.floor(next() * bound);

/** Random content by element type: numbers around 0, whole numbers below a bound. */
const FILLED: Partial<Record<DataType, [ort.Tensor.Type, (...of: Parameters<Filled>) => ort.Tensor.DataType]>> = {
  FLOAT: ['float32', (length, next) => Float32Array.from({ length }, () => next() * 2 - 1)],
  DOUBLE: ['float64', (length, next) => Float64Array.from({ length }, () => next() * 2 - 1)],
  // Bit patterns of numbers from 1/8 to 2 in size.
  FLOAT16: [
    'float16',
    (length, next) => Uint16Array.from({ length }, () => (0x3000 + whole(next, 0x1000)) | (next() < 0.5 ? 0x8000 : 0)),
  ],
  INT64: ['int64', (length, next, bound) => BigInt64Array.from({ length }, () => BigInt(whole(next, bound)))],
  INT32: ['int32', (length, next, bound) => Int32Array.from({ length }, () => whole(next, bound))],
  INT8: ['int8', (length, next, bound) => Int8Array.from({ length }, () => whole(next, bound))],
  UINT8: ['uint8', (length, next, bound) => Uint8Array.from({ length }, () => whole(next, bound))],
  BOOL: ['bool', (length, next) => Uint8Array.from({ length }, () => whole(next, 2))],
};

/** A random tensor. `bound`: what whole numbers stay below. */
export function randomTensor(type: DataType, dims: readonly number[], next: () => number, bound = 2): ort.Tensor {
  const [name, filled] = FILLED[type]!;
  return new ort.Tensor(
    name,
    filled(
      dims.reduce((product, dim) => product * dim, 1),
      next,
      bound,
    ),
    dims,
  );
}

/** Random inputs for a model whose free dimensions have these sizes. */
export function randomFeeds(
  model: Model,
  sizes: Readonly<Record<string, number>>,
  seed = 1,
  bound = 2,
): Record<string, ort.Tensor> {
  const shapes = inferShapes(model);
  const next = generator(seed);
  return Object.fromEntries(
    model.graph.inputs
      .filter((value) => !value.tensor)
      .map((value) => {
        const dims = shapes.shape(value)!.map((dim) => evaluateDim(dim, sizes));
        return [value.name, randomTensor(value.type!.elementType, dims, next, bound)];
      }),
  );
}

/** Names of the free dimensions of a model's inputs. */
export function freeDimensions(model: Model): string[] {
  const shapes = inferShapes(model);
  const dims = model.graph.inputs.flatMap((value) => (value.tensor ? [] : (shapes.shape(value) ?? [])));
  return [...new Set(dims.flatMap((dim) => symbolsOf(dim).map(({ name }) => name)))];
}

/** The bytes of a runtime tensor. */
export function bytesOf({ data }: ort.Tensor): Buffer {
  const { buffer, byteOffset, byteLength } = data as Float32Array;
  return Buffer.from(buffer, byteOffset, byteLength);
}

export interface AnswersOptions {
  /** Whether an answer counts; default: all do. */
  counts?: (answer: ort.InferenceSession.ReturnType) => boolean;
  /** How much the runtime rewrites; default: nothing. */
  level?: ort.InferenceSession.SessionOptions['graphOptimizationLevel'];
}

/** Expects a model to give the same bits as another one for each of the inputs. Returns how many inputs the first one took, those apart whose answers do not count. */
export async function expectSameAnswers(
  original: Model | Uint8Array,
  changed: Model,
  feeds: readonly Record<string, ort.Tensor>[],
  { counts = () => true, level }: AnswersOptions = {},
): Promise<number> {
  const before = await plainSession(original, level);
  const all = await Promise.all(feeds.map((feed) => before.run(feed).catch(() => undefined)));
  const answers = all.map((answer) => (answer && counts(answer) ? answer : undefined));
  await before.release();
  // What runs for no inputs may contradict itself openly once it is simplified, and not load.
  if (answers.every((answer) => !answer)) return 0;
  const after = await plainSession(changed, level);
  for (const [index, expected] of answers.entries()) {
    if (!expected) continue;
    const actual = await after.run(feeds[index]);
    for (const name of Object.keys(expected)) {
      expect(actual[name].dims, name).toEqual(expected[name].dims);
      expect(actual[name].type, name).toBe(expected[name].type);
      expect(bytesOf(actual[name]).equals(bytesOf(expected[name])), `${name} has the same bits`).toBe(true);
    }
  }
  await after.release();
  return answers.filter((answer) => answer).length;
}
