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
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (cause) {
    throw new SnpError('invalid-argument', `${path} holds no JSON.`, { file: path }, { cause });
  }
  const { success, data: parsed, error } = schema.safeParse(data);
  if (success) return parsed;
  const [issue] = error.issues;
  throw new SnpError(
    'invalid-argument',
    `${path} holds no ${what} of this version: ${issue.path.join('.') || 'it'}: ${issue.message}.`,
    { file: path },
    { cause: error },
  );
}
