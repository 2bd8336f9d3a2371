import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { SnpError } from '@snp/onnx';
import { unzipSync } from 'fflate';
import { type NpyArray, readNpy } from '../arrayFiles/npy.js';
import { readSafetensors } from '../arrayFiles/safetensors.js';
import type { RuntimeTensor, TensorInfo } from '../session/runtime.js';
import { throwIfAborted } from '../throwIfAborted.js';
import type { Calibration, Sample } from './calibration.js';
import { converted } from './converted.js';
import { picturesIn } from './pictureArrays.js';
import type { Preprocess } from './preprocess.js';
import { type Drawing, isSelected, type Selection, spreadItems } from './selection.js';

/** Options of `arrays`. */
export interface ArraysOptions extends Selection, Drawing {
  inputs: readonly TensorInfo[];
  /**
   * Says that arrays of 8-bit numbers [samples, height, width, 3] are pictures, and how they become the model's numbers [1, 3, height, width]: as for `images`, but for sizes, which have to be the
   * model's. Other arrays are taken as they are.
   */
  preprocess?: string | Preprocess | undefined;
}

/** Files that hold arrays. */
export const ARRAY_FILE: RegExp = /\.(npy|npz|safetensors)$/;

/** Keys that hold classes rather than inputs. */
const LABEL_KEYS = ['labels', 'label'];

/**
 * Arrays as inputs of a model: a .npy file for a model of one input, an .npz or .safetensors file whose keys are input names, or a folder
 * of them. The first axis counts samples. A key `labels` that is no input holds classes. Numbers of another width than the
 * model's input are converted. An array of one axis more than the input holds whole inputs, for models
 * that do not count samples along the first axis.
 *
 * @throws SnpError `calibration` if a file is missing or damaged, does not fit the model, or no sample is selected.
 */
export async function arrays(path: string, options: ArraysOptions): Promise<Calibration> {
  const files = await arrayFiles(path).catch((cause) => cannotRead(path, cause));
  if (files.length === 0)
    throw new SnpError('calibration', `${path} holds no .npy, .npz or .safetensors files.`, { file: path });
  const read = async (file: string) => picturesIn(await load(file, options.inputs), { file, ...options });
  const first = await read(files[0]);
  const loaded = files.length === 1 ? first : undefined;
  return {
    pictures: first.pictures,
    count: loaded && spreadItems(selectedIn(loaded.content, options), options).length,
    skipped: [],
    async *samples(signal) {
      let all = 0;
      let taken = 0;
      for (const file of files) {
        if (taken === options.limit) return;
        const { content } = loaded ?? (await read(file));
        const selected = selectedIn(content, options, all);
        // Of several files it is not known how many samples are to come.
        for (const at of loaded ? spreadItems(selected, options) : selected) {
          throwIfAborted(signal);
          if (taken === options.limit) return;
          taken++;
          yield sampleAt(content, at, `${basename(file)}[${at}]`, options.inputs);
        }
        all += samplesIn(content);
      }
      if (taken === 0)
        throw new SnpError(
          'calibration',
          `${path} holds no samples that were selected: it has ${all}. Select others, or give more.`,
          { file: path },
        );
    },
  };
}

/** The rows of a file that are selected, of which `before` samples of other files come before. */
function selectedIn(content: Content, options: Selection, before = 0): number[] {
  const rows = Array.from({ length: samplesIn(content) }, (_, at) => at);
  return rows.filter((at) => isSelected(before + at, options));
}

/** The file itself, or those in a folder and the folders in it, by name. */
async function arrayFiles(path: string): Promise<string[]> {
  if (!(await stat(path)).isDirectory()) return [path];
  const names = (await readdir(path, { recursive: true })).filter((name) => ARRAY_FILE.test(name));
  return names.sort().map((name) => join(path, name));
}

function cannotRead(file: string, cause: Error): never {
  throw new SnpError('calibration', `${file} cannot be read: ${cause.message}.`, { file }, { cause });
}

/** The arrays of a file, by the names of inputs. */
type Content = Map<string, NpyArray>;

async function load(file: string, inputs: readonly TensorInfo[]): Promise<Content> {
  const bytes = await readFile(file).catch((cause) => cannotRead(file, cause));
  const content: Content = new Map();
  if (file.endsWith('.npy')) {
    if (inputs.length !== 1) {
      throw new SnpError(
        'calibration',
        `${file} is a single array, but the model has ${inputs.length} inputs (${inputs.map((input) => input.name).join(', ')}). Give an .npz or .safetensors file with these keys.`,
        { file },
      );
    }
    content.set(inputs[0].name, readNpy(bytes, file));
  } else if (file.endsWith('.safetensors')) {
    for (const [name, array] of readSafetensors(bytes, file)) content.set(name, array);
  } else {
    for (const [name, part] of Object.entries(unzip(bytes, file)))
      content.set(name.replace(/\.npy$/, ''), readNpy(part, `${file}:${name}`));
  }
  checkContent(content, file, inputs);
  return content;
}

function unzip(bytes: Uint8Array, file: string): Record<string, Uint8Array> {
  try {
    return unzipSync(bytes);
  } catch (cause) {
    throw new SnpError(
      'calibration',
      `${file} is no readable .npz file: ${(cause as Error).message}.`,
      { file },
      { cause },
    );
  }
}

function checkContent(content: Content, file: string, inputs: readonly TensorInfo[]): void {
  const names = inputs.map((input) => input.name);
  const missing = names.filter((name) => !content.has(name));
  const unknown = [...content.keys()].filter((key) => !names.includes(key) && !LABEL_KEYS.includes(key));
  if (missing.length > 0 || unknown.length > 0) {
    const parts = [
      ...(missing.length > 0 ? [`it lacks ${missing.join(', ')}`] : []),
      ...(unknown.length > 0 ? [`it has ${unknown.join(', ')}, which the model does not`] : []),
    ];
    throw new SnpError(
      'calibration',
      `${file} does not fit the model: ${parts.join(', and ')}. Its keys must be ${names.join(', ')}.`,
      { file },
    );
  }
  const scalar = [...content].find(([, array]) => array.dims.length === 0);
  if (scalar)
    throw new SnpError(
      'calibration',
      `${file}: '${scalar[0]}' is a single number; the first axis of an array must count samples.`,
      { file },
    );
  const counts = new Set([...content.values()].map((array) => array.dims[0]));
  if (counts.size > 1)
    throw new SnpError(
      'calibration',
      `${file}: its arrays hold different numbers of samples (${[...counts].join(', ')}).`,
      { file },
    );
}

function samplesIn(content: Content): number {
  return [...content.values()][0]?.dims[0] ?? 0;
}

function sampleAt(content: Content, at: number, name: string, inputs: readonly TensorInfo[]): Sample {
  const feeds = Object.fromEntries(inputs.map((input) => [input.name, rowOf(content.get(input.name)!, at, input)]));
  const labels = LABEL_KEYS.filter((key) => !(key in feeds))
    .map((key) => content.get(key))
    .find((array) => array);
  return { name, feeds, label: labels && Number(labels.data[at]) };
}

/** The numbers of one sample: a row of its own, or, of an array that has an axis more than the input, the input as a whole. */
function rowOf(array: NpyArray, at: number, input: TensorInfo): RuntimeTensor {
  const width = array.data.length / array.dims[0];
  const data = array.data.slice(at * width, (at + 1) * width);
  const whole = input.dims.length > 0 && array.dims.length === input.dims.length + 1;
  const row = { type: array.type, dims: [...(whole ? [] : [1]), ...array.dims.slice(1)], data };
  return converted(row, input.type) ?? row;
}
