import { SnpError } from '@snp/onnx';
import type { TensorInfo } from '../session/runtime.js';
import { throwIfAborted } from '../throwIfAborted.js';
import type { Calibration, Sample, Skipped } from './calibration.js';
import { decodePicture } from './decodePicture.js';
import { type PictureFile, pictureFiles } from './pictureFiles.js';
import { type Preprocess, resolvePreprocess } from './preprocess.js';
import { type Drawing, type Selection, selectItems } from './selection.js';

/** Options of `images`. */
export interface ImagesOptions extends Selection, Drawing {
  /** The model's picture input, [batch, 3, height, width]. Default: an input named `input` of 224 x 224. */
  input?: TensorInfo | undefined;
  /** Preset name, path of a `preprocessor_config.json`, or the preprocessing itself. Default: by the size of the input. */
  preprocess?: string | Preprocess | undefined;
}

const DEFAULT_INPUT: TensorInfo = { name: 'input', type: 'FLOAT', dims: [undefined, 3, 224, 224] };

/** Pictures decoded ahead of the model, so that it need not wait. */
const AHEAD = 8;

/**
 * Pictures in a folder as inputs of a model: class folders, or flat with or without `labels.csv`. Pictures that cannot be
 * read are skipped and listed.
 *
 * @throws SnpError `calibration` if there are no pictures, or none of them can be read.
 * @example
 * const calibration = await images('calib/', { limit: 64 });
 */
export async function images(folder: string, options: ImagesOptions = {}): Promise<Calibration> {
  const input = options.input ?? DEFAULT_INPUT;
  const [height, width] = pictureSize(input);
  const how = await resolvePreprocess(options.preprocess, height, width);
  const files = selectItems(await pictureFiles(folder), options);
  if (files.length === 0)
    throw new SnpError(
      'calibration',
      `${folder} holds no pictures that were selected. Give a folder of pictures, in class folders or flat.`,
      { file: folder },
    );
  const skipped = new Map<string, Skipped>();
  const byName = () => [...skipped.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  return {
    count: files.length,
    pictures: true,
    get skipped() {
      return byName();
    },
    async *samples(signal) {
      let read = 0;
      for await (const result of decodeAhead(files, how, input)) {
        throwIfAborted(signal);
        if ('reason' in result) skipped.set(result.name, result);
        else {
          read++;
          yield result;
        }
      }
      if (read === 0) {
        const [first] = byName();
        throw new SnpError(
          'calibration',
          `None of the ${files.length} pictures in ${folder} can be read. The first: ${first.name}: ${first.reason}`,
          { file: folder },
        );
      }
    },
  };
}

function pictureSize({ name, dims }: TensorInfo): [number, number] {
  const [, channels, height, width] = dims;
  if (dims.length !== 4 || (typeof channels === 'number' && channels !== 3)) {
    throw new SnpError(
      'calibration',
      `Pictures do not fit the model: its input '${name}' has shape [${dims.map((dim) => dim ?? '?').join(', ')}], not [batch, 3, height, width]. Give .npy or .npz arrays instead.`,
    );
  }
  return [typeof height === 'number' ? height : 224, typeof width === 'number' ? width : 224];
}

/** Decodes files in order, a few of them ahead. */
async function* decodeAhead(
  files: readonly PictureFile[],
  how: Preprocess,
  input: TensorInfo,
): AsyncGenerator<Sample | Skipped> {
  const queue: Promise<Sample | Skipped>[] = [];
  let next = 0;
  while (next < files.length || queue.length > 0) {
    while (next < files.length && queue.length < AHEAD) queue.push(decode(files[next++], how, input));
    yield (await queue.shift())!;
  }
}

async function decode(file: PictureFile, how: Preprocess, input: TensorInfo): Promise<Sample | Skipped> {
  try {
    const { data, height, width } = await decodePicture(file.path, how);
    const tensor = { type: 'FLOAT' as const, dims: [1, 3, height, width], data };
    return { name: file.name, feeds: { [input.name]: tensor }, label: file.label };
  } catch (error) {
    return { name: file.name, reason: reasonOf(error) };
  }
}

function reasonOf(error: unknown): string {
  const [reason] = (error instanceof Error ? error.message : String(error)).split('\n');
  // libvips keeps one message for all threads: with several pictures at once it can get lost.
  return reason === 'Unknown error' ? 'it is damaged, or of an unknown kind' : reason;
}
