import { type DataType, SnpError } from '@snp/onnx';
import type { RuntimeData } from '../session/runtime.js';

/** An array as NumPy saves it. */
export interface NpyArray {
  type: DataType;
  dims: number[];
  data: Exclude<RuntimeData, string[]>;
}

/** Type, array and bytes of the elements that are read, by NumPy's names. */
export const ELEMENTS: Readonly<
  Record<string, readonly [DataType, new (buffer: ArrayBuffer) => Exclude<RuntimeData, string[]>, number]>
> = {
  f2: ['FLOAT16', Uint16Array, 2],
  f4: ['FLOAT', Float32Array, 4],
  f8: ['DOUBLE', Float64Array, 8],
  i1: ['INT8', Int8Array, 1],
  i2: ['INT16', Int16Array, 2],
  i4: ['INT32', Int32Array, 4],
  i8: ['INT64', BigInt64Array, 8],
  u1: ['UINT8', Uint8Array, 1],
  u2: ['UINT16', Uint16Array, 2],
  u4: ['UINT32', Uint32Array, 4],
  u8: ['UINT64', BigUint64Array, 8],
  b1: ['BOOL', Uint8Array, 1],
};

/**
 * Reads NumPy's .npy format, versions 1 to 3 (NEP 1): little-endian numbers, C or Fortran order.
 *
 * @throws SnpError `calibration` naming `name` and what is wrong.
 */
export function readNpy(bytes: Uint8Array, name: string): NpyArray {
  const fail = (message: string): never => {
    throw new SnpError('calibration', `${name} ${message}`, { file: name });
  };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 12 || String.fromCharCode(...bytes.subarray(1, 6)) !== 'NUMPY' || bytes[0] !== 0x93)
    fail('is no .npy file.');
  const long = bytes[6] > 1;
  const length = long ? view.getUint32(8, true) : view.getUint16(8, true);
  const start = (long ? 12 : 10) + length;
  if (start > bytes.length) fail('is truncated.');
  const header = new TextDecoder().decode(bytes.subarray(long ? 12 : 10, start));
  const descr = /'descr':\s*'([<>|=])(\w\d)'/.exec(header);
  const shape = /'shape':\s*\(([^)]*)\)/.exec(header);
  const order = /'fortran_order':\s*(True|False)/.exec(header);
  if (!descr || !shape || !order) throw fail('has a header that is not understood; save plain numeric arrays.');
  const kind = ELEMENTS[descr[2]];
  if (!kind) throw fail(`holds elements of type ${descr[2]}, which are not supported.`);
  if (descr[1] === '>' && kind[2] > 1) fail('is big-endian; save it as little-endian.');
  const dims = shape[1]
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean)
    .map(Number);
  const size = dims.reduce((product, dim) => product * dim, 1);
  if (start + size * kind[2] > bytes.length)
    fail(`is truncated: shape (${dims}) needs ${size * kind[2]} bytes, there are ${bytes.length - start}.`);
  const content = new Uint8Array(bytes.subarray(start, start + size * kind[2]));
  const data = new kind[1](content.buffer);
  return { type: kind[0], dims, data: order[1] === 'True' ? toRowMajor(data, dims) : data };
}

/** Reorders an array whose first axis varies fastest. */
function toRowMajor<T extends Exclude<RuntimeData, string[]>>(data: T, dims: readonly number[]): T {
  const result = data.slice() as T;
  const index = new Array<number>(dims.length).fill(0);
  for (let to = 0; to < data.length; to++) {
    let from = 0;
    for (let axis = dims.length - 1; axis >= 0; axis--) from = from * dims[axis] + index[axis];
    result[to] = data[from] as never;
    for (let axis = dims.length - 1; axis >= 0 && ++index[axis] === dims[axis]; axis--) index[axis] = 0;
  }
  return result;
}
