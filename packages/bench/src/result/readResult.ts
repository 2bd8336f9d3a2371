import { z } from 'zod';
import { readJson } from '../json/readJson.js';
import { type BenchResult, benchResultSchema } from './schema.js';

/**
 * Reads a stored result.
 *
 * @throws SnpError `io` if the file cannot be read, `invalid-argument` if it holds no result.
 */
export function readResult(path: string): Promise<BenchResult> {
  return readJson(path, benchResultSchema, 'benchmark result');
}

/** The JSON schema (draft 2020-12) of stored results. */
export function resultJsonSchema(): unknown {
  return z.toJSONSchema(benchResultSchema);
}
