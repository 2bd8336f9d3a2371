import { basename, dirname, join } from 'node:path';
import { EXTERNAL } from '../codec/externalData.js';
import type { Message } from '../codec/message.js';
import { encodeModel } from '../codec/model.js';
import { cloneModel } from '../ir/clone.js';
import type { Model } from '../ir/model.js';
import { dataTypeCode } from '../tensor/dataType.js';
import { Tensor } from '../tensor/tensor.js';
import { WholeFile, writeFileWhole } from './writeFileWhole.js';

/** Options of `writeModel`. */
export interface WriteModelOptions {
  /**
   * Where weights go: `inline` into the model file, `external` into `<name>.data` beside it, `auto` (default) external if
   * the model was read with external data or is larger than protobuf's 2 GiB.
   */
  weights?: 'auto' | 'inline' | 'external';
  signal?: AbortSignal;
}

/** Files beyond this cannot be read back as one protobuf message. */
const LARGEST_MESSAGE = 2 ** 31 - 2 ** 20;

/** Smaller tensors stay in the model file: they cost more to fetch than to hold. */
const SMALLEST_EXTERNAL = 1024;

/**
 * Writes a model. An existing file is replaced only when the new one is complete; on failure or abort nothing is left
 * behind. Weights are written one after another, so that no second copy of the model is held.
 *
 * @throws SnpError `io` if the path cannot be written, `external-data` if a weight cannot be fetched.
 */
export async function writeModel(model: Model, path: string, options: WriteModelOptions = {}): Promise<void> {
  const weights = options.weights ?? 'auto';
  const bytes = model.graph.initializers.reduce((sum, value) => sum + value.tensor!.byteLength, 0);
  const external = weights === 'external' || (weights === 'auto' && (hasExternal(model) || bytes > LARGEST_MESSAGE));
  if (external) return writeWithData(model, path, options.signal);
  return writeFileWhole(path, encodeModel(hasExternal(model) ? inlined(model) : model), options.signal);
}

function isExternal(tensor: Tensor): boolean {
  return (tensor.proto as Message | undefined)?.dataLocation === EXTERNAL;
}

function hasExternal(model: Model): boolean {
  return model.graph.initializers.some((value) => isExternal(value.tensor!));
}

function inlined(model: Model): Model {
  const copy = cloneModel(model);
  for (const value of copy.graph.initializers) {
    const tensor = value.tensor!;
    if (!isExternal(tensor)) continue;
    value.tensor = inlineTensor(tensor);
  }
  return copy;
}

async function writeWithData(model: Model, path: string, signal?: AbortSignal): Promise<void> {
  const copy = cloneModel(model);
  const dataName = `${basename(path)}.data`;
  const data = await WholeFile.open(join(dirname(path), dataName));
  try {
    let offset = 0;
    for (const value of copy.graph.initializers) {
      signal?.throwIfAborted();
      const tensor = value.tensor!;
      if (tensor.byteLength < SMALLEST_EXTERNAL || tensor.dataType === 'STRING') {
        if (isExternal(tensor)) value.tensor = inlineTensor(tensor);
        continue;
      }
      // Pages begin at multiples of 4096 in common file systems; runtimes map aligned tensors without copying.
      const padding = (4096 - (offset % 4096)) % 4096;
      await data.write(new Uint8Array(padding));
      offset += padding;
      await data.write(tensor.bytes());
      value.tensor = externalTensor(tensor, dataName, offset);
      offset += tensor.byteLength;
    }
    const chunks = encodeModel(copy);
    await data.commit();
    await writeFileWhole(path, chunks, signal);
  } catch (error) {
    await data.discard();
    throw error;
  }
}

function inlineTensor(tensor: Tensor): Tensor {
  const inline = new Tensor(tensor.dataType, tensor.dims, tensor.bytes());
  inline.proto = withoutLocation(tensor, { rawData: tensor.bytes() });
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
