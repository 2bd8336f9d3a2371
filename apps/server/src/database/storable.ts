/** What no text of PostgreSQL, and no string in its JSON, can hold: NUL, and half a character. */
const UNSTORABLE = /\0|\p{Surrogate}/gu;

/** Stands for what was there. */
const REPLACEMENT = '\ufffd';

/** Text of others (of models, processes, devices) as it can be stored. */
export function storableText(text: string): string {
  return text.replace(UNSTORABLE, REPLACEMENT);
}

/** JSON of values that hold text of others, keys included, as it can be stored. */
export function storableJson(value: unknown): string {
  return JSON.stringify(storable(value)) ?? 'null';
}

function storable(value: unknown): unknown {
  if (typeof value === 'string') return storableText(value);
  if (Array.isArray(value)) return value.map(storable);
  if (!isPlain(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, own]) => [storableText(key), storable(own)]));
}

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
