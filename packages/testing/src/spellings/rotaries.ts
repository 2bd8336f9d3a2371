import type { Value } from '@snp/onnx';
import { TOKENS } from './sizes.js';
import type { SpellingWriter } from './spellingWriter.js';

/** Where the tokens lie of [batch, tokens, heads, width] and of [batch, heads, tokens, width]. */
export type TokenAxis = 1 | 2;

/** One way of writing a rotary embedding (Su et al., arXiv 2104.09864) of a value of rank 4. */
export interface RotarySpelling {
  /** Which two neurons turn together: `i` and `i + width / 2`, or neighbours. */
  readonly pairs: 'halves' | 'neighbours' | 'none';
  readonly write: (w: SpellingWriter, x: Value, width: number, tokenAxis: TokenAxis) => Value;
  readonly since?: number;
}

/** The angle by which pair `at` of a token turns. */
export function rotaryAngle(token: number, at: number, width: number): number {
  return token * 10 ** (-at / (width / 2));
}

type Function = (angle: number) => number;

/** A table [tokens, columns] in the form that broadcasts. */
function table(
  w: SpellingWriter,
  f: Function,
  columns: number,
  pairOf: (at: number) => number,
  width: number,
  axis: TokenAxis,
) {
  const data = Array.from({ length: TOKENS * columns }, (_, at) =>
    f(rotaryAngle(Math.floor(at / columns), pairOf(at % columns), width)),
  );
  return w.numbers(axis === 2 ? [TOKENS, columns] : [TOKENS, 1, columns], data);
}

function turnedHalves(w: SpellingWriter, x: Value, width: number): Value {
  const [first, second] = [w.slice(x, 3, 0, width / 2), w.slice(x, 3, width / 2, width)];
  return w.concat(3, w.op('Neg', [second]), first);
}

function turn(w: SpellingWriter, x: Value, turned: Value, cos: Value, sin: Value): Value {
  return w.op('Add', [w.op('Mul', [x, cos]), w.op('Mul', [turned, sin])]);
}

/** Two halves that turn into each other: [a cos - b sin, b cos + a sin]. */
function turnPair(w: SpellingWriter, [a, b]: readonly Value[], cos: Value, sin: Value): [Value, Value] {
  const times = (x: Value, y: Value) => w.op('Mul', [x, y]);
  return [w.op('Sub', [times(a, cos), times(b, sin)]), w.op('Add', [times(b, cos), times(a, sin)])];
}

/** Tables of the cosines and sines of halves, computed once and read by all layers of that width. */
function computedTables(w: SpellingWriter, width: number): readonly [Value, Value] {
  return w.once(`rotary.${width}`, () => {
    const frequencies = Array.from({ length: width / 2 }, (_, at) => rotaryAngle(1, at, width));
    const positions = w.unsqueeze(w.numbers([TOKENS], [...Array(TOKENS).keys()]), 1);
    const angles = w.op('Mul', [positions, w.numbers([1, width / 2], frequencies)]);
    const both = w.concat(1, angles, angles);
    return [w.op('Cos', [both]), w.op('Sin', [both])];
  });
}

function gathered(w: SpellingWriter, width: number, axis: TokenAxis, f: Function): Value {
  const positions = w.once('positions', () => w.indices([TOKENS], [...Array(TOKENS).keys()]));
  const whole = table(w, f, width, (at) => at % (width / 2), width, 2);
  const rows = w.op('Gather', [whole, positions], { axis: 0 });
  return axis === 2 ? rows : w.unsqueeze(rows, 1);
}

/** Spellings of rotary embeddings. */
export const ROTARIES = {
  none: { pairs: 'none', write: (_, x) => x },
  halves: {
    pairs: 'halves',
    write: (w, x, width, axis) => {
      const [cos, sin] = [Math.cos, Math.sin].map((f) => table(w, f, width, (at) => at % (width / 2), width, axis));
      return turn(w, x, turnedHalves(w, x, width), cos, sin);
    },
  },
  'halves-split': {
    pairs: 'halves',
    write: (w, x, width, axis) => {
      const [cos, sin] = [Math.cos, Math.sin].map((f) => table(w, f, width / 2, (at) => at, width, axis));
      return w.concat(3, ...turnPair(w, w.split(x, 3, [width / 2, width / 2]), cos, sin));
    },
  },
  'halves-computed': {
    pairs: 'halves',
    write: (w, x, width, axis) => {
      const [cos, sin] = computedTables(w, width).map((each) => (axis === 2 ? each : w.unsqueeze(each, 1)));
      return turn(w, x, turnedHalves(w, x, width), cos, sin);
    },
  },
  'halves-gathered': {
    pairs: 'halves',
    write: (w, x, width, axis) => {
      const [cos, sin] = [Math.cos, Math.sin].map((f) => gathered(w, width, axis, f));
      return turn(w, x, turnedHalves(w, x, width), cos, sin);
    },
  },
  'neighbours-sliced': {
    pairs: 'neighbours',
    write: (w, x, width, axis) => {
      const [cos, sin] = [Math.cos, Math.sin].map((f) => table(w, f, width / 2, (at) => at, width, axis));
      const parts = turnPair(w, [w.slice(x, 3, 0, width, 2), w.slice(x, 3, 1, width, 2)], cos, sin);
      const both = w.concat(4, ...parts.map((part) => w.unsqueeze(part, 4)));
      return w.op('Reshape', [both, w.op('Shape', [x])]);
    },
  },
  'neighbours-reshaped': {
    pairs: 'neighbours',
    write: (w, x, width, axis) => {
      const [cos, sin] = [Math.cos, Math.sin].map((f) => table(w, f, width, (at) => Math.floor(at / 2), width, axis));
      const pairs = w.op('Reshape', [x, w.ints(0, 0, 0, width / 2, 2)]);
      const [even, odd] = [0, 1].map((at) => w.op('Gather', [pairs, w.int(at)], { axis: 4 }));
      const turned = w.concat(4, w.unsqueeze(w.op('Neg', [odd]), 4), w.unsqueeze(even, 4));
      return turn(w, x, w.op('Reshape', [turned, w.ints(0, 0, 0, width)]), cos, sin);
    },
  },
} as const satisfies Record<string, RotarySpelling>;

/** Name of a spelling of a rotary embedding. */
export type RotaryName = keyof typeof ROTARIES;

/** The spelling of that name. */
export function rotarySpelling(name: RotaryName): RotarySpelling {
  return ROTARIES[name];
}
