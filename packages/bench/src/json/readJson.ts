import { readFile } from 'node:fs/promises';
import { SnpError } from '@snp/onnx';
import type { z } from 'zod';

/**
 * Reads a file that one of our schemas describes.
 *
 * @param what What it should hold, for messages.
 * @throws SnpError `io` if the file cannot be read, `invalid-argument` if it holds something else, with the first place that is wrong.
 */
export async function readJson<T>(path: string, schema: z.ZodType<T>, what: string): Promise<T> {
  const text = await readFile(path, 'utf8').catch((cause) => {
    throw new SnpError('io', `${path} cannot be read: ${cause.message}.`, { file: path }, { cause });
  });
  return parseJson(text, path, schema, what);
}

/** The same for a text; `place` says in errors where it came from. */
export function parseJson<T>(text: string, place: string, schema: z.ZodType<T>, what: string): T {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (cause) {
    throw new SnpError('invalid-argument', `${place} holds no JSON.`, { file: place }, { cause });
  }
  const { success, data: parsed, error } = schema.safeParse(data);
  if (success) return parsed;
  const [issue] = error.issues;
  throw new SnpError(
    'invalid-argument',
    `${place} holds no ${what} of this version: ${issue.path.join('.') || 'it'}: ${issue.message}.`,
    { file: place },
    { cause: error },
  );
}
