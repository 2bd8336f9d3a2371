import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { arrays, openCalibration, type Selection, type TensorInfo } from '../src/index.js';
import { npy } from './support/npy.js';
import { collect } from './support/pictures.js';

let root: string;
let written = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'snp-arrays-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function file(extension: 'npy' | 'npz', bytes: Uint8Array): Promise<string> {
  const path = join(root, `${written++}.${extension}`);
  await writeFile(path, bytes);
  return path;
}

const X: TensorInfo = { name: 'x', type: 'FLOAT', dims: ['batch', 3] };
const SIX = Float32Array.from([0, 1, 2, 3, 4, 5]);

/** Inputs named `x` of all samples, as plain lists. */
async function rows(path: string, inputs: readonly TensorInfo[] = [X], selection: Selection = {}) {
  const samples = await collect(await arrays(path, { inputs, ...selection }));
  return samples.map(({ feeds: { x } }) => ({ type: x.type, dims: x.dims, data: [...(x.data as Float32Array)] }));
}
const row = (...data: number[]) => ({ type: 'FLOAT', dims: [1, data.length], data });

describe('.npy', () => {
  // numpy.save(path, numpy.arange(6, dtype='f4').reshape(2, 3)), and dtype='f8'.
  it.each([
    ['f4', SIX],
    ['f8', Float64Array.from(SIX)],
  ])('of %s feeds a FLOAT input', async (_, data) => {
    expect(await rows(await file('npy', npy([2, 3], data)))).toEqual([row(0, 1, 2), row(3, 4, 5)]);
  });

  it('of f4 feeds a DOUBLE input', async () => {
    const path = await file('npy', npy([2, 3], SIX));
    const samples = await collect(await arrays(path, { inputs: [{ ...X, type: 'DOUBLE' }] }));
    expect(samples[1].feeds.x).toEqual({ type: 'DOUBLE', dims: [1, 3], data: Float64Array.of(3, 4, 5) });
  });

  // numpy.save(path, numpy.array([[2**53 + 1, -1]], dtype='i8')), and so on.
  it.each([
    ['INT64', BigInt64Array.of(2n ** 53n + 1n, -1n)],
    ['INT32', Int32Array.of(7, -(2 ** 31))],
    ['UINT8', Uint8Array.of(0, 255)],
    ['FLOAT16', Uint16Array.of(0x3c00, 0xc000)],
  ] as const)('of whole numbers or halves feeds an input of that type: %s', async (type, data) => {
    const path = await file('npy', npy([1, 2], data));
    const [sample] = await collect(await arrays(path, { inputs: [{ ...X, type }] }));
    expect(sample.feeds.x).toEqual({ type, dims: [1, 2], data });
  });

  it('of the whole numbers that numpy makes is converted to those of the model, as far as they fit', async () => {
    const inputs = [{ ...X, type: 'INT32' as const }];
    const read = async (...ids: bigint[]) => {
      const path = await file('npy', npy([1, 3], BigInt64Array.from(ids)));
      const [sample] = await collect(await arrays(path, { inputs }));
      return sample.feeds.x;
    };
    expect(await read(1n, -2n, 3n)).toEqual({ type: 'INT32', dims: [1, 3], data: Int32Array.of(1, -2, 3) });
    expect((await read(1n, 2n ** 40n, 3n)).type).toBe('INT64');
  });

  it('of floating-point numbers is rounded to float16 where the model takes that', async () => {
    const path = await file('npy', npy([1, 3], Float32Array.of(1, -0.5, 2 ** -24)));
    const [sample] = await collect(await arrays(path, { inputs: [{ ...X, type: 'FLOAT16' }] }));
    expect(sample.feeds.x).toEqual({ type: 'FLOAT16', dims: [1, 3], data: Uint16Array.of(0x3c00, 0xb800, 1) });
  });

  it('is not converted where that would change what it means', async () => {
    const path = await file('npy', npy([1, 3], BigInt64Array.of(1n, 2n, 3n)));
    expect((await rows(path))[0].type).toBe('INT64');
  });

  // numpy.save(path, numpy.asfortranarray(numpy.arange(24, dtype='f4').reshape(2, 3, 4)))
  it('in Fortran order is read row by row', async () => {
    const content = new Float32Array(24);
    for (let i = 0; i < 2; i++)
      for (let j = 0; j < 3; j++) for (let k = 0; k < 4; k++) content[i + 2 * j + 6 * k] = 12 * i + 4 * j + k;
    const read = await rows(await file('npy', npy([2, 3, 4], content, { fortran: true })));
    // An axis more than the input: whole inputs.
    expect(read.map(({ dims }) => dims)).toEqual([
      [3, 4],
      [3, 4],
    ]);
    expect(read.flatMap(({ data }) => data)).toEqual(Array.from({ length: 24 }, (_, at) => at));
  });

  // numpy.lib.format.write_array(stream, array, version=(2, 0)), and (3, 0).
  it.each([2, 3])('of version %i is read', async (version) => {
    expect(await rows(await file('npy', npy([1, 3], SIX.slice(0, 3), { version })))).toEqual([row(0, 1, 2)]);
  });

  it('of one axis holds one number per sample', async () => {
    expect(await rows(await file('npy', npy([2], SIX.slice(4))))).toEqual(
      [4, 5].map((x) => ({ type: 'FLOAT', dims: [1], data: [x] })),
    );
  });

  it.each([
    ['text', Buffer.from('a,b,c\n1,2,3\n'), /no \.npy file/],
    ['empty', Buffer.alloc(0), /no \.npy file/],
    ['cut off in its header', npy([2, 3], SIX).subarray(0, 40), /truncated/],
    ['cut off in its content', npy([2, 3], SIX).subarray(0, -4), /truncated.*24 bytes.*20/],
    ['of a shape it cannot hold', npy([2 ** 30, 2 ** 20], SIX), /truncated/],
    ['big-endian', npy([2, 3], SIX, { descr: '>f4' }), /big-endian/],
    ['complex', npy([1, 3], SIX, { descr: '<c8' }), /c8/],
    ['of text', npy([2, 3], SIX, { descr: '<U1' }), /U1|not understood/],
    ['of objects', npy([2, 3], SIX, { descr: '|O' }), /not understood/],
    ['a single number', npy([], SIX.slice(0, 1)), /single number/],
    ['without samples', npy([0, 3], SIX.slice(0, 0)), /no samples/],
  ])('is refused with its name where it is %s', async (_, bytes, message) => {
    const path = await file('npy', bytes);
    await expect(rows(path)).rejects.toMatchObject({
      code: 'calibration',
      message: expect.stringMatching(message),
      place: { file: path },
    });
  });

  it('is refused for a model of two inputs', async () => {
    const path = await file('npy', npy([2, 3], SIX));
    await expect(rows(path, [X, { ...X, name: 'mask' }])).rejects.toMatchObject({
      code: 'calibration',
      message: expect.stringMatching(/2 inputs \(x, mask\).*npz/),
    });
  });
});

describe('.npz', () => {
  const inputs: TensorInfo[] = [
    { name: 'ids', type: 'INT64', dims: ['batch', 2] },
    { name: 'mask', type: 'FLOAT', dims: ['batch', 1] },
  ];
  const content = {
    'ids.npy': npy([3, 2], BigInt64Array.of(1n, 2n, 3n, 4n, 5n, 6n)),
    'mask.npy': npy([3, 1], Float32Array.of(1, 0, 1)),
    'labels.npy': npy([3], BigInt64Array.of(9n, 8n, 7n)),
  };
  const open = async (parts: Record<string, Buffer>, selection: Selection = {}) =>
    collect(await arrays(await file('npz', zipSync(parts)), { inputs, ...selection }));

  // numpy.savez(path, ids=..., mask=..., labels=...), and numpy.savez_compressed.
  it.each([0, 6] as const)('feeds inputs by their names, with classes from labels (compression %i)', async (level) => {
    const samples = await collect(await arrays(await file('npz', zipSync(content, { level })), { inputs }));
    expect(samples.map(({ label }) => label)).toEqual([9, 8, 7]);
    expect(samples[1].feeds).toEqual({
      ids: { type: 'INT64', dims: [1, 2], data: BigInt64Array.of(3n, 4n) },
      mask: { type: 'FLOAT', dims: [1, 1], data: Float32Array.of(0) },
    });
  });

  it('needs no labels', async () => {
    const { 'labels.npy': _, ...rest } = content;
    expect((await open(rest)).map(({ label }) => label)).toEqual([undefined, undefined, undefined]);
  });

  it('says which inputs are missing and which are unknown', async () => {
    const wrong = { 'ids.npy': content['ids.npy'], 'token_type_ids.npy': content['ids.npy'] };
    await expect(open(wrong)).rejects.toMatchObject({
      code: 'calibration',
      message: expect.stringMatching(/lacks mask.*has token_type_ids.*must be ids, mask/),
    });
  });

  it('refuses arrays of different lengths', async () => {
    await expect(open({ ...content, 'mask.npy': npy([2, 1], Float32Array.of(1, 0)) })).rejects.toMatchObject({
      code: 'calibration',
      message: expect.stringMatching(/different numbers of samples \(3, 2\)/),
    });
  });

  it('refuses what is no archive', async () => {
    await expect(arrays(await file('npz', Buffer.from('PK nothing')), { inputs })).rejects.toMatchObject({
      code: 'calibration',
    });
  });
});

describe('files and selection', () => {
  it('reads a folder of arrays in the order of their names', async () => {
    const folder = join(root, 'folder');
    await mkdir(folder);
    await writeFile(join(folder, 'b.npy'), npy([1, 3], SIX.slice(3)));
    await writeFile(join(folder, 'a.npy'), npy([1, 3], SIX.slice(0, 3)));
    await writeFile(join(folder, 'notes.txt'), 'not an array');
    expect(await rows(folder)).toEqual([row(0, 1, 2), row(3, 4, 5)]);
    const names = (await collect(await openCalibration(folder, { inputs: [X] }))).map(({ name }) => name);
    expect(names).toEqual(['a.npy[0]', 'b.npy[0]']);
  });

  it.each([
    [{}, [0, 1, 2, 3, 4, 5]],
    [{ limit: 2 }, [0, 1, 2, 3, 4, 5]],
    [{ every: 2 }, [0, 2, 4]],
    [{ every: 2, start: 1 }, [1, 3, 5]],
    [{ every: 2, start: 1, limit: 2 }, [1, 3, 5]],
    [{ start: 4, limit: 9 }, [4, 5]],
  ])(
    'selects by position, across files too, and draws what a limit allows: %j',
    async (selection: Selection, among) => {
      const count = Math.min(among.length, selection.limit ?? among.length);
      const input = { ...X, dims: ['batch'] };
      const one = await file('npy', npy([6], SIX));
      const folder = join(root, JSON.stringify(selection).replace(/\W/g, '_'));
      await mkdir(folder);
      await writeFile(join(folder, 'a.npy'), npy([4], SIX.slice(0, 4)));
      await writeFile(join(folder, 'b.npy'), npy([2], SIX.slice(4)));
      for (const path of [one, folder]) {
        const chosen = (await rows(path, [input], selection)).flatMap(({ data }) => data);
        expect(chosen).toHaveLength(count);
        expect(chosen).toEqual(among.filter((row) => chosen.includes(row)));
      }
      expect((await arrays(one, { inputs: [input], ...selection })).count).toBe(count);
    },
  );

  it('is an error where nothing is selected, or nothing is there', async () => {
    const path = await file('npy', npy([2, 3], SIX));
    await expect(rows(path, [X], { start: 2 })).rejects.toMatchObject({ code: 'calibration' });
    await expect(rows(join(root, 'none.npy'))).rejects.toMatchObject({ code: 'calibration' });
    await expect(openCalibration(join(root, 'none'), { inputs: [X] })).rejects.toMatchObject({ code: 'calibration' });
    await mkdir(join(root, 'empty'));
    await expect(rows(join(root, 'empty'))).rejects.toMatchObject({ code: 'calibration' });
  });

  it('stops when it is told to', async () => {
    const calibration = await arrays(await file('npy', npy([2, 3], SIX)), { inputs: [X] });
    const reading = async () => {
      for await (const _ of calibration.samples(AbortSignal.abort()));
    };
    await expect(reading()).rejects.toMatchObject({ code: 'aborted' });
  });
});
