import { encodeModel, Model, SnpError } from '@snp/onnx';
import * as ort from 'onnxruntime-node';
import type { Feed, Feeds } from './feeds.js';

/** onnxruntime's names of element types. */
const ORT_TYPES = {
  FLOAT: 'float32',
  DOUBLE: 'float64',
  FLOAT16: 'float16',
  INT64: 'int64',
  INT32: 'int32',
  INT8: 'int8',
  UINT8: 'uint8',
  BOOL: 'bool',
} as const satisfies Record<Feed['type'], ort.Tensor.Type>;

/**
 * Runs a model once in this process (onnxruntime, CPU, one thread) exactly as its graph is written: the runtime's own
 * rewrites are off, so that comparisons see only the model. Blocks the event loop meanwhile: for tests, not for servers.
 *
 * @param model a model, its encoded bytes, or the path of a file (needed where weights lie in external files)
 * @param feeds every input by name
 * @param fetches names of the wanted outputs; default all
 * @returns the outputs by name
 * @throws SnpError `runtime` with the runtime's message if it refuses the model or the feeds.
 */
export async function runModel(
  model: Model | Uint8Array | string,
  feeds: Feeds,
  fetches?: readonly string[],
): Promise<Feeds> {
  return withSession(model, (run) => run(feeds, fetches));
}

/** Runs a model that is open. */
export type Run = (feeds: Feeds, fetches?: readonly string[]) => Promise<Feeds>;

/** As `runModel`, for many runs of one model: it is open while `use` goes on. */
export async function withSession<T>(model: Model | Uint8Array | string, use: (run: Run) => Promise<T>): Promise<T> {
  const session = await openSession(model);
  try {
    return await use((feeds, fetches) => runOnce(session, feeds, fetches));
  } finally {
    await session.release();
  }
}

async function runOnce(session: ort.InferenceSession, feeds: Feeds, fetches?: readonly string[]): Promise<Feeds> {
  try {
    const inputs: Record<string, ort.Tensor> = {};
    for (const [name, feed] of Object.entries(feeds)) inputs[name] = toOrt(feed);
    const outputs = fetches ? await session.run(inputs, [...fetches]) : await session.run(inputs);
    return Object.fromEntries(Object.entries(outputs).map(([name, output]) => [name, fromOrt(output)]));
  } catch (cause) {
    throw new SnpError('runtime', `onnxruntime could not run the model: ${messageOf(cause)}`, {}, { cause });
  }
}

async function openSession(model: Model | Uint8Array | string): Promise<ort.InferenceSession> {
  const options: ort.InferenceSession.SessionOptions = {
    graphOptimizationLevel: 'disabled',
    intraOpNumThreads: 1,
    logSeverityLevel: 4,
  };
  try {
    if (typeof model === 'string') return await ort.InferenceSession.create(model, options);
    const bytes = model instanceof Model ? new Uint8Array(Buffer.concat(encodeModel(model))) : model;
    return await ort.InferenceSession.create(bytes, options);
  } catch (cause) {
    throw new SnpError('runtime', `onnxruntime does not accept the model: ${messageOf(cause)}`, {}, { cause });
  }
}

function toOrt({ type, data, dims }: Feed): ort.Tensor {
  return new ort.Tensor(ORT_TYPES[type], data as ort.Tensor.DataType, dims);
}

function fromOrt(tensor: ort.Tensor): Feed {
  const entry = Object.entries(ORT_TYPES).find(([, name]) => name === tensor.type);
  if (!entry) throw new Error(`an output has the element type ${tensor.type}, which no feed can hold`);
  return { type: entry[0], dims: tensor.dims, data: tensor.data } as Feed;
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
