import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ImagesOptions, images, openCalibration, type Sample, type TensorInfo } from '../src/index.js';
import { collect, noise, PLAIN, pictureOf } from './support/pictures.js';

const INPUT: TensorInfo = { name: 'pixels', type: 'FLOAT', dims: ['batch', 3, 8, 8] };

let root: string;
let folders = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'snp-calibration-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** A folder with files: a number is the seed of a picture, text is text. */
async function folderOf(files: Record<string, number | string>): Promise<string> {
  const folder = join(root, String(folders++));
  await mkdir(folder);
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    if (typeof content === 'string') await writeFile(path, content);
    else await noise(8, 8, content).picture.toFile(path);
  }
  return folder;
}

const open = async (files: Record<string, number | string>, selection: ImagesOptions = {}) =>
  images(await folderOf(files), { input: INPUT, preprocess: PLAIN, ...selection });

const labelsByName = (samples: readonly Sample[]) =>
  Object.fromEntries(samples.map(({ name, label }) => [name, label]));

describe('folders of pictures', () => {
  it('class folders: the class is the number of the folder in the order of names', async () => {
    const calibration = await open({
      'n02/b.png': 3,
      'n01/z.png': 2,
      'n01/a.webp': 1,
      'n03/only.txt': 'no picture',
      'n10/a.png': 4,
      'readme.txt': 'no picture',
    });
    expect(calibration.count).toBe(4);
    const samples = await collect(calibration);
    expect(labelsByName(samples)).toStrictEqual({
      'n01/a.webp': 0,
      'n01/z.png': 0,
      'n02/b.png': 1,
      'n10/a.png': 3,
    });
    const z = samples.find(({ name }) => name === 'n01/z.png')!;
    expect(Object.keys(z.feeds)).toEqual(['pixels']);
    expect(z.feeds.pixels.type).toBe('FLOAT');
    expect(pictureOf(z)).toEqual({ dims: [1, 3, 8, 8], planes: noise(8, 8, 2).planes });
  });

  it('flat, with classes from labels.csv', async () => {
    const labels = '\uFEFFsource,label,file\r\n"flickr, ""cc""",7,b.png\r\n\r\nown,12,a.png\r\n,3,gone.png\r\n';
    const samples = await collect(await open({ 'b.png': 1, 'a.png': 2, 'c.png': 3, 'labels.csv': labels }));
    expect(labelsByName(samples)).toStrictEqual({
      'a.png': 12,
      'b.png': 7,
      'c.png': undefined,
    });
  });

  it('in folders of folders: the class is the first one; thumbnails in hidden folders are none', async () => {
    const samples = await collect(
      await open({
        'cat/wild/b.png': 1,
        'cat/a.png': 2,
        'cat-like/z.png': 3,
        'dog/tame/old/c.png': 4,
        'dog/.cache/d.png': 5,
      }),
    );
    expect(labelsByName(samples)).toStrictEqual({
      'cat/a.png': 0,
      'cat/wild/b.png': 0,
      'cat-like/z.png': 1,
      'dog/tame/old/c.png': 2,
    });
  });

  it('flat and in folders: none is left out', async () => {
    const samples = await collect(
      await open({ 'b.png': 1, 'more/a.png': 2, 'labels.csv': 'file,label\nmore/a.png,5\n' }),
    );
    expect(labelsByName(samples)).toStrictEqual({
      'b.png': undefined,
      'more/a.png': 5,
    });
  });

  it('flat, without classes', async () => {
    const samples = await collect(await open({ 'b.png': 1, 'A.png': 2 }));
    expect(labelsByName(samples)).toStrictEqual({
      'A.png': undefined,
      'b.png': undefined,
    });
  });

  it.each([
    ['no header', 'a.png,1\n', /'file' and 'label'/],
    ['no number', 'file,label\na.png,cat\n', /line 2/],
    ['no label', 'file,label\n\na.png,1\nb.png\n', /line 4/],
  ])('labels.csv with %s is refused', async (_, labels, message) => {
    await expect(open({ 'a.png': 1, 'labels.csv': labels })).rejects.toMatchObject({
      code: 'calibration',
      message: expect.stringMatching(message),
      place: { file: expect.stringContaining('labels.csv') },
    });
  });

  it('what cannot be read is skipped, named and counted once, and stays so in a pass that ends early', async () => {
    const broken = { '1.png': 1, '2.png': 'not a picture', '3.png': 3, '4.jpg': '' };
    const calibration = await open(broken);
    for (let pass = 0; pass < 2; pass++) {
      expect((await collect(calibration)).map(({ name }) => name).sort()).toEqual(['1.png', '3.png']);
      expect(calibration.skipped.map(({ name }) => name)).toEqual(['2.png', '4.jpg']);
      for (const { reason } of calibration.skipped) expect(reason).toMatch(/unsupported image format/);
      for await (const _ of calibration.samples()) break;
    }
    expect(calibration.skipped.length).toBe(2);
  });

  it('a picture that is cut off is skipped rather than half grey', async () => {
    const folder = await folderOf({ '1.png': 1 });
    const jpeg = await noise(64, 64).picture.jpeg().toBuffer();
    await writeFile(join(folder, '2.jpg'), jpeg.subarray(0, jpeg.length / 2));
    const calibration = await images(folder, { input: INPUT, preprocess: PLAIN });
    expect((await collect(calibration)).length).toBe(1);
    expect(calibration.skipped).toEqual([{ name: '2.jpg', reason: expect.stringMatching(/premature end|damaged/) }]);
  });

  it('is an error where none can be read, with the first reason', async () => {
    const calibration = await open({ 'a.png': 'x', 'b.png': 'y' });
    await expect(collect(calibration)).rejects.toMatchObject({
      code: 'calibration',
      message: expect.stringMatching(/None of the 2 pictures .* a\.png: .*unsupported image format/),
    });
    expect(calibration.skipped.length).toBe(2);
  });

  it('is an error where there are none', async () => {
    await expect(open({})).rejects.toMatchObject({ code: 'calibration' });
    await expect(open({ 'a.txt': 'text' })).rejects.toMatchObject({ code: 'calibration' });
    await expect(images(join(root, 'none'))).rejects.toMatchObject({ code: 'calibration' });
  });

  it.each([
    [{}, 'abcdef', 6],
    [{ limit: 2 }, 'abcdef', 2],
    [{ every: 2 }, 'ace', 3],
    [{ every: 2, start: 1 }, 'bdf', 3],
    [{ every: 3, start: 1, limit: 1 }, 'be', 1],
  ])('selects by position: %j', async (selection, among, count) => {
    const files = Object.fromEntries([...'fbdace'].map((letter, at) => [`${letter}.png`, at]));
    const calibration = await open(files, selection);
    expect(calibration.count).toBe(count);
    const chosen = (await collect(calibration)).map(({ name }) => name[0]);
    expect(new Set(chosen).size).toBe(count);
    for (const letter of chosen) expect(among).toContain(letter);
  });

  it('a limit takes pictures that are spread over all classes, others by another seed', async () => {
    const files = Object.fromEntries(
      [...'abcdefgh'].flatMap((letter, at) => [0, 1, 2, 3].map((number) => [`${letter}/${number}.png`, at])),
    );
    const all = Object.keys(files).sort();
    const names = async (selection: ImagesOptions) =>
      (await collect(await open(files, selection))).map(({ name }) => name);
    expect(await names({})).toEqual(all);
    const some = await names({ limit: 8 });
    // Neighbours are four apart in the mean, and at most six.
    const places = some.map((name) => all.indexOf(name));
    for (const [at, place] of places.slice(1).entries()) {
      expect(place - places[at]).toBeGreaterThan(0);
      expect(place - places[at]).toBeLessThanOrEqual(6);
    }
    expect(await names({ limit: 8 })).toEqual(some);
    expect(await names({ limit: 8, seed: 1 })).not.toEqual(some);
    // A larger limit takes those of the smaller one and more.
    expect(await names({ limit: 16 })).toEqual(expect.arrayContaining(some));
  });

  it('halves of one folder do not overlap', async () => {
    const files = Object.fromEntries([...'abcde'].map((letter, at) => [`${letter}.png`, at]));
    const names = async (start: number) =>
      (await collect(await open(files, { every: 2, start }))).map(({ name }) => name);
    expect([...(await names(0)), ...(await names(1))].sort()).toEqual(Object.keys(files));
  });

  it('stops when it is told to', async () => {
    const calibration = await open({ '1.png': 1, '2.png': 2, '3.png': 3 });
    const controller = new AbortController();
    const names: string[] = [];
    const reading = async () => {
      for await (const { name } of calibration.samples(controller.signal)) {
        names.push(name);
        controller.abort();
      }
    };
    await expect(reading()).rejects.toMatchObject({ code: 'aborted' });
    expect(names).toHaveLength(1);
  });
});

describe('openCalibration', () => {
  it('opens a folder of pictures for a model of one input', async () => {
    const folder = await folderOf({ 'a.png': 1 });
    const [sample] = await collect(await openCalibration(folder, { inputs: [INPUT], preprocess: PLAIN }));
    expect(pictureOf(sample).planes).toEqual(noise(8, 8, 1).planes);
  });

  it.each([
    ['two inputs', [INPUT, { ...INPUT, name: 'mask' }], /2 inputs \(pixels, mask\)/],
    ['one channel', [{ ...INPUT, dims: ['batch', 1, 28, 28] }], /'pixels' has shape \[batch, 1, 28, 28\]/],
    ['no picture', [{ ...INPUT, dims: ['batch', 128] }], /'pixels' has shape \[batch, 128\]/],
  ])('pictures do not fit a model of %s', async (_, inputs, message) => {
    await expect(openCalibration(await folderOf({ 'a.png': 1 }), { inputs })).rejects.toMatchObject({
      code: 'calibration',
      message: expect.stringMatching(message),
    });
  });

  it('is an error for a path that is missing or of another kind', async () => {
    const folder = await folderOf({ 'data.csv': '1,2,3' });
    for (const path of [join(folder, 'none'), join(folder, 'data.csv')]) {
      await expect(openCalibration(path, { inputs: [INPUT] })).rejects.toMatchObject({
        code: 'calibration',
        place: { file: path },
      });
    }
  });
});
