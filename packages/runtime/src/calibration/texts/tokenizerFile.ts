import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Tokenizer } from '@huggingface/tokenizers';
import { SnpError } from '@snp/onnx';

/** What turns texts into tokens. */
export interface TextTokenizer {
  path: string;
  /** Tokens of a text alone, without those that a model expects around it. */
  encode(text: string): number[];
  /** Tokens as the model expects them: with those that the tokenizer's template puts around a text. */
  around(ids: readonly number[]): number[];
  /** How many tokens that adds, and how many of them in front. */
  readonly added: number;
  readonly leading: number;
  /** Text of tokens, without special ones. */
  decode(ids: readonly number[]): string;
  /** Token that ends a text, where it is known. */
  readonly end: number | undefined;
  /** Tokens that the model takes at most, where files beside the tokenizer say it. */
  readonly most: number | undefined;
}

/** Where a tokenizer lies beside a model: under the model's name (`small.tokenizer.json` for `small.onnx` and `small.snp.onnx`), in its folder, or in the one around it, as in `onnx/model.onnx`. */
export async function tokenizerBeside(model: string): Promise<string | undefined> {
  const folder = dirname(model);
  const parts = basename(model)
    .replace(/\.onnx$/i, '')
    .split('.');
  const own = parts.map((_, left) => `${parts.slice(0, parts.length - left).join('.')}.tokenizer.json`);
  const places = [...own, 'tokenizer.json'].map((name) => join(folder, name));
  for (const path of [...places, join(dirname(folder), 'tokenizer.json')]) {
    if (await stat(path).catch(() => undefined)) return path;
  }
  return undefined;
}

/**
 * Opens a tokenizer as Hugging Face writes it: `tokenizer.json`, or the folder that it lies in.
 *
 * @throws SnpError `io` if it cannot be read; `calibration` if it is none.
 */
export async function openTokenizer(given: string): Promise<TextTokenizer> {
  const isFolder = (await stat(given).catch(() => undefined))?.isDirectory();
  const path = isFolder ? join(given, 'tokenizer.json') : given;
  const content = await readJson(path);
  if (!content) throw new SnpError('io', `There is no tokenizer ${path}.`, { file: path });
  const beside = async (name: string) => (await readJson(join(dirname(path), name))) ?? {};
  const [config, model] = [await beside('tokenizer_config.json'), await beside('config.json')];
  // Loaded here: who reads no texts does without.
  const library = await import('@huggingface/tokenizers');
  let tokenizer: Tokenizer;
  try {
    tokenizer = new library.Tokenizer(content, config);
  } catch (cause) {
    const why = (cause as Error).message;
    throw new SnpError('calibration', `${path} is no tokenizer that can be used: ${why}`, { file: path }, { cause });
  }
  const bare = (text: string) => [...tokenizer.encode(text, { add_special_tokens: false }).ids];
  const [before, after] = templateOf(bare('a'), [...tokenizer.encode('a').ids]);
  const named = config.eos_token as string | { content?: string } | undefined;
  const end = tokenizer.token_to_id((typeof named === 'object' ? named.content : named) ?? '') ?? model.eos_token_id;
  return {
    path,
    encode: bare,
    around: (ids) => [...before, ...ids, ...after],
    added: before.length + after.length,
    leading: before.length,
    decode: (ids) => (ids.length === 0 ? '' : tokenizer.decode([...ids], { skip_special_tokens: true })),
    end: typeof end === 'number' ? end : undefined,
    most: leastOf([config.model_max_length, model.max_position_embeddings, model.n_positions]),
  };
}

/** Tokens in front of a text and behind it. */
function templateOf(bare: readonly number[], whole: readonly number[]): [number[], number[]] {
  const at = whole.findIndex((_, from) => bare.every((id, each) => whole[from + each] === id));
  return at < 0 ? [[], []] : [whole.slice(0, at), whole.slice(at + bare.length)];
}

/** Tokenizers without a limit state one of thirty digits. */
const NO_LIMIT = 1e9;

function leastOf(limits: readonly unknown[]): number | undefined {
  const known = limits.filter((limit): limit is number => typeof limit === 'number' && limit > 0 && limit < NO_LIMIT);
  return known.length > 0 ? Math.min(...known) : undefined;
}

async function readJson(path: string): Promise<Record<string, unknown> | undefined> {
  const text = await readFile(path, 'utf8').catch((cause) => {
    if (cause.code === 'ENOENT') return undefined;
    throw new SnpError('io', `${path} cannot be read: ${cause.message}.`, { file: path }, { cause });
  });
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch (cause) {
    const why = (cause as Error).message;
    throw new SnpError('calibration', `${path} is not valid JSON: ${why}.`, { file: path }, { cause });
  }
}
