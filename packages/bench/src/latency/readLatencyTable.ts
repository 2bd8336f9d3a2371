import { readJson } from '../json/readJson.js';
import { type LatencyTable, latencyTableSchema } from './latencyTable.js';

/**
 * Reads a stored latency table.
 *
 * @throws SnpError `io` if the file cannot be read, `invalid-argument` if it holds no table.
 */
export function readLatencyTable(path: string): Promise<LatencyTable> {
  return readJson(path, latencyTableSchema, 'latency table');
}
