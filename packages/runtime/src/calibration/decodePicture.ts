import sharp from 'sharp';
import { normalise } from './normalise.js';
import type { Preprocess } from './preprocess.js';

/**
 * Decodes a picture file into channel-first numbers [3, height, width]: orientation by EXIF, RGB, transparent parts on
 * white, resized, cropped from the middle and normalised. A picture that has the wanted size already is not resampled.
 */
export async function decodePicture(
  path: string,
  how: Preprocess,
): Promise<{ data: Float32Array; height: number; width: number }> {
  const source = sharp(path, { failOn: 'error' }).rotate().flatten({ background: '#ffffff' }).toColourspace('srgb');
  const first = await source.removeAlpha().raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
  const raw = { width: first.info.width, height: first.info.height, channels: first.info.channels as 3 };
  let picture = sharp(first.data, { raw });
  let [height, width] = [raw.height, raw.width];
  const target = targetSize(how, height, width);
  const sized = how.crop && height === how.crop[0] && width === how.crop[1];
  if (!sized && (target[0] !== height || target[1] !== width)) {
    picture = picture.resize({ height: target[0], width: target[1], fit: 'fill', kernel: how.interpolation });
    [height, width] = target;
  }
  if (how.crop && (height !== how.crop[0] || width !== how.crop[1])) {
    const [top, left] = [offset(height, how.crop[0]), offset(width, how.crop[1])];
    picture = sharp(await picture.raw().toBuffer(), { raw: { height, width, channels: raw.channels } }).extract({
      top,
      left,
      height: how.crop[0],
      width: how.crop[1],
    });
    [height, width] = how.crop;
  }
  return { data: normalise(await picture.raw().toBuffer(), raw.channels, how, height * width), height, width };
}

function targetSize({ resize }: Preprocess, height: number, width: number): [number, number] {
  if (resize === undefined) return [height, width];
  if (typeof resize !== 'number') return [resize[0], resize[1]];
  // As torchvision: the shorter side exactly, the longer one truncated.
  return height <= width
    ? [resize, Math.trunc((resize * width) / height)]
    : [Math.trunc((resize * height) / width), resize];
}

/** Where a middle cut begins, as torchvision's CenterCrop rounds it: halves to the even number. */
function offset(size: number, crop: number): number {
  const half = (size - crop) / 2;
  const below = Math.floor(half);
  return Math.max(0, half - below === 0.5 ? below + (below % 2) : half);
}
