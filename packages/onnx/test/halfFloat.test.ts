import { expect, it } from 'vitest';
import { Tensor } from '../src/index.js';

/** The number behind a positive binary16 bit pattern, by the definition of IEEE 754. */
const numberBehind = (half: number) =>
  half < 0x400 ? half * 2 ** -24 : (1 + (half % 0x400) / 0x400) * 2 ** (Math.floor(half / 0x400) - 15);

const LARGEST = 0x7bff;
const halves = (numbers: readonly number[]) => [
  ...(Tensor.fromNumbers('FLOAT16', [numbers.length], Float64Array.from(numbers)).array() as Uint16Array),
];

it('every number of 16 bits is read and written as it is', () => {
  const all = Array.from({ length: LARGEST + 1 }, (_, half) => half);
  const tensor = Tensor.of('FLOAT16', [all.length], Uint16Array.from(all));
  expect([...(tensor.numbers() as Float32Array)]).toEqual(all.map(numberBehind));
  expect(halves(all.map(numberBehind))).toEqual(all);
  expect(halves(all.map((half) => -numberBehind(half)))).toEqual(
    all.map((half) => (half === 0 ? 0x8000 : half | 0x8000)),
  );
});

it('numbers in between become the nearest, and in the middle the even one, rounded once', () => {
  const lower = Array.from({ length: LARGEST }, (_, half) => half);
  const middle = lower.map((half) => (numberBehind(half) + numberBehind(half + 1)) / 2);
  expect(halves(middle)).toEqual(lower.map((half) => (half % 2 === 0 ? half : half + 1)));
  // By less than float32 can tell.
  expect(halves(middle.map((number) => number * (1 - 2 ** -40)))).toEqual(lower);
  expect(halves(middle.map((number) => number * (1 + 2 ** -40)))).toEqual(lower.map((half) => half + 1));
});

it('what is too large is infinite, and what is no number stays none', () => {
  expect(halves([65519.99, 65520, -1e30, Number.POSITIVE_INFINITY])).toEqual([LARGEST, 0x7c00, 0xfc00, 0x7c00]);
  const [none] = Tensor.fromNumbers('FLOAT16', [1], [Number.NaN]).numbers();
  expect(none).toBeNaN();
});
