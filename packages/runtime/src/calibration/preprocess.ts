import { readFile } from 'node:fs/promises';
import { SnpError } from '@snp/onnx';
import { z } from 'zod';

/** How a picture becomes numbers. */
export interface Preprocess {
  /** Length of the shorter side after resizing, or both sides [height, width]; undefined: no resizing. */
  resize: number | readonly [height: number, width: number] | undefined;
  /** Size cut out of the middle; undefined: no cropping. */
  crop: readonly [height: number, width: number] | undefined;
  /** Factor from 0..255 to the numbers that mean and std are about. */
  scale: number;
  mean: readonly [number, number, number];
  std: readonly [number, number, number];
  interpolation: 'cubic' | 'linear' | 'nearest' | 'lanczos3';
}

const IMAGENET = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } as const;

/** Names of the built-in ways to turn pictures into numbers. */
export type PreprocessName = 'imagenet' | 'inception' | 'clip' | 'cifar10';

/** Means, deviations and interpolation by name; sizes follow from the model's input. */
const PRESETS = {
  imagenet: { ...IMAGENET, interpolation: 'cubic', cropRatio: 0.875 },
  inception: { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5], interpolation: 'cubic', cropRatio: 0.875 },
  clip: {
    mean: [0.48145466, 0.4578275, 0.40821073],
    std: [0.26862954, 0.26130258, 0.27577711],
    interpolation: 'cubic',
    cropRatio: 1,
  },
  cifar10: { mean: [0.4914, 0.4822, 0.4465], std: [0.2471, 0.2435, 0.2616], interpolation: 'cubic', cropRatio: 1 },
} as const satisfies Record<PreprocessName, unknown>;

/** Inputs up to this size are of small-picture models, for which ImageNet's numbers are not the default. */
const SMALL = 64;

/**
 * The preprocessing by preset name, by a Hugging Face `preprocessor_config.json`, or as given; default `imagenet`, for
 * inputs up to 64 pixels `cifar10`.
 */
export async function resolvePreprocess(
  choice: string | Preprocess | undefined,
  height: number,
  width: number,
): Promise<Preprocess> {
  if (typeof choice === 'object') return choice;
  const name = choice ?? (Math.max(height, width) <= SMALL ? 'cifar10' : 'imagenet');
  if (Object.hasOwn(PRESETS, name)) return fromPreset(name as PreprocessName, height, width);
  if (!name.endsWith('.json')) {
    throw new SnpError(
      'invalid-argument',
      `There is no preprocessing '${name}'. Choose one of ${Object.keys(PRESETS).join(', ')}, or give a preprocessor_config.json.`,
    );
  }
  return fromConfig(name, height, width);
}

function fromPreset(name: PreprocessName, height: number, width: number): Preprocess {
  const { cropRatio, ...preset } = PRESETS[name];
  return { ...preset, scale: 1 / 255, resize: Math.round(Math.min(height, width) / cropRatio), crop: [height, width] };
}

const sizeSchema = z.union([
  z.number().int().positive(),
  z.object({ shortest_edge: z.number().int().positive() }),
  z.object({ height: z.number().int().positive(), width: z.number().int().positive() }),
]);
const triple = z.tuple([z.number(), z.number(), z.number()]);

/** The parts of Hugging Face's `preprocessor_config.json` that say how pictures become numbers; everything else is ignored. */
const configSchema = z.object({
  do_resize: z.boolean().nullish(),
  size: sizeSchema.nullish(),
  do_center_crop: z.boolean().nullish(),
  crop_size: sizeSchema.nullish(),
  do_rescale: z.boolean().nullish(),
  rescale_factor: z.number().nullish(),
  do_normalize: z.boolean().nullish(),
  image_mean: triple.nullish(),
  image_std: triple.nullish(),
  resample: z.number().int().nullish(),
});

/** PIL's numbers for `resample`. */
const RESAMPLE = ['nearest', 'lanczos3', 'linear', 'cubic'] as const;

async function fromConfig(path: string, height: number, width: number): Promise<Preprocess> {
  const text = await readFile(path, 'utf8').catch((cause) => {
    throw new SnpError('io', `${path} cannot be read: ${cause.message}.`, { file: path }, { cause });
  });
  const parsed = configSchema.safeParse(parseJson(text, path));
  if (!parsed.success) {
    throw new SnpError(
      'invalid-argument',
      `${path} is no preprocessor configuration: ${z.prettifyError(parsed.error)}`,
      { file: path },
    );
  }
  const config = parsed.data;
  const crop = config.do_center_crop ? (bothSides(config.crop_size) ?? [height, width]) : undefined;
  const normalise = config.do_normalize !== false;
  return {
    resize: config.do_resize === false ? undefined : (resizeOf(config.size, crop !== undefined) ?? [height, width]),
    crop,
    scale: config.do_rescale === false ? 1 : (config.rescale_factor ?? 1 / 255),
    mean: normalise ? (config.image_mean ?? IMAGENET.mean) : [0, 0, 0],
    std: normalise ? (config.image_std ?? IMAGENET.std) : [1, 1, 1],
    interpolation: RESAMPLE[config.resample ?? 3] ?? 'cubic',
  };
}

type Size = z.infer<typeof sizeSchema> | null | undefined;

/** A bare number, in old configurations, meant the shorter side for models with a crop (CLIP) and else both (ViT). */
function resizeOf(size: Size, cropped: boolean): Preprocess['resize'] {
  if (size === null || size === undefined) return undefined;
  if (typeof size === 'number') return cropped ? size : [size, size];
  return 'shortest_edge' in size ? size.shortest_edge : [size.height, size.width];
}

function bothSides(size: Size): readonly [number, number] | undefined {
  const resize = resizeOf(size, false);
  return typeof resize === 'number' ? [resize, resize] : resize;
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new SnpError(
      'invalid-argument',
      `${path} is not valid JSON: ${(cause as Error).message}.`,
      { file: path },
      { cause },
    );
  }
}
