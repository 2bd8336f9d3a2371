import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SnpError } from '@snp/onnx';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { images, type Preprocess } from '../src/index.js';
import { bicubic } from './support/bicubic.js';
import { collect, type Noise, noise, PLAIN, pictureOf } from './support/pictures.js';

let root: string;
let folders = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'snp-preprocess-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** What a model would see of one picture; its input takes any height and width unless they are given. */
async function seen({ picture }: Noise, preprocess: string | Preprocess, size?: readonly [number, number]) {
  const folder = join(root, String(folders++));
  await mkdir(folder);
  await picture.png().toFile(join(folder, 'a.png'));
  const input = { name: 'x', type: 'FLOAT' as const, dims: ['batch', 3, ...(size ?? ['height', 'width'])] };
  const [sample] = await collect(await images(folder, { input, preprocess }));
  return pictureOf(sample);
}

async function configFile(config: object | string): Promise<string> {
  const path = join(root, `${folders++}.json`);
  await writeFile(path, typeof config === 'string' ? config : JSON.stringify(config));
  return path;
}

function expectClose(actual: readonly number[][], expected: readonly number[][], tolerance: number): void {
  for (const [c, plane] of expected.entries()) {
    expect(actual[c].length).toBe(plane.length);
    for (const [at, value] of plane.entries()) expect(Math.abs(actual[c][at] - value)).toBeLessThan(tolerance);
  }
}

/** (byte / 255 - mean) / std. */
function normalised({ planes }: Noise, mean: readonly number[], std: readonly number[]): number[][] {
  return planes.map((plane, c) => plane.map((byte) => (byte / 255 - mean[c]) / std[c]));
}

describe('presets', () => {
  // As published with the models: torchvision and timm, google-research/vision_transformer, OpenAI's CLIP, CIFAR-10.
  it.each([
    ['imagenet', [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]],
    ['inception', [0.5, 0.5, 0.5], [0.5, 0.5, 0.5]],
    ['clip', [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]],
    ['cifar10', [0.4914, 0.4822, 0.4465], [0.2471, 0.2435, 0.2616]],
  ])('%s: a picture of the right size is only shifted and scaled', async (name, mean, std) => {
    const picture = noise(6, 9);
    const { dims, planes } = await seen(picture, name, [6, 9]);
    expect(dims).toEqual([1, 3, 6, 9]);
    expectClose(planes, normalised(picture, mean, std), 1e-5);
  });

  it.each([
    [64, 'cifar10'],
    [65, 'imagenet'],
  ])('by default, an input of %i pixels is of a model for %s', async (size, name) => {
    const picture = noise(size, size);
    const folder = join(root, String(folders++));
    await mkdir(folder);
    await picture.picture.png().toFile(join(folder, 'a.png'));
    const input = { name: 'x', type: 'FLOAT' as const, dims: ['batch', 3, size, size] };
    const [sample] = await collect(await images(folder, { input }));
    expectClose(pictureOf(sample).planes, (await seen(picture, name, [size, size])).planes, 1e-12);
  });

  it('imagenet resizes the shorter side to the size through 0.875, and cuts out the middle', async () => {
    const picture = noise(48, 40, 2, 60);
    const { planes } = await seen(picture, 'imagenet', [28, 28]);
    // 28 / 0.875 = 32; 48 * 32 / 40 = 38.4.
    const resized = picture.planes.map((plane) => bicubic(plane, [48, 40], [38, 32]));
    const cut = resized.map((plane) =>
      plane.filter((_, at) => inside(Math.floor(at / 32), 5, 28) && inside(at % 32, 2, 28)),
    );
    const expected = normalised({ ...picture, planes: cut }, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]);
    expectClose(planes, expected, 2 / 255 / 0.224);
  });

  it('names the presets where there is none of a name', async () => {
    await expect(seen(noise(2, 2), 'toString')).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringMatching(/'toString'.*imagenet, inception, clip, cifar10/),
    });
  });
});

const inside = (at: number, start: number, length: number) => at >= start && at < start + length;

describe('resizing and cropping', () => {
  it.each([
    { from: [30, 45], to: [20, 30] },
    { from: [40, 25], to: [21, 24] },
    { from: [96, 120], to: [10, 14] },
  ] as const)('reduces $from to $to as Pillow does', async ({ from, to }) => {
    const picture = noise(from[0], from[1], 3, 80);
    const { dims, planes } = await seen(picture, { ...PLAIN, resize: to });
    expect(dims.slice(2)).toEqual(to);
    expectClose(
      planes,
      picture.planes.map((plane) => bicubic(plane, from, to)),
      3, // libvips rounds positions and weights; the noise has steps of 80
    );
  });

  it.each([
    [10, 15, 7, 10],
    [15, 10, 10, 7],
    [9, 9, 7, 7],
  ])('%i x %i pixels become %i x %i when the shorter side is to be 7', async (height, width, ...expected) => {
    expect((await seen(noise(height, width), { ...PLAIN, resize: 7 })).dims).toEqual([1, 3, ...expected]);
  });

  it('cuts where torchvision cuts: half pixels go to the even side', async () => {
    // torchvision.transforms.CenterCrop: int(round((height - crop) / 2.0)), and Python's round(0.5) is 0, round(1.5) is 2.
    for (const [size, start] of [
      [4, 0],
      [5, 0],
      [6, 1],
      [7, 2],
      [8, 2],
      [9, 2],
    ]) {
      const picture = noise(size, size, size);
      const cut = picture.planes.map((plane) =>
        plane.filter((_, at) => inside(Math.floor(at / size), start, 4) && inside(at % size, start, 4)),
      );
      expect(await seen(picture, { ...PLAIN, crop: [4, 4] })).toEqual({ dims: [1, 3, 4, 4], planes: cut });
    }
  });
});

describe('preprocessor_config.json', () => {
  it('rescales and normalises', async () => {
    const [mean, std] = [
      [0.5, 0.25, 0],
      [0.5, 1, 2],
    ];
    const picture = noise(6, 7);
    const config = { do_resize: false, image_mean: mean, image_std: std, rescale_factor: 1 / 127.5, crop_size: 4 };
    const { dims, planes } = await seen(picture, await configFile(config));
    expect(dims).toEqual([1, 3, 6, 7]);
    expectClose(
      planes,
      picture.planes.map((plane, c) => plane.map((byte) => (byte / 127.5 - mean[c]) / std[c])),
      1e-5,
    );
  });

  it('does neither where it says so', async () => {
    const picture = noise(4, 4);
    const config = { do_resize: false, do_rescale: false, do_normalize: false, image_mean: [1, 1, 1] };
    expect((await seen(picture, await configFile(config))).planes).toEqual(picture.planes);
  });

  it.each([
    ['a number alone is both sides (ViT)', { size: 8 }, [8, 8]],
    ['a number with a crop is the shorter side (CLIP)', { size: 8, do_center_crop: true, crop_size: 6 }, [6, 6]],
    ['height and width', { size: { height: 8, width: 6 } }, [8, 6]],
    ['shorter side', { size: { shortest_edge: 8 } }, [8, 16]],
    [
      'a crop of two sizes',
      { size: { shortest_edge: 8 }, do_center_crop: true, crop_size: { height: 4, width: 10 } },
      [4, 10],
    ],
    ['no size: the size of the input', {}, [5, 7]],
  ] as const)('sizes: %s', async (_, config, [height, width]) => {
    // Twice as wide as high.
    const { dims } = await seen(noise(10, 20), await configFile(config), [5, 7]);
    expect(dims).toEqual([1, 3, height, width]);
  });

  it('with a crop, the shorter side keeps the proportions', async () => {
    const picture = noise(16, 32, 4, 60);
    const config = { size: 8, do_center_crop: true, crop_size: 8, do_rescale: false, do_normalize: false };
    const resized = picture.planes.map((plane) => bicubic(plane, [16, 32], [8, 16]));
    const cut = resized.map((plane) => plane.filter((_, at) => inside(at % 16, 4, 8)));
    expectClose((await seen(picture, await configFile(config))).planes, cut, 2);
  });

  it.each([
    ['not JSON', '{', /not valid JSON/],
    ['of another kind', { image_mean: [0.5] }, /image_mean/],
    ['with a size that is none', { size: { longest_edge: 'x' } }, /size/],
  ])('is refused where it is %s', async (_, config, message) => {
    const path = await configFile(config);
    await expect(seen(noise(2, 2), path)).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringMatching(message),
      place: { file: path },
    });
  });

  it('is refused where it is missing', async () => {
    await expect(seen(noise(2, 2), join(root, 'none.json'))).rejects.toThrow(SnpError);
  });
});
