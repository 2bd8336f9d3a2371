import { SnpError } from '@snp/onnx';
import { ELEMENTS, type NpyArray } from './npy.js';

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

/** Bytes of the number that says how long the header is. */
const LENGTH_BYTES = 8;

/**
 * Reads the arrays of a .safetensors file (https://huggingface.co/docs/safetensors): a header in JSON, then little-endian numbers. Numbers of type BF16 become float32.
 *
 * @throws SnpError `calibration` naming `name` and what is wrong.
 */
export function readSafetensors(bytes: Uint8Array, name: string): Map<string, NpyArray> {
  const fail = (message: string): never => {
    throw new SnpError('calibration', `${name} ${message}`, { file: name });
  };
  if (bytes.length < LENGTH_BYTES) fail('is no .safetensors file.');
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const start = LENGTH_BYTES + length;
  if (start > bytes.length) fail('is no .safetensors file, or truncated.');
  const arrays = new Map<string, NpyArray>();
  for (const [key, entry] of Object.entries(headerOf(bytes.subarray(LENGTH_BYTES, start), fail))) {
    if (key === '__metadata__') continue;
    const { dtype, shape, data_offsets: offsets } = entry as Partial<Record<string, unknown>>;
    if (typeof dtype !== 'string' || !areCounts(shape) || !areCounts(offsets) || offsets.length !== 2)
      throw fail(`has a header that is not understood, at '${key}'.`);
    const [from, to] = offsets;
    if (from > to || start + to > bytes.length) fail(`is truncated at '${key}'.`);
    const content = new Uint8Array(bytes.subarray(start + from, start + to));
    const half = dtype === 'BF16';
    const element = ELEMENTS[half ? 'u2' : (TYPES[dtype] ?? '')];
    if (!element) throw fail(`holds elements of type ${dtype} in '${key}', which are not supported.`);
    const [type, Numbers, width] = element;
    const size = shape.reduce((product, dim) => product * dim, 1);
    if (size * width !== content.length)
      fail(`holds ${content.length} bytes in '${key}', but its shape (${shape}) needs ${size * width}.`);
    const data = new Numbers(content.buffer as ArrayBuffer);
    arrays.set(
      key,
      half ? { type: 'FLOAT', dims: shape, data: widened(data as Uint16Array) } : { type, dims: shape, data },
    );
  }
  return arrays;
}

function headerOf(bytes: Uint8Array, fail: (message: string) => never): Record<string, object> {
  try {
    const header: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    if (header !== null && typeof header === 'object' && Object.values(header).every(isObject))
      return header as Record<string, object>;
  } catch {
    // Said below.
  }
  return fail('is no .safetensors file: its header is no JSON object of arrays.');
}

const isObject = (value: unknown) => value !== null && typeof value === 'object';

const areCounts = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);

/** bfloat16 numbers are the upper halves of float32 ones. */
function widened(halves: Uint16Array): Float32Array {
  return new Float32Array(Uint32Array.from(halves, (half) => half * 0x10000).buffer);
}
