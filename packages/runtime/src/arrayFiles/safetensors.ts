import { SnpError } from '@snp/onnx';
import { ELEMENTS, type NpyArray } from './npy.js';
import { headerLength, LENGTH_BYTES, parseHeader, type SafetensorsEntry } from './safetensorsHeader.js';

/** Names of element types, with those of NumPy. */
const TYPES: Readonly<Record<string, string>> = {
  F16: 'f2',
  F32: 'f4',
  F64: 'f8',
  I8: 'i1',
  I16: 'i2',
  I32: 'i4',
  I64: 'i8',
  U8: 'u1',
  U16: 'u2',
  U32: 'u4',
  U64: 'u8',
  BOOL: 'b1',
};

/**
 * Reads the arrays of a .safetensors file.
 *
 * @throws SnpError `calibration` naming `name` and what is wrong.
 */
export function readSafetensors(bytes: Uint8Array, name: string): Map<string, NpyArray> {
  const fail = (message: string): never => {
    throw new SnpError('calibration', `${name} ${message}`, { file: name });
  };
  const start = LENGTH_BYTES + headerLength(bytes);
  if (!(start <= bytes.length)) fail('is no .safetensors file, or truncated.');
  const { tensors } = parseHeader(bytes.subarray(LENGTH_BYTES, start), fail);
  return new Map(
    [...tensors].map(([key, entry]) => {
      if (start + entry.to > bytes.length) fail(`is truncated at '${key}'.`);
      const content = new Uint8Array(bytes.subarray(start + entry.from, start + entry.to));
      return [key, arrayOf(key, entry, content, fail)];
    }),
  );
}

/** The numbers of one tensor; those of type BF16 become float32. */
export function arrayOf(
  key: string,
  { dtype, shape }: SafetensorsEntry,
  content: Uint8Array<ArrayBuffer>,
  fail: (message: string) => never,
): NpyArray {
  const dims = [...shape];
  const half = dtype === 'BF16';
  const element = ELEMENTS[half ? 'u2' : (TYPES[dtype] ?? '')];
  if (!element) throw fail(`holds elements of type ${dtype} in '${key}', which are not supported.`);
  const [type, Numbers, width] = element;
  const size = dims.reduce((product, dim) => product * dim, 1);
  if (size * width !== content.length)
    fail(`holds ${content.length} bytes in '${key}', but its shape (${dims}) needs ${size * width}.`);
  const data = new Numbers(content.buffer);
  return half ? { type: 'FLOAT', dims, data: widened(data as Uint16Array) } : { type, dims, data };
}

/** bfloat16 numbers are the upper halves of float32 ones. */
function widened(halves: Uint16Array): Float32Array {
  return new Float32Array(Uint32Array.from(halves, (half) => half * 0x10000).buffer);
}
