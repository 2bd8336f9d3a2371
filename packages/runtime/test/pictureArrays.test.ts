import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect, it } from 'vitest';
import { images, openCalibration, type Sample, type TensorInfo } from '../src/index.js';

const SIZE = 8;
const input: TensorInfo = { name: 'x', type: 'FLOAT', dims: ['batch', 3, SIZE, SIZE] };
const bytes = Uint8Array.from({ length: 2 * SIZE * SIZE * 3 }, (_, at) => (at * 37) % 256);

async function write(folder: string, dims: string): Promise<string> {
  const header = `{'descr': '|u1', 'fortran_order': False, 'shape': (${dims}), }`.padEnd(118);
  const path = join(folder, 'pictures.npy');
  await writeFile(
    path,
    Buffer.concat([Buffer.from([0x93, ...Buffer.from('NUMPY'), 1, 0, 118, 0]), Buffer.from(header), bytes]),
  );
  return path;
}

const all = async (samples: AsyncIterable<Sample>) => {
  const found: Sample[] = [];
  for await (const sample of samples) found.push(sample);
  return found;
};

it('arrays of 8-bit pictures give the numbers that the same pictures give as files', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'snp-picture-arrays-'));
  const path = await write(folder, `2, ${SIZE}, ${SIZE}, 3`);
  const calibration = await openCalibration(path, { inputs: [input], preprocess: 'inception' });
  const half = SIZE * SIZE * 3;
  for (const at of [0, 1])
    await sharp(bytes.subarray(at * half, (at + 1) * half), { raw: { width: SIZE, height: SIZE, channels: 3 } })
      .png()
      .toFile(join(folder, `${at}.png`));
  const files = await images(folder, { input, preprocess: 'inception' });
  expect([calibration.pictures, files.pictures]).toEqual([true, true]);
  const feeds = async (source: typeof files) => new Set((await all(source.samples())).map((sample) => sample.feeds));
  expect(await feeds(calibration)).toEqual(await feeds(files));
});

it.each([
  ['nothing says how they become numbers', SIZE, undefined, /--preprocess cifar10/],
  ['they are of another size than the model takes', 16, 'cifar10', /the model takes 16 x 16/],
])('are refused where %s', async (_, size, preprocess, message) => {
  const path = await write(await mkdtemp(join(tmpdir(), 'snp-picture-arrays-')), `2, ${SIZE}, ${SIZE}, 3`);
  const inputs = [{ ...input, dims: ['batch', 3, size, size] }];
  await expect(openCalibration(path, { inputs, preprocess })).rejects.toThrow(message);
});

it('numbers that are no pictures are not preprocessed in silence', async () => {
  const path = await write(await mkdtemp(join(tmpdir(), 'snp-picture-arrays-')), `2, ${SIZE}, ${SIZE}, 3`);
  const inputs = [{ ...input, dims: ['batch', SIZE, SIZE, 3] }];
  await expect(openCalibration(path, { inputs, preprocess: 'cifar10' })).rejects.toThrow(/about pictures.*as they are/);
});
