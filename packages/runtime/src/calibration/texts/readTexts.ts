import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { SnpError } from '@snp/onnx';

/** A text, or its tokens where a file holds these. */
export interface Text {
  /** Where it stands. */
  name: string;
  content: string | readonly number[];
}

/** Files that hold texts. */
export const TEXT_FILE = /\.(txt|jsonl|json)$/i;

/** Fields of JSON that hold a text, or tokens, where none is named. */
const FIELDS = ['text', 'content', 'sentence', 'input_ids'];

/**
 * The texts of a file: of `.txt` one per line, of `.jsonl` one per line in a field, of `.json` those of a list; or of a folder, where each `.txt` file is one text. Empty ones are left out.
 *
 * @param field Name of the field that holds the text. Default: `text`, `content`, `sentence`, or `input_ids` for tokens.
 * @throws SnpError `calibration` for a line that holds none.
 */
export async function* readTexts(path: string, field?: string): AsyncGenerator<Text> {
  const isFolder = (await stat(path)).isDirectory();
  const names = isFolder
    ? (await readdir(path, { recursive: true })).filter((name) => TEXT_FILE.test(name)).sort()
    : [];
  for (const file of isFolder ? names.map((name) => join(path, name)) : [path]) {
    const content = await readFile(file, 'utf8').catch((cause) => {
      throw new SnpError('calibration', `${file} cannot be read: ${cause.message}.`, { file }, { cause });
    });
    const own = /\.txt$/i.test(file) ? plainTexts(content, isFolder) : jsonTexts(content, { file, field });
    for (const [at, text] of own) if (text.length > 0) yield { name: `${basename(file)}:${at}`, content: text };
  }
}

/** With numbers of lines, from 1. */
function* plainTexts(content: string, whole: boolean): Generator<[number, string]> {
  if (whole) return yield [1, content.trim()];
  for (const [at, line] of content.split(/\r?\n/).entries()) yield [at + 1, line.trim()];
}

function* jsonTexts(
  content: string,
  { file, field }: { file: string; field: string | undefined },
): Generator<[number, Text['content']]> {
  const parse = (text: string, at: number): unknown => {
    try {
      return JSON.parse(text);
    } catch (cause) {
      const why = (cause as Error).message;
      throw new SnpError('calibration', `${file}, line ${at}: this is not JSON (${why}).`, { file }, { cause });
    }
  };
  const items: [number, unknown][] = /\.json$/i.test(file)
    ? asList(parse(content, 1), file).map((item, at) => [at + 1, item])
    : content
        .split(/\r?\n/)
        .flatMap((line, at): [number, unknown][] => (line.trim() ? [[at + 1, parse(line, at + 1)]] : []));
  for (const [at, item] of items) yield [at, textIn(item, { file, at, field })];
}

function asList(value: unknown, file: string): unknown[] {
  if (Array.isArray(value)) return value;
  throw new SnpError('calibration', `${file} holds no list of texts.`, { file });
}

function textIn(
  item: unknown,
  { file, at, field }: { file: string; at: number; field: string | undefined },
): Text['content'] {
  const fields = field === undefined ? FIELDS : [field];
  const isText = (value: unknown): value is Text['content'] =>
    typeof value === 'string' || (Array.isArray(value) && value.every((id) => Number.isInteger(id) && id >= 0));
  const found = isText(item)
    ? item
    : fields.map((name) => (item as Record<string, unknown> | null)?.[name]).find(isText);
  if (found !== undefined) return typeof found === 'string' ? found.trim() : found;
  const there =
    item !== null && typeof item === 'object' ? `It has ${Object.keys(item).join(', ')}` : 'It is no object';
  throw new SnpError(
    'calibration',
    `${file}, ${at}: no text in ${fields.join(', ')}. ${there}; name the field with --field.`,
    { file },
  );
}
