import { readFile } from 'node:fs/promises';
import { SnpError } from '@snp/onnx';
import { readTexts } from './readTexts.js';
import { openTokenizer } from './tokenizerFile.js';

/** Options of `usedTokens`. */
export interface UsedTokensOptions {
  /** `tokenizer.json` as Hugging Face writes it. A list of numbers needs none. */
  tokenizer?: string | undefined;
  /** Field of JSON that holds the text. Default: `text`, `content`, `sentence`, or `input_ids` for tokens. */
  field?: string | undefined;
}

/**
 * Numbers of all tokens that texts are made of, with those that the tokenizer puts around them; or those of a `.json` list of numbers.
 *
 * @throws SnpError `calibration` if there are no texts, or no tokenizer for them; `io`.
 * @example
 * const ids = await usedTokens('texts.txt', { tokenizer: 'tokenizer.json' });
 */
export async function usedTokens(
  path: string,
  { tokenizer: file, field }: UsedTokensOptions = {},
): Promise<Set<number>> {
  const listed = await listedNumbers(path);
  if (listed) return new Set(listed);
  const tokenizer = file === undefined ? undefined : await openTokenizer(file);
  const used = new Set<number>(tokenizer?.around([]));
  let texts = 0;
  for await (const { content } of readTexts(path, field)) {
    texts++;
    if (typeof content === 'string' && !tokenizer)
      throw new SnpError(
        'calibration',
        `${path} holds texts: give the model's tokenizer (--tokenizer tokenizer.json).`,
        { file: path },
      );
    for (const id of typeof content === 'string' ? tokenizer!.encode(content) : content) used.add(id);
  }
  if (texts === 0) throw new SnpError('calibration', `${path} holds no texts.`, { file: path });
  return used;
}

async function listedNumbers(path: string): Promise<number[] | undefined> {
  if (!/\.json$/i.test(path)) return undefined;
  const text = await readFile(path, 'utf8').catch((cause) => {
    throw new SnpError('io', `${path} cannot be read: ${cause.message}.`, { file: path }, { cause });
  });
  try {
    const list = JSON.parse(text);
    return Array.isArray(list) && list.length > 0 && list.every(Number.isInteger) ? list : undefined;
  } catch {
    // Whoever reads it as texts says what is wrong with it.
    return undefined;
  }
}
