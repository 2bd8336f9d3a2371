import type { Calibration, Sample } from '@snp/runtime';

/** Calibration data that say which they were, once they were read to the end. */
export interface FingerprintedData extends Calibration {
  /** A short hash of all samples in their order; undefined before. */
  readonly fingerprint: string | undefined;
  /** How many samples those were. */
  readonly passed: number;
}

/** Watches calibration data go by: the first pass to the end tells which they are. */
export function fingerprinted(data: Calibration): FingerprintedData {
  let found: string | undefined;
  let passed = 0;
  return {
    count: data.count,
    get skipped() {
      return data.skipped;
    },
    get passed() {
      return passed;
    },
    get fingerprint() {
      return found;
    },
    async *samples(signal?: AbortSignal): AsyncGenerator<Sample> {
      let hash = 0x811c9dc5;
      let count = 0;
      for await (const sample of data.samples(signal)) {
        if (found === undefined) hash = hashOf(sample, hash);
        count++;
        yield sample;
      }
      if (found === undefined) passed = count;
      found ??= (hash >>> 0).toString(16).padStart(8, '0');
    },
  };
}

/** FNV-1a over the bytes of every input, four at a time; not meant against forgery. */
function hashOf({ feeds }: Sample, start: number): number {
  let hash = start;
  for (const [name, { data }] of Object.entries(feeds).sort(([a], [b]) => (a < b ? -1 : 1))) {
    for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193);
    if (Array.isArray(data)) for (const text of data) hash = hashOfText(String(text), hash);
    else hash = hashOfBytes(data as ArrayBufferView, hash);
  }
  return hash;
}

function hashOfText(text: string, start: number): number {
  let hash = start;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return Math.imul(hash ^ text.length, 0x01000193);
}

function hashOfBytes({ buffer, byteOffset, byteLength }: ArrayBufferView, start: number): number {
  const view = new DataView(buffer, byteOffset, byteLength);
  const words = byteLength >> 2;
  let hash = start;
  for (let word = 0; word < words; word++) hash = Math.imul(hash ^ view.getUint32(4 * word, true), 0x01000193);
  for (let at = 4 * words; at < byteLength; at++) hash = Math.imul(hash ^ view.getUint8(at), 0x01000193);
  return Math.imul(hash ^ byteLength, 0x01000193);
}
