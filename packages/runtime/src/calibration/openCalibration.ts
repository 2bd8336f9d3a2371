import { readdir, stat } from 'node:fs/promises';
import { SnpError } from '@snp/onnx';
import type { TensorInfo } from '../session/runtime.js';
import { ARRAY_FILE, arrays } from './arrays.js';
import type { Calibration } from './calibration.js';
import { images } from './images.js';
import type { Preprocess } from './preprocess.js';
import type { Drawing, Selection } from './selection.js';
import { type EncoderFiles, encoded } from './texts/encoded.js';
import { TEXT_FILE } from './texts/readTexts.js';
import { encodedInputs, tokenInputs } from './texts/textFeeds.js';
import { texts } from './texts/texts.js';

/** Options of `openCalibration`. */
export interface OpenCalibrationOptions extends Selection, Drawing {
  /** What the model expects. */
  inputs: readonly TensorInfo[];
  /** For pictures: preset name, path of a `preprocessor_config.json`, or the preprocessing itself. */
  preprocess?: string | Preprocess | undefined;
  /** For texts: `tokenizer.json`, or the folder that it lies in. */
  tokenizer?: string | undefined;
  /** For texts: tokens of a sample, field of JSON, packing and stride. See `texts`. */
  tokens?: number | undefined;
  field?: string | undefined;
  pack?: boolean | undefined;
  stride?: number | undefined;
  /** For texts, of a decoder in a file of its own: the encoder that makes its other inputs. See `encoderBeside`. */
  encoder?: EncoderFiles | undefined;
}

/** Options that say how texts are read; a tokenizer may lie beside a model that reads none. */
const TEXT_OPTIONS = ['tokens', 'field', 'pack', 'stride'] as const;

/** Texts for whatever inputs a model has; those that hold an encoder's answer are made by the encoder. */
async function textsFor(path: string, { encoder, ...options }: OpenCalibrationOptions): Promise<Calibration> {
  const { inputs } = options;
  const made = new Set(encodedInputs(inputs));
  const own = inputs.filter((input) => !made.has(input));
  if (!encoder || made.size === 0) return texts(path, options);
  return encoded(await texts(path, { ...options, inputs: own }), inputs, encoder);
}

/** Opens what lies at a path: a folder of pictures; texts (.txt, .jsonl, .json) or a folder of them; a .npy, .npz or .safetensors file, or a folder of those. */
export async function openCalibration(path: string, options: OpenCalibrationOptions): Promise<Calibration> {
  const stats = await stat(path).catch((cause) => {
    throw new SnpError(
      'calibration',
      `${path} does not exist. Give a folder of pictures, texts (.txt, .jsonl), or .npy, .npz or .safetensors files.`,
      { file: path },
      { cause },
    );
  });
  const { inputs } = options;
  const isFolder = stats.isDirectory();
  const names = isFolder ? await readdir(path, { recursive: true }) : [path];
  const areArrays = names.some((name) => ARRAY_FILE.test(name));
  // A folder of pictures may hold labels or notes beside them.
  const mayBeTexts = !isFolder || tokenInputs(inputs).length > 0;
  const areTexts = !areArrays && mayBeTexts && names.some((name) => TEXT_FILE.test(name));
  const lone = areTexts ? undefined : TEXT_OPTIONS.find((name) => options[name] !== undefined);
  if (lone) throw new SnpError('invalid-argument', `'${lone}' is about texts, but ${path} holds none.`, { file: path });
  if (areTexts && options.preprocess !== undefined)
    throw new SnpError('invalid-argument', `'preprocess' is about pictures, but ${path} holds texts.`, { file: path });
  if (areTexts) return textsFor(path, options);
  if (areArrays) return arrays(path, options);
  if (!isFolder) {
    throw new SnpError(
      'calibration',
      `${path} is neither a folder of pictures nor texts (.txt, .jsonl, .json) nor a .npy, .npz or .safetensors file.`,
      {
        file: path,
      },
    );
  }
  if (inputs.length !== 1) {
    throw new SnpError(
      'calibration',
      `The model has ${inputs.length} inputs (${inputs.map((input) => input.name).join(', ')}): pictures feed one only. Give .npz or .safetensors files with these keys.`,
      { file: path },
    );
  }
  return images(path, { ...options, input: inputs[0] });
}
