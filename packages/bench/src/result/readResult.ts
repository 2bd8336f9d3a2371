import { readFile } from 'node:fs/promises';
import { SnpError } from '@snp/onnx';
import { z } from 'zod';
import { type BenchResult, benchResultSchema } from './schema.js';

/**
 * Reads a stored result.
 *
 * @throws SnpError `io` if the file cannot be read, `invalid-argument` if it holds no result, with the first place that is wrong.
 */
export async function readResult(path: string): Promise<BenchResult> {
  const text = await readFile(path, 'utf8').catch((cause) => {
    throw new SnpError('io', `${path} cannot be read: ${cause.message}.`, { file: path }, { cause });
  });
  return parseResult(text, path);
}

/** A result from its JSON text; `place` says in errors where it came from. */
export function parseResult(text: string, place: string): BenchResult {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (cause) {
    throw new SnpError('invalid-argument', `${place} holds no JSON.`, { file: place }, { cause });
  }
  const { success, data: result, error } = benchResultSchema.safeParse(data);
  if (success) return result;
  const [issue] = error.issues;
  throw new SnpError(
    'invalid-argument',
    `${place} holds no benchmark result of this version: ${issue.path.join('.') || 'it'}: ${issue.message}.`,
    { file: place },
    { cause: error },
  );
}

/** The JSON schema (draft 2020-12) of stored results. */
export function resultJsonSchema(): unknown {
  return z.toJSONSchema(benchResultSchema);
}
