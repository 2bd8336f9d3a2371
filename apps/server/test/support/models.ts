import { join } from 'node:path';
import { writeModel } from '@snp/onnx/node';
import { buildVit } from '@snp/testing';
import sharp from 'sharp';
import { temporaryFolder } from './server.js';

/** Writes a small Vision Transformer with random weights; returns its path. */
export async function smallVit({
  ffn = 48,
  patch = 8,
  weights = 'inline' as 'inline' | 'external',
  name = 'vit.onnx',
} = {}): Promise<string> {
  const size = { image: 32, patch, residual: 24, depth: 2, heads: 3, classes: 10, qkv: 'fused' } as const;
  const path = join(temporaryFolder(), name);
  await writeModel(buildVit({ ...size, blocks: { queryKey: 8, value: 8, ffn } }), path, { weights });
  return path;
}

/** Pictures of random colours, the same for the same seed. */
export async function pictures(count: number): Promise<Record<string, Uint8Array>> {
  const files: Record<string, Uint8Array> = {};
  let state = 7;
  for (let at = 0; at < count; at++) {
    const pixels = new Uint8Array(40 * 40 * 3);
    for (let place = 0; place < pixels.length; place++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      pixels[place] = state >>> 24;
    }
    const name = `${String(at).padStart(3, '0')}.png`;
    files[name] = await sharp(pixels, { raw: { width: 40, height: 40, channels: 3 } })
      .png()
      .toBuffer();
  }
  return files;
}
