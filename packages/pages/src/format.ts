const STEPS: readonly (readonly [number, string])[] = [
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
];

/** Counts in the units engineers use, with four digits: 1.254 G, 638.2 M, 614. */
export function count(value: number): string {
  return scaled(value, '');
}

/** Bytes in decimal units, with four digits: 22.87 MB, 512 B. */
export function bytes(value: number): string {
  return scaled(value, 'B');
}

// Rounding may carry over: 999,960 is 1.000 M, not 1000 k.
function scaled(value: number, unit: string): string {
  const step = STEPS.find(([size]) => Number(value.toPrecision(4)) >= size);
  if (!step) return `${whole(value)} ${unit}`.trim();
  return `${(value / step[0]).toPrecision(4)} ${step[1]}${unit}`;
}

/** A whole number with separators: 3,072. */
export function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** Whole numbers before and after: `64 → 39`, or only `64` where nothing changed. */
export function change(before: number, after: number, format: (value: number) => string = whole): string {
  return before === after ? format(before) : `${format(before)} → ${format(after)}`;
}

/** How much less is left, with one digit: `−49.1 %`; `+1.0 %` where it grew, `±0 %` where nothing changed. */
export function saving(before: number, after: number): string {
  if (before === after) return '±0 %';
  if (before === 0) return 'new';
  const percent = (100 * (after - before)) / before;
  return `${percent < 0 ? '−' : '+'}${Math.abs(percent).toFixed(1)} %`;
}

/** A share as a percentage with one digit. */
export function percent(part: number, total: number): string {
  return total === 0 ? '–' : `${((100 * part) / total).toFixed(1)} %`;
}

/** Seconds as `85 ms`, `4.2 s` or `3 min 05 s`. */
export function duration(seconds: number): string {
  if (seconds < 0.9995) return `${Math.round(1000 * seconds)} ms`;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const rounded = Math.round(seconds);
  return `${Math.floor(rounded / 60)} min ${String(rounded % 60).padStart(2, '0')} s`;
}

/** Milliseconds with four significant digits, or as many as are asked for: `12.35 ms`. */
export function milliseconds(value: number, digits = 4): string {
  return `${value.toPrecision(digits)} ms`;
}

/** A score with three significant digits, however large or small. */
export function score(value: number): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  return size >= 1e5 || size < 1e-3 ? value.toExponential(1) : String(Number(value.toPrecision(3)));
}

/** A word with its number: `1 sample`, `3 samples`. */
export function counted(number: number, word: string): string {
  return `${whole(number)} ${word}${number === 1 ? '' : 's'}`;
}

/** Keeps the beginning and the end of a long name, where names differ: `layers.0…attn.qkv`. */
export function shorten(name: string, length: number): string {
  const characters = [...name];
  if (characters.length <= length) return name;
  const head = Math.ceil((length - 1) / 2);
  return `${characters.slice(0, head).join('')}…${characters.slice(characters.length - (length - 1 - head)).join('')}`;
}
