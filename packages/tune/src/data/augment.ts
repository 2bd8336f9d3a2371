import { SnpError } from '@snp/onnx';
import { type Feeds, type RuntimeTensor, type Sample, uniformNumbers } from '@snp/runtime';

/** Pictures up to this many pixels a side are moved by whole pixels; of larger ones a part is taken and stretched. */
const SMALL = 64;

/** The most that a small picture is moved, and the least that is taken of the area of a larger one. */
const SHIFT = 1 / 8;
const LEAST_AREA = 0.5;

/** Where an output pixel comes from: between two of the picture. */
interface Source {
  low: number;
  high: number;
  /** How much of `high`. */
  share: number;
}

/**
 * Pictures as they are seen another time: half of them mirrored, small ones (CIFAR) moved by up to an eighth of their size, with what lies beyond the edge mirrored, and larger ones cut to at
 * least half of their area and stretched again. What is drawn follows from the seed.
 *
 * @param samples Whose inputs of four axes [1, channels, height, width] are pictures.
 */
export function augmented(samples: readonly Sample[], seed: number): Sample[] {
  const next = uniformNumbers(seed);
  return samples.map((sample) => {
    const [flip, scale, across, along] = [next() < 0.5, next(), next(), next()];
    const feeds: Feeds = Object.fromEntries(
      Object.entries(sample.feeds).map(([name, tensor]) => {
        if (!isPicture(tensor)) return [name, tensor];
        const [, , height, width] = tensor.dims;
        const size = height <= SMALL && width <= SMALL ? 1 : Math.sqrt(LEAST_AREA + (1 - LEAST_AREA) * scale);
        const rows = sources(height, { size, at: along, flip: false });
        const columns = sources(width, { size, at: across, flip });
        return [name, resampled(tensor, rows, columns)];
      }),
    );
    return { ...sample, feeds };
  });
}

/** @throws SnpError `invalid-argument` if samples hold no pictures. */
export function checkPictures([{ feeds }]: readonly Sample[]): void {
  if (Object.values(feeds).some(isPicture)) return;
  throw new SnpError(
    'invalid-argument',
    'Only pictures can be augmented: float32 numbers [1, channels, height, width]. These data hold none.',
  );
}

function isPicture({ type, dims }: RuntimeTensor): boolean {
  return type === 'FLOAT' && dims.length === 4 && dims[2] > 1 && dims[3] > 1;
}

/** @param how.size The share of the side that is taken; 1: all of it, moved. `at`: where, from 0 to 1. */
function sources(length: number, { size, at, flip }: { size: number; at: number; flip: boolean }): Source[] {
  const most = Math.round(SHIFT * length);
  const begin = size === 1 ? Math.floor(at * (2 * most + 1)) - most : at * (1 - size) * length;
  return Array.from({ length }, (_, to) => {
    const pixel = flip ? length - 1 - to : to;
    const from = begin + (pixel + 0.5) * size - 0.5;
    const low = Math.floor(from);
    return { low: mirrored(low, length), high: mirrored(low + 1, length), share: from - low };
  });
}

/** A position beyond an edge, mirrored there. */
function mirrored(at: number, length: number): number {
  const inside = at < 0 ? -1 - at : at >= length ? 2 * length - 1 - at : at;
  return Math.min(length - 1, Math.max(0, inside));
}

/** Bilinear interpolation. */
function resampled(
  { type, dims, data }: RuntimeTensor,
  rows: readonly Source[],
  columns: readonly Source[],
): RuntimeTensor {
  const [, channels, height, width] = dims;
  const from = data as Float32Array;
  const to = new Float32Array(from.length);
  for (let channel = 0, at = 0; channel < channels; channel++) {
    const plane = channel * height * width;
    for (const row of rows) {
      const [above, below] = [plane + row.low * width, plane + row.high * width];
      for (const { low, high, share } of columns) {
        const upper = from[above + low] + share * (from[above + high] - from[above + low]);
        const lower = from[below + low] + share * (from[below + high] - from[below + low]);
        to[at++] = upper + row.share * (lower - upper);
      }
    }
  }
  return { type, dims, data: to };
}
