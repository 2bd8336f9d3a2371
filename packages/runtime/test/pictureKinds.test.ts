import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { images } from '../src/index.js';
import { collect, noise, PLAIN, pictureOf } from './support/pictures.js';

let root: string;
let folders = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'snp-kinds-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** Bytes of a picture file as a model would see them. */
async function decoded(name: string, bytes: Buffer) {
  const folder = join(root, String(folders++));
  await mkdir(folder);
  await writeFile(join(folder, name), bytes);
  const input = { name: 'input', type: 'FLOAT' as const, dims: ['batch', 3, 'height', 'width'] };
  const [sample] = await collect(await images(folder, { input, preprocess: PLAIN }));
  return pictureOf(sample);
}

const [HEIGHT, WIDTH] = [6, 8];
const SOURCE = noise(HEIGHT, WIDTH);

/** A picture of `channels` whose bytes are given by pixel and channel. */
function drawn(channels: 1 | 2 | 3 | 4, byte: (pixel: number, channel: number) => number): Sharp {
  const bytes = Uint8Array.from({ length: HEIGHT * WIDTH * channels }, (_, at) =>
    byte(Math.floor(at / channels), at % channels),
  );
  return sharp(bytes, { raw: { height: HEIGHT, width: WIDTH, channels } });
}

describe('kinds of files', () => {
  it.each([
    ['png', (picture: Sharp) => picture.png()],
    ['webp', (picture: Sharp) => picture.webp({ lossless: true })],
    ['tiff', (picture: Sharp) => picture.tiff({ compression: 'lzw' })],
    ['TIF', (picture: Sharp) => picture.tiff({ compression: 'none' })],
    ['gif', (picture: Sharp) => picture.gif({ dither: 0 })],
    ['avif', (picture: Sharp) => picture.avif({ lossless: true, chromaSubsampling: '4:4:4' })],
  ])('.%s without loss comes back byte for byte', async (extension, encode) => {
    const { dims, planes } = await decoded(`a.${extension}`, await encode(SOURCE.picture.clone()).toBuffer());
    expect(dims).toEqual([1, 3, HEIGHT, WIDTH]);
    expect(planes).toEqual(SOURCE.planes);
  });

  it('.jpg comes back as nearly as it was saved', async () => {
    const { planes } = await decoded(
      'a.JPG',
      await drawn(3, (_, c) => [180, 120, 90][c])
        .jpeg({ quality: 100 })
        .toBuffer(),
    );
    for (const [c, wanted] of [180, 120, 90].entries()) {
      for (const byte of planes[c]) expect(Math.abs(byte - wanted)).toBeLessThanOrEqual(2);
    }
  });

  it('palettes are looked up', async () => {
    const byte = (pixel: number, c: number) => (pixel % 4) * 60 + c;
    const { planes } = await decoded('a.png', await drawn(3, byte).png({ palette: true, dither: 0 }).toBuffer());
    expect(planes).toEqual([0, 1, 2].map((c) => Array.from({ length: HEIGHT * WIDTH }, (_, pixel) => byte(pixel, c))));
  });

  it('of an animation the first picture counts', async () => {
    const frames = await Promise.all(
      [40, 200].map((grey) =>
        drawn(3, () => grey)
          .png()
          .toBuffer(),
      ),
    );
    const { dims, planes } = await decoded(
      'a.gif',
      await sharp(frames, { join: { animated: true } })
        .gif()
        .toBuffer(),
    );
    expect(dims).toEqual([1, 3, HEIGHT, WIDTH]);
    expect(new Set(planes.flat())).toEqual(new Set([40]));
  });
});

describe('colours', () => {
  it('grey pictures have three equal channels', async () => {
    const picture = drawn(1, (pixel) => pixel * 5).toColourspace('b-w');
    const png = await picture.png().toBuffer();
    expect((await sharp(png).metadata()).channels).toBe(1);
    const grey = Array.from({ length: HEIGHT * WIDTH }, (_, pixel) => pixel * 5);
    expect((await decoded('a.png', png)).planes).toEqual([grey, grey, grey]);
  });

  it('16 bits become 8', async () => {
    const deep = (channels: 1 | 3) =>
      sharp(
        Uint16Array.from({ length: HEIGHT * WIDTH * channels }, (_, at) => at * 257),
        { raw: { height: HEIGHT, width: WIDTH, channels } },
      ).toColourspace(channels === 1 ? 'grey16' : 'rgb16');
    for (const channels of [1, 3] as const) {
      const png = await deep(channels).png().toBuffer();
      expect((await sharp(png).metadata()).depth).toBe('ushort');
      const { planes } = await decoded('a.png', png);
      for (const [c, plane] of planes.entries()) {
        const of = (pixel: number) => (channels === 1 ? pixel : pixel * 3 + c);
        expect(plane).toEqual(Array.from({ length: HEIGHT * WIDTH }, (_, pixel) => of(pixel)));
      }
    }
  });

  it('what is transparent shows white behind it', async () => {
    const [colour, alphas] = [
      [200, 100, 0],
      [0, 64, 128, 255],
    ];
    const png = await drawn(4, (pixel, c) => (c === 3 ? alphas[pixel % 4] : colour[c]))
      .png()
      .toBuffer();
    const { planes } = await decoded('a.png', png);
    for (const [c, plane] of planes.entries()) {
      for (const [pixel, byte] of plane.entries()) {
        const alpha = alphas[pixel % 4] / 255;
        expect(Math.abs(byte - (alpha * colour[c] + (1 - alpha) * 255))).toBeLessThan(1.01);
      }
    }
  });

  it('grey with transparency, too', async () => {
    const png = await drawn(2, (pixel, c) => (c === 1 ? 255 * (pixel % 2) : 30))
      .png()
      .toBuffer();
    const expected = Array.from({ length: HEIGHT * WIDTH }, (_, pixel) => (pixel % 2 === 1 ? 30 : 255));
    expect((await decoded('a.png', png)).planes).toEqual([expected, expected, expected]);
  });

  it.each(['jpeg', 'tiff'] as const)('inks (CMYK) become red, green and blue: %s', async (format) => {
    for (const colour of [
      [250, 250, 250],
      [128, 128, 128],
      [220, 150, 150],
    ]) {
      const inks = drawn(3, (_, c) => colour[c]).toColourspace('cmyk');
      const picture = format === 'jpeg' ? inks.jpeg({ quality: 100 }) : inks.tiff({ compression: 'none' });
      const bytes = await picture.toBuffer();
      expect((await sharp(bytes).metadata()).space).toBe('cmyk');
      const { dims, planes } = await decoded(`a.${format}`, bytes);
      expect(dims).toEqual([1, 3, HEIGHT, WIDTH]);
      // Inks show colours only roughly; inverted or mixed up ones would be far off.
      for (const c of [0, 1, 2]) for (const byte of planes[c]) expect(Math.abs(byte - colour[c])).toBeLessThan(20);
    }
  });
});

describe('orientation', () => {
  /** Where a pixel of the upright picture lies in the stored one, by the EXIF specification. */
  const STORED: Record<number, (y: number, x: number, height: number, width: number) => [number, number]> = {
    1: (y, x) => [y, x],
    2: (y, x, _, width) => [y, width - 1 - x],
    3: (y, x, height, width) => [height - 1 - y, width - 1 - x],
    4: (y, x, height) => [height - 1 - y, x],
    5: (y, x) => [x, y],
    6: (y, x, height) => [height - 1 - x, y],
    7: (y, x, height, width) => [height - 1 - x, width - 1 - y],
    8: (y, x, _, width) => [x, width - 1 - y],
  };

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('%i of EXIF is undone', async (orientation) => {
    const stored = await SOURCE.picture.clone().withMetadata({ orientation }).webp({ lossless: true }).toBuffer();
    const { dims, planes } = await decoded('a.webp', stored);
    const turned = orientation > 4;
    const [height, width] = turned ? [WIDTH, HEIGHT] : [HEIGHT, WIDTH];
    expect(dims).toEqual([1, 3, height, width]);
    for (const [c, plane] of planes.entries()) {
      const expected = plane.map((_, at) => {
        const [y, x] = STORED[orientation](Math.floor(at / width), at % width, HEIGHT, WIDTH);
        return SOURCE.planes[c][y * WIDTH + x];
      });
      expect(plane).toEqual(expected);
    }
  });
});
