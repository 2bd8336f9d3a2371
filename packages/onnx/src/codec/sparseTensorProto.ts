import { SnpError } from '../errors.js';
import { bitsPerElement } from '../tensor/dataType.js';
import { Tensor } from '../tensor/tensor.js';
import { EXTERNAL, type ExternalDataSource } from './externalData.js';
import type { Message } from './message.js';
import { tensorFromProto } from './tensorProto.js';

/** Runtimes spread sparse tensors out when they load a model; more bytes than this are taken for a mistake. */
const MOST_BYTES = 2 ** 31;

const SOURCES = new WeakMap<Tensor, Message>();

/** The `SparseTensorProto` that a dense tensor was spread out from. */
export function sparseSource(tensor: Tensor): Message | undefined {
  return SOURCES.get(tensor);
}

/**
 * The dense tensor that a `SparseTensorProto` stands for, spread out when its content is asked for; undefined for a message that does not keep to the
 * specification: `values` [n], and `indices` [n] into the row-major order or [n, rank], INT64.
 */
export function tensorFromSparse(message: Message, external?: ExternalDataSource): Tensor | undefined {
  const dims = ((message.dims ?? []) as bigint[]).map(Number);
  const size = dims.reduce((product, dim) => product * dim, 1);
  if (!message.values || !message.indices || dims.some((dim) => dim < 1)) return undefined;
  const values = tensorFromProto(message.values, external);
  const indices = tensorFromProto(message.indices, external);
  const bits = bitsPerElement(values.dataType);
  const [count, rank = 0] = indices.dims;
  const fits = indices.dataType === 'INT64' && count === values.size && values.dims.length === 1;
  const located = indices.dims.length === 1 || (indices.dims.length === 2 && rank === dims.length);
  if (!fits || !located || !bits || bits < 8 || size * (bits / 8) > MOST_BYTES) return undefined;
  const tensor = new Tensor(values.dataType, dims, () => spread(values, indices, dims, bits / 8));
  // What lies in other files is written densely: its place there is not that of the new file.
  if (!isExternal(message.values) && !isExternal(message.indices)) SOURCES.set(tensor, message);
  return tensor;
}

function isExternal(message: Message): boolean {
  return message.dataLocation === EXTERNAL;
}

function spread(values: Tensor, indices: Tensor, dims: readonly number[], width: number): Uint8Array {
  const size = dims.reduce((product, dim) => product * dim, 1);
  const bytes = new Uint8Array(size * width);
  const from = values.bytes();
  for (const [item, at] of positions(indices, dims).entries()) {
    if (!(at >= 0 && at < size)) {
      const name = (values.proto as Message).name ?? '';
      throw new SnpError(
        'invalid-file',
        `Sparse tensor '${name}' has a value at position ${at}, outside of its shape [${dims}]. The file is damaged; get or export it again.`,
        { value: name },
      );
    }
    bytes.set(from.subarray(item * width, (item + 1) * width), at * width);
  }
  return bytes;
}

/** Where each value lies in row-major order. */
function positions(indices: Tensor, dims: readonly number[]): number[] {
  const numbers = [...indices.numbers()];
  if (indices.dims.length === 1) return numbers;
  return Array.from({ length: indices.dims[0] }, (_, item) =>
    dims.reduce((at, dim, axis) => at * dim + numbers[item * dims.length + axis], 0),
  );
}
