import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SnpError } from '@snp/onnx';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { readSafetensors } from '../src/arrayFiles/safetensors.js';
import { openCalibration } from '../src/index.js';

const folder = mkdtempSync(join(tmpdir(), 'snp-safetensors-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A file by the format's description: length of the header, header, numbers. */
function fileOf(arrays: Record<string, [dtype: string, shape: number[], bytes: Uint8Array]>): Uint8Array {
  let at = 0;
  const header: Record<string, object> = { __metadata__: { format: 'pt' } };
  for (const [key, [dtype, shape, bytes]] of Object.entries(arrays)) {
    header[key] = { dtype, shape, data_offsets: [at, at + bytes.length] };
    at += bytes.length;
  }
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, ...Object.values(arrays).map(([, , bytes]) => bytes)]);
}

const bytesOf = (numbers: ArrayBufferView) => new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
const two = fileOf({
  ids: ['I64', [2, 3], bytesOf(BigInt64Array.of(1n, 2n, 3n, 4n, 5n, -6n))],
  half: ['BF16', [2, 1], bytesOf(Uint16Array.of(0x3f80, 0xc020))],
});

describe('.safetensors', () => {
  it('are read as arrays', () => {
    expect(readSafetensors(two, 'two')).toEqual(
      new Map([
        ['ids', { type: 'INT64', dims: [2, 3], data: BigInt64Array.of(1n, 2n, 3n, 4n, 5n, -6n) }],
        ['half', { type: 'FLOAT', dims: [2, 1], data: Float32Array.of(1, -2.5) }],
      ]),
    );
  });

  it('are calibration data, a row of each array to a sample', async () => {
    const path = join(folder, 'two.safetensors');
    writeFileSync(path, two);
    const inputs = [
      { name: 'ids', type: 'INT32', dims: ['batch', 3] },
      { name: 'half', type: 'FLOAT', dims: ['batch', 1] },
    ] as const;
    const samples = [];
    for await (const { feeds } of (await openCalibration(path, { inputs })).samples()) samples.push(feeds);
    expect(samples).toEqual([
      {
        ids: { type: 'INT32', dims: [1, 3], data: Int32Array.of(1, 2, 3) },
        half: { type: 'FLOAT', dims: [1, 1], data: Float32Array.of(1) },
      },
      {
        ids: { type: 'INT32', dims: [1, 3], data: Int32Array.of(4, 5, -6) },
        half: { type: 'FLOAT', dims: [1, 1], data: Float32Array.of(-2.5) },
      },
    ]);
  });

  it.each([
    ['cut off', two.slice(0, -1), /truncated at 'half'/],
    ['of another kind', Buffer.from('PK\u0003\u0004 and more than that'), /is no .safetensors file/],
    ['without a header', fileOf({}).slice(0, 9), /is no .safetensors file/],
    ['of an unknown type', fileOf({ a: ['F8_E4M3', [1], new Uint8Array(1)] }), /type F8_E4M3 in 'a'/],
    ['of another size', fileOf({ a: ['F32', [3], new Uint8Array(8)] }), /8 bytes in 'a', but its shape \(3\) needs 12/],
    ['with a negative size', fileOf({ a: ['F32', [-1], new Uint8Array(4)] }), /not understood, at 'a'/],
  ])('%s are refused', (_, bytes, message) => {
    expect(() => readSafetensors(bytes, 'given')).toThrow(message);
  });

  it('that are damaged are read, or refused by a typed error', () => {
    fc.assert(
      fc.property(fc.nat(two.length - 1), fc.nat(255), fc.nat(two.length), (at, byte, length) => {
        const damaged = Uint8Array.from(two.subarray(0, Math.max(1, length)));
        damaged[at % damaged.length] = byte;
        try {
          readSafetensors(damaged, 'given');
        } catch (error) {
          expect(error).toBeInstanceOf(SnpError);
        }
      }),
      { numRuns: 500, seed: 1 },
    );
  });
});
