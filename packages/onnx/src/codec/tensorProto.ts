import { SnpError } from '../errors.js';
import { bitsPerElement, type DataType, dataTypeCode, dataTypeOf } from '../tensor/dataType.js';
import { Tensor, type TensorSource } from '../tensor/tensor.js';
import { EXTERNAL, type ExternalDataSource, type ExternalLocation, externalLocation } from './externalData.js';
import type { Message } from './message.js';

/** The tensor that a `TensorProto` holds. Its content is read, and its size checked, without copying where that is possible. */
export function tensorFromProto(message: Message, external?: ExternalDataSource): Tensor {
  const dataType = dataTypeOf(message.dataType ?? 0);
  if (dataType === undefined) fail(message, `has element type ${message.dataType}, which this release does not know`);
  const dims = ((message.dims ?? []) as bigint[]).map(Number);
  const size = dims.reduce((product, dim) => product * dim, 1);
  if (dims.some((dim) => dim < 0) || !Number.isSafeInteger(size)) fail(message, `has the impossible shape [${dims}]`);
  const tensor = new Tensor(dataType!, dims, sourceOf(message, dataType!, size, external), message.stringData);
  tensor.proto = message;
  return tensor;
}

/** The `TensorProto` of a tensor: the one it was read from, or a new one with raw data. */
export function tensorToProto(tensor: Tensor, name: string | undefined): Message {
  if (tensor.proto) return name === undefined ? (tensor.proto as Message) : { ...(tensor.proto as Message), name };
  const message: Message = { dims: tensor.dims.map(BigInt), dataType: dataTypeCode(tensor.dataType) };
  if (name !== undefined) message.name = name;
  if (tensor.dataType === 'STRING') message.stringData = [...(tensor.strings ?? [])];
  else message.rawData = tensor.bytes();
  return message;
}

function sourceOf(message: Message, type: DataType, size: number, external?: ExternalDataSource): TensorSource {
  const bits = bitsPerElement(type);
  if (type === 'STRING') {
    const count = message.stringData?.length ?? 0;
    if (count !== size) fail(message, `has shape for ${size} strings but holds ${count}`);
    return new Uint8Array(0);
  }
  if (bits === undefined) return message.rawData ?? new Uint8Array(0);
  const byteLength = Math.ceil((size * bits) / 8);
  if (message.dataLocation === EXTERNAL) {
    const location = externalLocation(message);
    const wrong = location.length !== undefined && location.length !== byteLength;
    if (Number.isNaN(location.length)) fail(message, 'states a length of external data that is no number');
    if (wrong) fail(message, `needs ${byteLength} bytes but states ${location.length} bytes of external data`);
    return () => {
      if (!external) throw notGiven(location);
      return external(location, byteLength);
    };
  }
  if (message.rawData !== undefined) {
    if (message.rawData.length !== byteLength)
      fail(message, `needs ${byteLength} bytes but holds ${message.rawData.length}`);
    return message.rawData;
  }
  return typedSource(message, type, byteLength, bits);
}

function notGiven({ tensor, path }: ExternalLocation): SnpError {
  return new SnpError(
    'external-data',
    `The content of tensor '${tensor}' lies in the file '${path}', which bytes alone do not give. Read the model with readModel, or pass 'externalData' to decodeModel.`,
    { value: tensor },
  );
}

/** Content in one of the typed fields, turned into bytes when asked for. */
function typedSource(message: Message, type: DataType, byteLength: number, bits: number): TensorSource {
  const [values, elementBytes] = typedField(message, type, bits);
  const held = values.length * elementBytes;
  if (held !== byteLength) fail(message, `needs ${byteLength} bytes but holds ${held}`);
  return () => {
    const bytes = new Uint8Array(byteLength);
    const view = new DataView(bytes.buffer);
    for (let at = 0; at < values.length; at++) put(view, at * elementBytes, values[at], type, elementBytes);
    return bytes;
  };
}

/** The field that holds content of a type, and the bytes one entry of it stands for. */
function typedField(message: Message, type: DataType, bits: number): [ArrayLike<number | bigint>, number] {
  switch (type) {
    case 'FLOAT':
    case 'COMPLEX64':
      return [message.floatData ?? [], 4];
    case 'DOUBLE':
    case 'COMPLEX128':
      return [message.doubleData ?? [], 8];
    case 'INT64':
      return [message.int64Data ?? [], 8];
    case 'UINT64':
    case 'UINT32':
      return [message.uint64Data ?? [], bits / 8];
    default:
      return [message.int32Data ?? [], Math.max(1, bits / 8)];
  }
}

function put(view: DataView, at: number, value: number | bigint, type: DataType, bytes: number): void {
  if (type === 'FLOAT' || type === 'COMPLEX64') view.setFloat32(at, Number(value), true);
  else if (type === 'DOUBLE' || type === 'COMPLEX128') view.setFloat64(at, Number(value), true);
  else if (bytes === 8) view.setBigUint64(at, BigInt.asUintN(64, BigInt(value)), true);
  else if (bytes === 4) view.setUint32(at, Number(BigInt.asUintN(32, BigInt(value))), true);
  else if (bytes === 2) view.setUint16(at, Number(value) & 0xffff, true);
  else view.setUint8(at, Number(value) & 0xff);
}

function fail(message: Message, what: string): never {
  const name = message.name ?? '';
  throw new SnpError(
    'invalid-file',
    `Tensor '${name}' ${what}. The file is damaged, or newer than this release; get or export it again.`,
    {
      value: name,
    },
  );
}
