import { basename } from 'node:path';
import { SnpError } from '@snp/onnx';
import type { TensorInfo } from '../../session/runtime.js';
import { throwIfAborted } from '../../throwIfAborted.js';
import type { Calibration, FollowingTokens, Sample, Skipped } from '../calibration.js';
import { type Drawing, isSelected, type Selection, spreadItems } from '../selection.js';
import { readTexts } from './readTexts.js';
import { textFeeds, tokenInputs } from './textFeeds.js';
import { openTokenizer, type TextTokenizer } from './tokenizerFile.js';

/** Options of `texts`. */
export interface TextsOptions extends Selection, Drawing {
  /** What the model expects. */
  inputs: readonly TensorInfo[];
  /** `tokenizer.json` as Hugging Face writes it, or the folder that it lies in. Files of tokens need none. */
  tokenizer?: string | undefined;
  /** Tokens of a sample, at most. Default: as many as the model takes, where that is fixed or files beside the tokenizer say it, but no more than 256. */
  tokens?: number | undefined;
  /** Field of JSON that holds the text. Default: `text`, `content`, `sentence`, or `input_ids` for tokens. */
  field?: string | undefined;
  /**
   * Whether texts are put one behind the other and cut into samples of exactly `tokens` tokens. Else each is a sample of its own, and what is beyond `tokens` is left out. Nothing is ever padded.
   * Default: only where the model takes a fixed number of tokens.
   */
  pack?: boolean | undefined;
  /** With `pack`: tokens from the begin of a sample to that of the next. What overlaps is read again, but not foretold again. Default: `tokens`. */
  stride?: number | undefined;
}

/** Tokens of a sample where nothing says how many. */
const DEFAULT_TOKENS = 256;

/** A sample before it becomes inputs. */
interface Window {
  name: string;
  ids: readonly number[];
  /** Tokens at the begin that another sample has foretold. */
  known: number;
}

/**
 * Texts as inputs of a language model: `.txt` (one text per line), `.jsonl` or `.json` (a text per item), or a folder of such files. Masks, positions, token types and empty caches are made for
 * whatever inputs the graph has.
 *
 * @throws SnpError `calibration` if there are no texts, or an input cannot be made from them; `io` for a tokenizer that is missing.
 * @example
 * const calibration = await texts('calib.txt', {
 *   inputs: [{ name: 'input_ids', type: 'INT64', dims: ['batch', 'tokens'] }],
 *   tokenizer: 'tokenizer.json',
 *   limit: 128,
 * });
 */
export async function texts(path: string, options: TextsOptions): Promise<Calibration> {
  const { inputs } = options;
  const tokenizer = options.tokenizer === undefined ? undefined : await openTokenizer(options.tokenizer);
  const fixed = fixedTokens(inputs, path);
  const size = options.tokens ?? fixed ?? Math.min(DEFAULT_TOKENS, tokenizer?.most ?? DEFAULT_TOKENS);
  if (fixed !== undefined && fixed !== size)
    throw new SnpError(
      'calibration',
      `The model takes ${fixed} tokens, no more and no less: --tokens ${size} does not fit.`,
    );
  const pack = options.pack ?? fixed !== undefined;
  checkStride(options.stride, { pack, size });
  const skipped: Skipped[] = [];
  const cutting = { ...options, path, size, pack, tokenizer, skipped };
  const windows = await selected(cutting);
  if (windows.length === 0)
    throw new SnpError(
      'calibration',
      `${path} holds no texts that were selected${pack ? `, or not ${size} tokens` : ''}. Give more text.`,
      { file: path },
    );
  const tokens = windows.reduce((sum, { ids }) => sum + ids.length, 0);
  return {
    count: windows.length,
    skipped,
    description: `${basename(path)}: ${windows.length} texts ${pack ? `of ${size} tokens, packed` : `of at most ${size} tokens`}, ${tokens} tokens in all${tokenizer ? `, by ${tokenizer.path}` : ''}`,
    decode: tokenizer?.decode,
    async *samples(signal) {
      for (const window of windows) {
        throwIfAborted(signal);
        yield sampleOf(window, inputs, tokenizer);
      }
    },
  };
}

/** A stride is one of packed texts, and leaves no tokens out. */
function checkStride(stride: number | undefined, { pack, size }: { pack: boolean; size: number }): void {
  if (stride === undefined || (pack && stride <= size)) return;
  const why = pack ? `is more than the ${size} tokens of a sample` : 'is about texts that are packed (--pack)';
  throw new SnpError('invalid-argument', `--stride ${stride} ${why}.`);
}

interface Cutting extends Omit<TextsOptions, 'tokenizer'> {
  path: string;
  size: number;
  pack: boolean;
  tokenizer: TextTokenizer | undefined;
  skipped: Skipped[];
}

/** Tokens that a model takes where it takes a fixed number. */
function fixedTokens(inputs: readonly TensorInfo[], path: string): number | undefined {
  const [tokens] = tokenInputs(inputs);
  if (tokens) return typeof tokens.dims[1] === 'number' ? tokens.dims[1] : undefined;
  throw new SnpError(
    'calibration',
    `${path} holds texts, but the model has no input for tokens (whole numbers of shape [batch, tokens], named such as input_ids). It has ${inputs.map(({ name }) => name).join(', ')}.`,
    { file: path },
  );
}

/** Of how many times as many texts those are chosen that a limit asks for: to read all of a large corpus takes long. */
const LOOKED_AT = 16;

async function selected(cutting: Cutting): Promise<Window[]> {
  const windows: Window[] = [];
  let position = 0;
  for await (const window of cutting.pack ? packed(cutting) : single(cutting)) {
    if (isSelected(position++, cutting)) windows.push(window);
    if (cutting.limit !== undefined && windows.length === LOOKED_AT * cutting.limit) break;
  }
  return spreadItems(windows, cutting);
}

/** Each text as a sample. */
async function* single({ path, field, size, tokenizer, skipped }: Cutting): AsyncGenerator<Window> {
  for await (const { name, content } of readTexts(path, field)) {
    const bare = tokensOf(content, tokenizer, path);
    const ids = tokenizer ? tokenizer.around(bare.slice(0, size - tokenizer.added)) : bare.slice(0, size);
    if (ids.length < 2) skipped.push({ name, reason: 'it is shorter than two tokens' });
    else yield { name, ids, known: 0 };
  }
}

/** Texts behind one another, in samples of equal length. */
async function* packed({ path, field, size, stride = size, tokenizer }: Cutting): AsyncGenerator<Window> {
  const room = size - (tokenizer?.added ?? 0);
  const step = Math.max(1, Math.min(room, stride));
  let ids: number[] = [];
  let first = true;
  for await (const { name, content } of readTexts(path, field)) {
    // Not by spreading: a text may have more tokens than a call takes arguments.
    for (const id of tokensOf(content, tokenizer, path)) ids.push(id);
    if (tokenizer?.end !== undefined) ids.push(tokenizer.end);
    let at = 0;
    for (; at + room <= ids.length; at += step) {
      const own = ids.slice(at, at + room);
      yield {
        name,
        ids: tokenizer ? tokenizer.around(own) : own,
        known: first ? 0 : (tokenizer?.leading ?? 0) + room - step,
      };
      first = false;
    }
    ids = ids.slice(at);
  }
}

function tokensOf(
  content: string | readonly number[],
  tokenizer: TextTokenizer | undefined,
  path: string,
): readonly number[] {
  if (typeof content !== 'string') return content;
  if (tokenizer) return tokenizer.encode(content);
  throw new SnpError('calibration', `${path} holds texts: give the model's tokenizer (--tokenizer tokenizer.json).`, {
    file: path,
  });
}

function sampleOf(
  { name, ids, known }: Window,
  inputs: readonly TensorInfo[],
  tokenizer: TextTokenizer | undefined,
): Sample {
  const next = ids.map((_, at) => (at + 1 < ids.length && at + 1 >= known ? ids[at + 1] : -1));
  return { name, feeds: textFeeds(ids, inputs), following: following(next, tokenizer) };
}

function following(ids: readonly number[], tokenizer: TextTokenizer | undefined): FollowingTokens {
  const text = tokenizer?.decode(ids.filter((id) => id >= 0)) ?? '';
  return { ids, bytes: Buffer.byteLength(text), words: text.split(/\s+/).filter((word) => word !== '').length };
}
