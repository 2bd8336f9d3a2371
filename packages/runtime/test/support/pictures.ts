import { random } from '@snp/testing';
import sharp, { type Sharp } from 'sharp';
import type { Calibration, Preprocess, Sample } from '../../src/index.js';

/** Bytes as they are: neither resized nor shifted. */
export const PLAIN: Preprocess = {
  resize: undefined,
  crop: undefined,
  scale: 1,
  mean: [0, 0, 0],
  std: [1, 1, 1],
  interpolation: 'cubic',
};

/** A picture of noise, and its three planes. */
export interface Noise {
  picture: Sharp;
  planes: number[][];
}

/** RGB noise; neighbours differ by up to `contrast`. */
export function noise(height: number, width: number, seed = 1, contrast = 256): Noise {
  const numbers = random(seed);
  const bytes = Uint8Array.from({ length: height * width * 3 }, () => 128 + (numbers.uniform() - 0.5) * contrast);
  const planes = [0, 1, 2].map((channel) => Array.from(bytes).filter((_, at) => at % 3 === channel));
  return { picture: sharp(bytes, { raw: { height, width, channels: 3 } }), planes };
}

/** All samples of one pass. */
export async function collect(calibration: Calibration): Promise<Sample[]> {
  const samples: Sample[] = [];
  for await (const sample of calibration.samples()) samples.push(sample);
  return samples;
}

/** The only input of a sample: its shape, and its numbers plane by plane. */
export function pictureOf({ feeds }: Sample): { dims: readonly number[]; planes: number[][] } {
  const [{ dims, data }] = Object.values(feeds);
  const pixels = dims[2] * dims[3];
  return { dims, planes: [0, 1, 2].map((c) => Array.from(data as Float32Array).slice(c * pixels, (c + 1) * pixels)) };
}
