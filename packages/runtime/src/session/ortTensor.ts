import type { DataType } from '@snp/onnx';
import type { Ort, OrtTensor } from './ort.js';
import type { RuntimeData, RuntimeTensor } from './runtime.js';

/** onnxruntime's names of element types. */
const TYPES: readonly (readonly [string, DataType])[] = [
  ['float32', 'FLOAT'],
  ['float64', 'DOUBLE'],
  ['float16', 'FLOAT16'],
  ['int8', 'INT8'],
  ['uint8', 'UINT8'],
  ['int16', 'INT16'],
  ['uint16', 'UINT16'],
  ['int32', 'INT32'],
  ['uint32', 'UINT32'],
  ['int64', 'INT64'],
  ['uint64', 'UINT64'],
  ['bool', 'BOOL'],
  ['string', 'STRING'],
  ['int4', 'INT4'],
  ['uint4', 'UINT4'],
];
const toType = new Map(TYPES);
const toOrtType = new Map(TYPES.map(([ort, type]) => [type, ort]));

/** The ONNX name of one of onnxruntime's element types. */
export function typeOf(ortType: string): DataType {
  return toType.get(ortType) ?? 'UNDEFINED';
}

/** A tensor for onnxruntime. */
export function toOrt(ort: Ort, tensor: RuntimeTensor): OrtTensor {
  const type = toOrtType.get(tensor.type);
  if (!type) throw new Error(`tensors of type ${tensor.type} cannot be given to onnxruntime`);
  return new ort.Tensor(type as never, tensor.data as never, tensor.dims);
}

/** A tensor from onnxruntime. */
export function fromOrt(tensor: OrtTensor): RuntimeTensor {
  const { data } = tensor;
  // Where JavaScript has arrays of float16 numbers, onnxruntime gives those.
  const halves = tensor.type === 'float16' && !(data instanceof Uint16Array);
  const bits = (of: ArrayBufferView) => new Uint16Array(of.buffer as ArrayBuffer, of.byteOffset, of.byteLength / 2);
  return {
    type: typeOf(tensor.type),
    dims: [...tensor.dims],
    data: halves ? bits(data as never) : (data as RuntimeData),
  };
}
