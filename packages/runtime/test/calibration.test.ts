import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Calibration, images, type Sample, tensors } from '../src/index.js';

const INPUT = { name: 'input', type: 'FLOAT' as const, dims: [undefined, 3, 8, 8] };
/** Bytes as they are: no scaling, no shift. */
const PLAIN = {
  resize: undefined,
  crop: undefined,
  scale: 1,
  mean: [0, 0, 0],
  std: [1, 1, 1],
  interpolation: 'nearest',
} as const;

let folder: string;
const at = (...names: string[]) => join(folder, ...names);
const pixels = (seed: number) => Uint8Array.from({ length: 8 * 8 * 3 }, (_, i) => (i * 37 + seed * 101) % 256);
const picture = (seed: number) => sharp(pixels(seed), { raw: { width: 8, height: 8, channels: 3 } });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'snp-calibration-'));
  for (const [name, seed] of [
    ['ant', 1],
    ['bee', 2],
    ['cat', 3],
  ] as const) {
    await mkdir(at('classes', name), { recursive: true });
    await picture(seed)
      .png()
      .toFile(at('classes', name, `${seed}.png`));
  }
  await mkdir(at('flat'));
  for (const seed of [1, 2, 3, 4])
    await picture(seed)
      .png()
      .toFile(at('flat', `${seed}.png`));
  await writeFile(at('flat', 'labels.csv'), 'file,label\n1.png,7\n2.png,5\n3.png,7\n4.png,0\n');
  await writeFile(at('flat', 'broken.png'), 'not a picture');
  await mkdir(at('broken'));
  await writeFile(at('broken', 'a.png'), 'not a picture');
  await mkdir(at('kinds'));
  await picture(1).greyscale().png().toFile(at('kinds', 'grey.png'));
  await picture(1).ensureAlpha(0.5).png().toFile(at('kinds', 'alpha.png'));
  await picture(1).webp({ lossless: true }).toFile(at('kinds', 'lossless.webp'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

async function all(calibration: Calibration): Promise<Sample[]> {
  const samples = [];
  for await (const sample of calibration.samples()) samples.push(sample);
  return samples;
}

/** Planes of red, green and blue, as models want them. */
function planes(seed: number, of = (byte: number, _channel: number) => byte): number[] {
  const bytes = pixels(seed);
  return Array.from({ length: 192 }, (_, i) => of(bytes[(i % 64) * 3 + Math.floor(i / 64)], Math.floor(i / 64)));
}

describe('images', () => {
  it('reads class folders, labels by the order of their names', async () => {
    const samples = await all(await images(at('classes'), { input: INPUT, preprocess: PLAIN }));
    expect(samples.map(({ label }) => label)).toEqual([0, 1, 2]);
    expect([...(samples[1].feeds.input.data as Float32Array)]).toEqual(planes(2));
    expect(samples[0].feeds.input.dims).toEqual([1, 3, 8, 8]);
  });

  it('reads flat folders with labels.csv; what cannot be read is named, counted and skipped', async () => {
    const calibration = await images(at('flat'), { input: INPUT, preprocess: PLAIN });
    const samples = await all(calibration);
    expect(samples.map(({ label }) => label)).toEqual([7, 5, 7, 0]);
    expect(calibration.skipped.map(({ name }) => name)).toEqual([expect.stringContaining('broken.png')]);
    // A second pass begins anew.
    expect((await all(calibration)).length).toBe(4);
    expect(calibration.skipped.length).toBe(1);
  });

  it('is an error where no picture can be read, or none is there', async () => {
    await expect(all(await images(at('broken'), { input: INPUT }))).rejects.toMatchObject({ code: 'calibration' });
    await expect(images(at('nowhere'), { input: INPUT })).rejects.toMatchObject({
      code: expect.stringMatching(/io|calibration/),
    });
  });

  it('shifts and scales as ImageNet models want it', async () => {
    const [sample] = await all(await images(at('classes'), { input: INPUT, preprocess: 'imagenet', limit: 1 }));
    // Resizing from 8 to 9 and cropping 8 touches every pixel; a uniform picture shows the numbers alone.
    expect(sample.feeds.input.data.length).toBe(192);
    await mkdir(at('grey'), { recursive: true });
    await sharp({ create: { width: 20, height: 12, channels: 3, background: { r: 51, g: 102, b: 204 } } })
      .png()
      .toFile(at('grey', 'a.png'));
    const [uniform] = await all(await images(at('grey'), { input: INPUT, preprocess: 'imagenet' }));
    const [mean, std] = [
      [0.485, 0.456, 0.406],
      [0.229, 0.224, 0.225],
    ];
    [0.2, 0.4, 0.8].forEach((part, channel) => {
      for (const value of (uniform.feeds.input.data as Float32Array).subarray(channel * 64, channel * 64 + 64)) {
        expect(value).toBeCloseTo((part - mean[channel]) / std[channel], 5);
      }
    });
  });

  it('follows a preprocessor_config.json', async () => {
    const config = {
      do_resize: false,
      do_center_crop: false,
      do_rescale: true,
      rescale_factor: 1 / 255,
      do_normalize: true,
      image_mean: [0.5, 0.25, 0],
      image_std: [0.5, 1, 2],
    };
    await writeFile(at('preprocessor_config.json'), JSON.stringify(config));
    const [sample] = await all(
      await images(at('classes'), { input: INPUT, preprocess: at('preprocessor_config.json') }),
    );
    const expected = planes(1, (byte, c) => (byte / 255 - config.image_mean[c]) / config.image_std[c]);
    const got = sample.feeds.input.data as Float32Array;
    for (const [i, value] of expected.entries()) expect(got[i]).toBeCloseTo(value, 5);
  });

  it('reads grey, transparent and webp pictures', async () => {
    const samples = await all(await images(at('kinds'), { input: INPUT, preprocess: PLAIN }));
    expect(samples.map(({ name }) => name.split('/').at(-1))).toEqual(['alpha.png', 'grey.png', 'lossless.webp']);
    expect([...(samples[2].feeds.input.data as Float32Array)]).toEqual(planes(1));
    const grey = samples[1].feeds.input.data as Float32Array;
    expect([...grey.subarray(0, 64)]).toEqual([...grey.subarray(64, 128)]);
  });

  it('selects by position', async () => {
    const names = async (selection: object) =>
      (await all(await images(at('flat'), { input: INPUT, preprocess: PLAIN, ...selection }))).map(
        ({ label }) => label,
      );
    expect(await names({ every: 2 })).toEqual([7, 7]);
    expect(await names({ every: 2, start: 1 })).toEqual([5, 0]);
    expect(await names({ limit: 3 })).toEqual([7, 5, 7]);
  });
});

describe('tensors', () => {
  it('takes whatever gives feeds, and begins again for each pass', async () => {
    const calibration = tensors(async function* () {
      for (const x of [1, 2, 3]) yield { x: { type: 'FLOAT', dims: [1, 1], data: Float32Array.of(x) } };
    });
    for (let pass = 0; pass < 2; pass++) {
      expect((await all(calibration)).map(({ feeds }) => (feeds.x.data as Float32Array)[0])).toEqual([1, 2, 3]);
    }
  });
});
