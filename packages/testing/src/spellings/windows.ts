import type { Value } from '@snp/onnx';
import { TOKENS } from './sizes.js';
import type { SpellingWriter } from './spellingWriter.js';

/** One way of letting tokens look at those of their window alone (Swin, Liu et al., arXiv 2103.14030). */
export interface WindowSpelling {
  /** Tokens lie in 2 rows of 3: a window is a row, or a column. */
  readonly window: 'row' | 'column';
  /** So many places all tokens move forward before, and back after. */
  readonly shift: number;
  readonly roll: (w: SpellingWriter, x: Value, by: number) => Value;
}

const [ROWS, COLUMNS] = [2, TOKENS / 2];

function rollBySlices(w: SpellingWriter, x: Value, by: number): Value {
  const at = (by + TOKENS) % TOKENS;
  return w.concat(1, w.slice(x, 1, at, Number.MAX_SAFE_INTEGER), w.slice(x, 1, 0, at));
}

function rollByGather(w: SpellingWriter, x: Value, by: number): Value {
  const order = Array.from({ length: TOKENS }, (_, at) => (at + by + TOKENS) % TOKENS);
  return w.op('Gather', [x, w.indices([TOKENS], order)], { axis: 1 });
}

/** Spellings of windows. */
export const WINDOWS = {
  none: undefined,
  rows: { window: 'row', shift: 0, roll: rollBySlices },
  columns: { window: 'column', shift: 0, roll: rollBySlices },
  'shifted-rows': { window: 'row', shift: 1, roll: rollBySlices },
  'shifted-columns': { window: 'column', shift: 2, roll: rollByGather },
} as const satisfies Record<string, WindowSpelling | undefined>;

/** Name of a spelling of windows. */
export type WindowName = keyof typeof WINDOWS;

function windowSpelling(name: WindowName): WindowSpelling | undefined {
  return WINDOWS[name];
}

/** Tokens of each window. */
export function windowsOf(name: WindowName): number[][] {
  const spelling = windowSpelling(name);
  if (!spelling) return [[...Array(TOKENS).keys()]];
  const rows = spelling.window === 'row';
  const [count, length] = rows ? [ROWS, COLUMNS] : [COLUMNS, ROWS];
  return Array.from({ length: count }, (_, at) =>
    Array.from({ length }, (_, i) => ((rows ? at * COLUMNS + i : i * COLUMNS + at) + spelling.shift) % TOKENS),
  );
}

/** `x` [batch, tokens, channels] through `attend` window by window. */
export function byWindows(
  w: SpellingWriter,
  name: WindowName,
  x: Value,
  channels: number,
  attend: (windows: Value) => Value,
): Value {
  const spelling = windowSpelling(name);
  if (!spelling) return attend(x);
  const { window, shift, roll } = spelling;
  const windows = windowsOf(name);
  const [count, length] = [windows.length, windows[0].length];
  const batch = w.axis(x, 0);
  const rolled = shift ? roll(w, x, shift) : x;
  const turned = window === 'column' ? turnWindows(w, rolled, channels, [ROWS, COLUMNS]) : rolled;
  const outside = w.leading;
  w.leading = [batch.size * count, length];
  const made = attend(w.reshape(turned, [{ product: [batch, count] }, length, channels]));
  w.leading = outside;
  const apart = w.reshape(made, [batch, TOKENS, channels]);
  const back = window === 'column' ? turnWindows(w, apart, channels, [COLUMNS, ROWS]) : apart;
  return shift ? roll(w, back, -shift) : back;
}

/** Tokens by rows become tokens by columns. */
function turnWindows(w: SpellingWriter, x: Value, channels: number, [rows, columns]: readonly number[]): Value {
  const batch = w.axis(x, 0);
  const turned = w.transpose(w.reshape(x, [batch, rows, 1, columns, 1, channels]), 0, 3, 2, 1, 4, 5);
  return w.reshape(turned, [batch, TOKENS, channels]);
}
