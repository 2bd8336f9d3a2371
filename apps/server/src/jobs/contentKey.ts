import { createHash } from 'node:crypto';

/** Release of the algorithms, a part of keys of what they make: results of another one are other results. */
export const RELEASE = 1;

/** A hash of JSON that does not depend on the order of keys: the same work has the same key. */
export function contentKey(...parts: unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts, sorted)).digest('hex');
}

function sorted(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
