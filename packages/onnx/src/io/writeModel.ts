import { basename, dirname, join } from 'node:path';
import { EXTERNAL } from '../codec/externalData.js';
import type { Message } from '../codec/message.js';
import { encodeModel } from '../codec/model.js';
import { SnpError } from '../errors.js';
import { cloneModel } from '../ir/clone.js';
import type { Model } from '../ir/model.js';
import { dataTypeCode } from '../tensor/dataType.js';
import { Tensor } from '../tensor/tensor.js';
import { allTensors, replaceTensors } from './replaceTensors.js';
import type { WholeFile } from './wholeFile.js';
import { writeChunks, writeFilesWhole } from './writeFileWhole.js';

/** Options of `writeModel`. */
export interface WriteModelOptions {
  /**
   * Where weights go: `inline` into the model file, `external` into `<name>.data` beside it, `auto` (default) external if
   * the model was read with external data or is larger than protobuf's 2 GiB.
   */
  weights?: 'auto' | 'inline' | 'external';
  /** Whether the files are on the disk, not in the system's memory alone, when this returns. Default true; false for files that nothing outlives. */
  durable?: boolean;
  /** Texts that belong to the model, such as its tokenizer, by path: they take their places with it, or none does. */
  beside?: Readonly<Record<string, string>>;
  signal?: AbortSignal;
}

/** Files beyond this cannot be read back as one protobuf message. */
const LARGEST_MESSAGE = 2 ** 31 - 2 ** 20;

/** Smaller tensors stay in the model file: they cost more to fetch than to hold. */
const SMALLEST_EXTERNAL = 1024;

/** Pages begin at multiples of this in common file systems; runtimes map aligned tensors without copying. */
const PAGE = 4096;

/**
 * Writes a model. Existing files are replaced only when the new ones are complete, the model and its data file together;
 * on failure or abort nothing is left behind. Weights are written one after another, so that no second copy of the model
 * is held. A model that is written over its own data file has to be read again before its weights are used.
 *
 * @throws SnpError `io` if the path cannot be written, `external-data` if a weight cannot be fetched, `limit` if inline
 * weights are too large for one file, `aborted` if the signal fired.
 * @example
 * await writeModel(model, 'pruned.onnx', { weights: 'external' }); // and pruned.onnx.data
 */
export async function writeModel(model: Model, path: string, options: WriteModelOptions = {}): Promise<void> {
  const weights = options.weights ?? 'auto';
  const tensors = allTensors(model.graph);
  const bytes = tensors.reduce((sum, tensor) => sum + tensor.byteLength, 0);
  const hasExternal = tensors.some(isExternal);
  const tooLarge = bytes > LARGEST_MESSAGE;
  if (weights === 'external' || (weights === 'auto' && (hasExternal || tooLarge)))
    return writeWithData(model, path, options);
  if (tooLarge) {
    throw new SnpError(
      'limit',
      `The weights of ${bytes} bytes do not fit into one ONNX file, which ends at 2 GiB. Write them with weights: 'external'.`,
      { file: path },
    );
  }
  const write = ([file]: WholeFile[]) =>
    writeChunks(file, encodeModel(hasExternal ? inlined(model) : model), options.signal);
  return writeWithTexts([path], write, options);
}

/** Writes files, and the texts that belong to them. */
async function writeWithTexts(
  paths: readonly string[],
  write: (files: WholeFile[]) => Promise<void>,
  options: WriteModelOptions,
): Promise<void> {
  const texts = Object.entries(options.beside ?? {});
  const writeAll = async (files: WholeFile[]) => {
    for (const [at, [, text]] of texts.entries()) await files[at].write(new TextEncoder().encode(text));
    await write(files.slice(texts.length));
  };
  // The model last: messages name it.
  await writeFilesWhole([...texts.map(([name]) => name), ...paths], writeAll, options);
}

function isExternal(tensor: Tensor): boolean {
  return (tensor.proto as Message | undefined)?.dataLocation === EXTERNAL;
}

function inlined(model: Model): Model {
  const copy = cloneModel(model);
  replaceTensors(copy.graph, inlineTensor);
  return copy;
}

async function writeWithData(model: Model, path: string, options: WriteModelOptions): Promise<void> {
  const { signal } = options;
  const dataName = `${basename(path)}.data`;
  const write = async ([data, file]: WholeFile[]) => {
    const copy = cloneModel(model);
    const length = await moveWeights(copy, data, dataName, signal);
    if (length === 0) await data.discard();
    await writeChunks(file, encodeModel(copy), signal);
  };
  await writeWithTexts([join(dirname(path), dataName), path], write, options);
}

/** Writes the large initializers of the main graph into `data`, and makes the model refer to them there. */
async function moveWeights(model: Model, data: WholeFile, dataName: string, signal?: AbortSignal): Promise<number> {
  const moved = new Set<Tensor>();
  let end = 0;
  for (const value of model.graph.initializers) {
    signal?.throwIfAborted();
    const tensor = value.tensor!;
    if (tensor.byteLength < SMALLEST_EXTERNAL || tensor.dataType === 'STRING') continue;
    const offset = Math.ceil(end / PAGE) * PAGE;
    await data.write(new Uint8Array(offset - end));
    await data.write(tensor.bytes());
    value.tensor = externalTensor(tensor, dataName, offset);
    moved.add(value.tensor);
    end = offset + tensor.byteLength;
  }
  replaceTensors(model.graph, (tensor) => (moved.has(tensor) ? tensor : inlineTensor(tensor)));
  return end;
}

/** The tensor with its content in the model file; itself if that is so already. */
function inlineTensor(tensor: Tensor): Tensor {
  if (!isExternal(tensor)) return tensor;
  const bytes = tensor.bytes();
  const inline = new Tensor(tensor.dataType, tensor.dims, bytes);
  inline.proto = withoutLocation(tensor, { rawData: bytes });
  return inline;
}

function externalTensor(tensor: Tensor, location: string, offset: number): Tensor {
  const entries = { location, offset: String(offset), length: String(tensor.byteLength) };
  const external = new Tensor(tensor.dataType, tensor.dims, () => tensor.bytes());
  external.proto = withoutLocation(tensor, {
    dataLocation: EXTERNAL,
    externalData: Object.entries(entries).map(([key, value]) => ({ key, value })),
  });
  return external;
}

/** The tensor's message with another place for its content. */
function withoutLocation(tensor: Tensor, place: Message): Message {
  const { rawData, floatData, int32Data, int64Data, doubleData, uint64Data, dataLocation, externalData, ...rest } =
    (tensor.proto ?? {}) as Message;
  return { ...rest, dims: tensor.dims.map(BigInt), dataType: dataTypeCode(tensor.dataType), ...place };
}
