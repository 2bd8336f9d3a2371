import { Hash } from '@snp/runtime';
import type { CalibrationStatistics } from './statistics.js';

/** A short hash of what statistics say of the groups, by which a plan knows those that it was made with. */
export function statisticsFingerprint({ model, samples, groups }: CalibrationStatistics): string {
  const hash = new Hash();
  const add = (value: unknown): void => {
    if (value instanceof Float64Array) hash.addBytes(value);
    else if (typeof value === 'object' && value !== null) addAll(Object.entries(value));
    else hash.addText(String(value));
  };
  const addAll = (entries: Iterable<[string, unknown]>) => {
    for (const [name, value] of [...entries].sort(([a], [b]) => (a < b ? -1 : 1))) {
      hash.addText(name);
      add(value);
    }
  };
  hash.addText(`${model} ${samples}`);
  addAll(groups);
  return hash.toString();
}
