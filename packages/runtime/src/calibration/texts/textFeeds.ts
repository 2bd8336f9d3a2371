import { type DataType, SnpError } from '@snp/onnx';
import type { Feeds, RuntimeTensor, TensorInfo } from '../../session/runtime.js';
import { converted } from '../converted.js';

/**
 * What a model takes for the tokens of one text, whatever inputs its graph has besides them: masks, positions, token types, empty caches, lengths and switches, by the names that exporters give.
 *
 * @throws SnpError `calibration` for an input that cannot be made from a text, by name.
 */
export function textFeeds(ids: readonly number[], inputs: readonly TensorInfo[]): Feeds {
  return Object.fromEntries(inputs.map((input) => [input.name, feedOf(input, ids)]));
}

/** The inputs of a model that take tokens: whole numbers of shape [batch, tokens], by the names that exporters give (`input_ids`, `decoder_input_ids`, `tokens`). */
export function tokenInputs(inputs: readonly TensorInfo[]): TensorInfo[] {
  return inputs.filter((input) => isTokens(input));
}

const isTokens = ({ name, type, dims }: TensorInfo) =>
  isWhole(type) && dims.length === 2 && /ids|tokens?$/i.test(name) && !/type|segment|position|mask/i.test(name);

const isWhole = (type: DataType) => /^U?INT(8|16|32|64)$/.test(type);

function feedOf(input: TensorInfo, ids: readonly number[]): RuntimeTensor {
  const { name, type, dims } = input;
  const count = ids.length;
  const row = [1, count];
  const of = (shape: readonly number[], number: (at: number) => number) => filled(type, shape, number);
  if (isTokens(input)) return of(row, (at) => ids[at]);
  if (/past|cache|key_values/i.test(name) && dims.length >= 3) return of(emptyShape(input), () => 0);
  if (type === 'BOOL' && /use_cache/i.test(name)) return of(oneFor(dims), () => 0);
  if (/mask/i.test(name)) return maskOf(input, count);
  if (/type|segment/i.test(name) && dims.length === 2) return of(row, () => 0);
  if (/position/i.test(name) && isWhole(type)) {
    const shape =
      dims.length <= 1 ? [count] : [...dims.slice(0, -2).map((dim) => (typeof dim === 'number' ? dim : 1)), ...row];
    return of(shape, (at) => at % count);
  }
  if (/logits_to_keep/i.test(name)) return of(oneFor(dims), () => 0);
  if (/seqlens_k/i.test(name)) return of(oneFor(dims), () => count - 1);
  if (/past.*len/i.test(name)) return of(oneFor(dims), () => 0);
  if (/len|total/i.test(name) && dims.length <= 1 && isWhole(type)) return of(oneFor(dims), () => count);
  throw new SnpError(
    'calibration',
    `Input '${name}' (${type} [${dims.map((dim) => dim ?? '?').join(', ')}]) cannot be made from a text. Give arrays for all inputs: an .npz file with their names as keys.`,
  );
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
function maskOf({ type, dims }: TensorInfo, count: number): RuntimeTensor {
  if (dims.length <= 2)
    return filled(type, dims.length === 1 ? [1] : [1, count], () => (dims.length === 1 ? count : 1));
  const shape = [...dims.slice(0, -2).map((dim) => (typeof dim === 'number' ? dim : 1)), count, count];
  const added = type === 'FLOAT' || type === 'FLOAT16' || type === 'DOUBLE';
  const open = (at: number) => at % count <= Math.floor(at / count) % count;
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
