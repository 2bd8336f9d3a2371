/** A tensor in the header of a .safetensors file. */
export interface SafetensorsEntry {
  /** As the format names it: F32, I64, ... */
  dtype: string;
  shape: readonly number[];
  /** Where its bytes begin and end, counted from the end of the header. */
  from: number;
  to: number;
}

/** What a .safetensors file holds (https://huggingface.co/docs/safetensors): eight bytes that say how long the header is, the header in JSON, then little-endian numbers. */
export interface SafetensorsHeader {
  metadata: Readonly<Record<string, string>>;
  tensors: ReadonlyMap<string, SafetensorsEntry>;
}

/** Bytes of the number that says how long the header is. */
export const LENGTH_BYTES = 8;

/** The length of the header, by the first bytes of a file; not a number where there are too few. */
export function headerLength(bytes: Uint8Array): number {
  if (bytes.length < LENGTH_BYTES) return Number.NaN;
  return Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
}

/** @throws Whatever `fail` throws, where the header is none, or an entry of it is not understood. */
export function parseHeader(bytes: Uint8Array, fail: (message: string) => never): SafetensorsHeader {
  const { __metadata__: metadata = {}, ...entries } = jsonOf(bytes, fail);
  const tensors = new Map<string, SafetensorsEntry>();
  for (const [name, entry] of Object.entries(entries)) {
    const { dtype, shape, data_offsets: offsets } = entry as Partial<Record<string, unknown>>;
    if (typeof dtype !== 'string' || !areCounts(shape) || !areCounts(offsets) || offsets.length !== 2)
      return fail(`has a header that is not understood, at '${name}'.`);
    const [from, to] = offsets;
    if (from > to) return fail(`has a header that is not understood, at '${name}'.`);
    tensors.set(name, { dtype, shape, from, to });
  }
  return { metadata: metadata as Record<string, string>, tensors };
}

function jsonOf(bytes: Uint8Array, fail: (message: string) => never): Record<string, object> {
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
