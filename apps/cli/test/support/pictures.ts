import { writeFile } from 'node:fs/promises';
import { random } from '@snp/testing';
import { SMALL_VIT } from './snp.js';

/** Writes so many pictures of random bytes for the small Vision Transformer, as NumPy saves them. */
export async function writePictures(path: string, count: number): Promise<void> {
  const size = SMALL_VIT.image;
  const header = `{'descr': '|u1', 'fortran_order': False, 'shape': (${count}, ${size}, ${size}, 3), }`.padEnd(118);
  const draw = random(1, 'pictures');
  const bytes = Uint8Array.from({ length: count * size * size * 3 }, () => draw.integer(256));
  const magic = Buffer.from([0x93, ...Buffer.from('NUMPY'), 1, 0, 118, 0]);
  await writeFile(path, Buffer.concat([magic, Buffer.from(header), bytes]));
}
