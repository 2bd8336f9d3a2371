import { type DataType, SnpError } from '@snp/onnx';
import type { Feeds, RuntimeTensor, TensorInfo } from '../../session/runtime.js';
import { converted } from '../converted.js';

/** Tokens that a model has read before, and what it keeps of them. */
export interface PastTokens {
  count: number;
  /** Past keys and values, by the names of the inputs that take them. */
  feeds: Feeds;
}

/**
 * What a model takes for the tokens of one text, whatever inputs its graph has besides them: masks, positions, token types, caches, lengths and switches, by the names that exporters give.
 *
 * @param past The tokens before these. Default none: caches are empty.
 * @throws SnpError `calibration` for an input that cannot be made from a text, by name.
 */
export function textFeeds(ids: readonly number[], inputs: readonly TensorInfo[], past: PastTokens = NO_PAST): Feeds {
  return Object.fromEntries(inputs.map((input) => [input.name, feedOf(input, ids, past)]));
}

const NO_PAST: PastTokens = { count: 0, feeds: {} };

/** The inputs of a model that take tokens: whole numbers of shape [batch, tokens], by the names that exporters give (`input_ids`, `decoder_input_ids`, `tokens`). */
export function tokenInputs(inputs: readonly TensorInfo[]): TensorInfo[] {
  return inputs.filter((input) => isTokens(input));
}

const isTokens = ({ name, type, dims }: TensorInfo) =>
  isWhole(type) && dims.length === 2 && /ids|tokens?$/i.test(name) && !/type|segment|position|mask/i.test(name);

const isWhole = (type: DataType) => /^U?INT(8|16|32|64)$/.test(type);

function feedOf(input: TensorInfo, ids: readonly number[], past: PastTokens): RuntimeTensor {
  const { name, type, dims } = input;
  const count = ids.length;
  const all = past.count + count;
  const row = [1, count];
  const of = (shape: readonly number[], number: (at: number) => number) => filled(type, shape, number);
  if (isTokens(input)) return of(row, (at) => ids[at]);
  if (isPast(input)) return past.feeds[name] ?? of(emptyShape(input), () => 0);
  if (isSwitch(type, name)) return of(oneFor(dims), () => Number(past.count > 0));
  if (/mask/i.test(name)) return maskOf(input, count, past.count);
  if (/type|segment/i.test(name) && dims.length === 2) return of(row, () => 0);
  if (/position/i.test(name) && isWhole(type)) {
    const shape =
      dims.length <= 1 ? [count] : [...dims.slice(0, -2).map((dim) => (typeof dim === 'number' ? dim : 1)), ...row];
    return of(shape, (at) => past.count + (at % count));
  }
  if (/logits_to_keep/i.test(name)) return of(oneFor(dims), () => 0);
  if (/seqlens_k/i.test(name)) return of(oneFor(dims), () => all - 1);
  if (/past.*len/i.test(name)) return of(oneFor(dims), () => past.count);
  if (/len|total/i.test(name) && dims.length <= 1 && isWhole(type)) return of(oneFor(dims), () => all);
  throw new SnpError(
    'calibration',
    `Input '${name}' (${type} [${dims.map((dim) => dim ?? '?').join(', ')}]) cannot be made from a text. ${/encoder/i.test(name) ? 'Lay the encoder beside the decoder, as encoder_model.onnx beside decoder_model.onnx; or give' : 'Give'} arrays for all inputs: an .npz file with their names as keys.`,
  );
}

/** Whether a decoder reads the answer of an encoder in an input: as it is, as keys and values, or its mask. */
export function isEncoded({ name }: Pick<TensorInfo, 'name'>): boolean {
  return /encoder/i.test(name);
}

/**
 * The inputs of a decoder that are made of an encoder's answer. Where an input says whether there is a past (`use_cache_branch`), and there is none, keys and values of the encoder's answer are not read.
 */
export function encodedInputs(inputs: readonly TensorInfo[]): TensorInfo[] {
  const switched = inputs.some(({ type, name }) => isSwitch(type, name));
  return inputs.filter((input) => isEncoded(input) && !(switched && isPast(input)));
}

/** Whether an input says if there is a past. */
const isSwitch = (type: DataType, name: string) => type === 'BOOL' && /use_cache/i.test(name);

/** Whether an input takes past keys and values, by the names that exporters give. */
export function isPast({ name, dims }: TensorInfo): boolean {
  return /past|cache|key_values/i.test(name) && dims.length >= 3;
}

/** A single number, in as many axes as there are. */
const oneFor = (dims: TensorInfo['dims']) => dims.map(() => 1);

/** Past keys and values before anything was read: no tokens. */
function emptyShape({ name, dims }: TensorInfo): number[] {
  const free = dims.flatMap((dim, axis) => (axis > 0 && typeof dim !== 'number' ? [axis] : []));
  if (free.length !== 1)
    throw new SnpError(
      'calibration',
      `Input '${name}' holds past keys and values of shape [${dims.map((dim) => dim ?? '?').join(', ')}], which do not say where tokens are: an empty past cannot be made. Give arrays for all inputs.`,
    );
  return dims.map((dim, axis) => (axis === free[0] ? 0 : typeof dim === 'number' ? dim : 1));
}

/** All tokens count; of masks for each token those before it, which are added to scores where they are numbers. */
function maskOf({ type, dims }: TensorInfo, count: number, past: number): RuntimeTensor {
  const all = past + count;
  if (dims.length <= 2) return filled(type, dims.length === 1 ? [1] : [1, all], () => (dims.length === 1 ? all : 1));
  const shape = [...dims.slice(0, -2).map((dim) => (typeof dim === 'number' ? dim : 1)), count, all];
  const added = type === 'FLOAT' || type === 'FLOAT16' || type === 'DOUBLE';
  const open = (at: number) => at % all <= past + (Math.floor(at / all) % count);
  const hidden = type === 'FLOAT16' ? -65504 : -3.4028234663852886e38;
  return filled(type, shape, (at) => (added ? (open(at) ? 0 : hidden) : Number(open(at))));
}

function filled(type: DataType, dims: readonly number[], number: (at: number) => number): RuntimeTensor {
  const size = dims.reduce((product, dim) => product * dim, 1);
  const numbers = Float64Array.from({ length: size }, (_, at) => number(at));
  if (type === 'BOOL') return { type, dims, data: Uint8Array.from(numbers) };
  const wide: RuntimeTensor = isWhole(type)
    ? { type: 'INT64', dims, data: BigInt64Array.from(numbers, BigInt) }
    : { type: 'DOUBLE', dims, data: numbers };
  return converted(wide, type)!;
}
