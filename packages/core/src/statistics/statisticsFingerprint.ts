import type { CalibrationStatistics } from './statistics.js';

/** A short hash of what statistics say of the groups, by which a plan knows those that it was made with. */
export function statisticsFingerprint({ model, samples, groups }: CalibrationStatistics): string {
  let hash = 0x811c9dc5;
  const add = (word: number) => {
    hash = Math.imul(hash ^ word, 0x01000193);
  };
  const addText = (text: string) => {
    for (let at = 0; at < text.length; at++) add(text.charCodeAt(at));
  };
  const addAll = (value: unknown): void => {
    if (value instanceof Float64Array) {
      const words = new Int32Array(value.buffer, value.byteOffset, 2 * value.length);
      for (let at = 0; at < words.length; at++) add(words[at]);
    } else if (typeof value === 'object' && value !== null) {
      for (const [name, own] of Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) {
        addText(name);
        addAll(own);
      }
    } else addText(String(value));
  };
  addText(`${model} ${samples}`);
  for (const id of [...groups.keys()].sort()) {
    addText(id);
    addAll(groups.get(id));
  }
  return (hash >>> 0).toString(16).padStart(8, '0');
}
