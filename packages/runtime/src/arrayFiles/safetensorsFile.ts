import { SnpError } from '@snp/onnx';
import { openFile, writeFileWhole } from '@snp/onnx/node';
import { arrayOf } from './safetensors.js';
import { headerLength, LENGTH_BYTES, parseHeader } from './safetensorsHeader.js';

/** A tensor that is written to a .safetensors file. */
export interface SafetensorsTensor {
  dims: readonly number[];
  data: Float32Array | Float64Array;
}

/** A .safetensors file that is read tensor by tensor. */
export interface SafetensorsFile {
  metadata: Readonly<Record<string, string>>;
  names: readonly string[];
  /** @throws SnpError `invalid-file` if it is damaged there, or holds numbers of another type. */
  read(name: string): Promise<SafetensorsTensor>;
  close(): Promise<void>;
}

/**
 * Writes tensors as a .safetensors file (https://huggingface.co/docs/safetensors). An existing file is only replaced when the new one is complete.
 *
 * @throws SnpError `io` if it cannot be written.
 * @example
 * await saveSafetensors('state.safetensors', new Map([['w', { dims: [2, 3], data: new Float32Array(6) }]]), { step: '7' });
 */
export async function saveSafetensors(
  path: string,
  tensors: ReadonlyMap<string, SafetensorsTensor>,
  metadata: Readonly<Record<string, string>>,
): Promise<void> {
  const header: Record<string, object> = { __metadata__: metadata };
  let offset = 0;
  for (const [name, { dims, data }] of tensors) {
    const dtype = data instanceof Float64Array ? 'F64' : 'F32';
    header[name] = { dtype, shape: dims, data_offsets: [offset, offset + data.byteLength] };
    offset += data.byteLength;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  // The data begin at a multiple of eight bytes.
  const padded = new Uint8Array(Math.ceil(json.length / 8) * 8).fill(0x20);
  padded.set(json);
  const length = new Uint8Array(LENGTH_BYTES);
  new DataView(length.buffer).setBigUint64(0, BigInt(padded.length), true);
  const bytes = ({ data: { buffer, byteOffset, byteLength } }: SafetensorsTensor) =>
    new Uint8Array(buffer, byteOffset, byteLength);
  await writeFileWhole(path, [length, padded, ...[...tensors.values()].map(bytes)]);
}

/** Far more than the names of any model's tensors take. */
const MAX_HEADER = 2 ** 27;

/**
 * Opens a .safetensors file of float32 and float64 numbers. Close it when done.
 *
 * @throws SnpError `io` if it cannot be read, `invalid-file` if it is none.
 */
export async function openSafetensors(path: string): Promise<SafetensorsFile> {
  const fail = (message: string): never => {
    throw new SnpError('invalid-file', `${path} ${message}`, { file: path });
  };
  const file = await openFile(path);
  try {
    const length = headerLength(await file.read(0, LENGTH_BYTES));
    const start = LENGTH_BYTES + length;
    if (!(start <= file.size) || length > MAX_HEADER) fail('is no .safetensors file, or truncated.');
    const { metadata, tensors } = parseHeader(await file.read(LENGTH_BYTES, length), fail);
    return {
      metadata,
      names: [...tensors.keys()],
      async read(name) {
        const entry = tensors.get(name) ?? fail(`holds no '${name}'.`);
        // A damaged header must not ask for more memory than the file has bytes.
        if (start + entry.to > file.size) fail(`is damaged at '${name}'.`);
        const content = await file.read(start + entry.from, entry.to - entry.from);
        const { dims, data } = arrayOf(name, entry, content, fail);
        if (data instanceof Float32Array || data instanceof Float64Array) return { dims, data };
        return fail(`holds elements of type ${entry.dtype} in '${name}', where float32 or float64 is expected.`);
      },
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}
