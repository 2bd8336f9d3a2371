import onnxProto from 'onnx-proto';

/** Element types by the names of the ONNX specification (`TensorProto.DataType`, IR 13). */
export type DataType =
  | 'UNDEFINED'
  | 'FLOAT'
  | 'UINT8'
  | 'INT8'
  | 'UINT16'
  | 'INT16'
  | 'INT32'
  | 'INT64'
  | 'STRING'
  | 'BOOL'
  | 'FLOAT16'
  | 'DOUBLE'
  | 'UINT32'
  | 'UINT64'
  | 'COMPLEX64'
  | 'COMPLEX128'
  | 'BFLOAT16'
  | 'FLOAT8E4M3FN'
  | 'FLOAT8E4M3FNUZ'
  | 'FLOAT8E5M2'
  | 'FLOAT8E5M2FNUZ'
  | 'UINT4'
  | 'INT4'
  | 'FLOAT4E2M1'
  | 'FLOAT8E8M0'
  | 'UINT2'
  | 'INT2';

/** Element types that are younger than onnx-proto's schema (IR 8). */
const AFTER_IR_8: Record<string, number> = {
  FLOAT8E4M3FN: 17,
  FLOAT8E4M3FNUZ: 18,
  FLOAT8E5M2: 19,
  FLOAT8E5M2FNUZ: 20,
  UINT4: 21,
  INT4: 22,
  FLOAT4E2M1: 23,
  FLOAT8E8M0: 24,
  UINT2: 25,
  INT2: 26,
};

const CODES = new Map<DataType, number>();
const NAMES = new Map<number, DataType>();
for (const [name, code] of Object.entries({ ...onnxProto.onnx.TensorProto.DataType, ...AFTER_IR_8 })) {
  if (typeof code !== 'number') continue;
  CODES.set(name as DataType, code);
  NAMES.set(code, name as DataType);
}

const BITS: Partial<Record<DataType, number>> = {
  FLOAT: 32,
  UINT8: 8,
  INT8: 8,
  UINT16: 16,
  INT16: 16,
  INT32: 32,
  INT64: 64,
  BOOL: 8,
  FLOAT16: 16,
  DOUBLE: 64,
  UINT32: 32,
  UINT64: 64,
  COMPLEX64: 64,
  COMPLEX128: 128,
  BFLOAT16: 16,
  FLOAT8E4M3FN: 8,
  FLOAT8E4M3FNUZ: 8,
  FLOAT8E5M2: 8,
  FLOAT8E5M2FNUZ: 8,
  UINT4: 4,
  INT4: 4,
  FLOAT4E2M1: 4,
  FLOAT8E8M0: 8,
  UINT2: 2,
  INT2: 2,
};

/** The specification's number of an element type. */
export function dataTypeCode(type: DataType): number {
  return CODES.get(type)!;
}

/** The element type with the specification's number `code`, or undefined for a number that is not known. */
export function dataTypeOf(code: number): DataType | undefined {
  return NAMES.get(code);
}

/** Bits of one element in `raw_data`; undefined for strings, which have no fixed size. */
export function bitsPerElement(type: DataType): number | undefined {
  return BITS[type];
}

const FLOAT_TYPES: ReadonlySet<DataType> = new Set(['FLOAT', 'DOUBLE', 'FLOAT16', 'BFLOAT16']);

/** Whether numbers of this type are computed in floating point; false for an unknown type. 8 bits and less are formats to store in, and no such type. */
export function isFloatType(type: DataType | undefined): boolean {
  return type !== undefined && FLOAT_TYPES.has(type);
}
