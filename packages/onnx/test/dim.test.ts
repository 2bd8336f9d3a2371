import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addDims,
  ceilDivDims,
  type Dim,
  dimsEqual,
  divideDims,
  evaluateDim,
  floorDivDims,
  formatDim,
  maxDims,
  minDims,
  modDims,
  mulDims,
  parseDim,
  productOf,
  subDims,
  symbol,
  symbolsOf,
} from '../src/index.js';

const SEED = { seed: 20260219, numRuns: 300 };
const batch = symbol('batch');
const seq = symbol('seq');
const heads = symbol('heads');

const values = fc.record({ a: fc.integer({ min: 1, max: 9 }), b: fc.integer({ min: 1, max: 9 }) });

/** A random polynomial over a and b together with a function that computes it from plain numbers. */
interface Sample {
  dim: Dim;
  at(numbers: { a: number; b: number }): number;
}

const { sample } = fc.letrec<{ sample: Sample }>((tie) => ({
  sample: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.integer({ min: -6, max: 6 }).map((number): Sample => ({ dim: number, at: () => number })),
    fc.constantFrom<'a' | 'b'>('a', 'b').map((name): Sample => ({ dim: symbol(name), at: (numbers) => numbers[name] })),
    fc
      .tuple(tie('sample'), tie('sample'))
      .map(([x, y]): Sample => ({ dim: addDims(x.dim, y.dim), at: (numbers) => x.at(numbers) + y.at(numbers) })),
    fc
      .tuple(tie('sample'), tie('sample'))
      .map(([x, y]): Sample => ({ dim: subDims(x.dim, y.dim), at: (numbers) => x.at(numbers) - y.at(numbers) })),
    fc
      .tuple(tie('sample'), tie('sample'))
      .map(([x, y]): Sample => ({ dim: mulDims(x.dim, y.dim), at: (numbers) => x.at(numbers) * y.at(numbers) })),
  ),
}));

describe('dimension polynomials', () => {
  it('evaluate to what the same arithmetic on numbers gives', () => {
    fc.assert(
      fc.property(sample, values, ({ dim, at }, numbers) => evaluateDim(dim, numbers) === at(numbers) + 0),
      SEED,
    );
  });

  it('have one form however they were built', () => {
    fc.assert(
      fc.property(sample, sample, sample, ({ dim: x }, { dim: y }, { dim: z }) => {
        expect(dimsEqual(addDims(x, y), addDims(y, x))).toBe(true);
        expect(dimsEqual(mulDims(x, y), mulDims(y, x))).toBe(true);
        expect(dimsEqual(mulDims(x, addDims(y, z)), addDims(mulDims(x, y), mulDims(x, z)))).toBe(true);
        expect(subDims(addDims(x, y), addDims(y, x))).toBe(0);
      }),
      SEED,
    );
  });

  it('divide back what was multiplied', () => {
    fc.assert(
      fc.property(sample, sample, ({ dim: x }, { dim: y }) => {
        fc.pre(y !== 0);
        expect(dimsEqual(divideDims(mulDims(x, y), y), x)).toBe(true);
      }),
      SEED,
    );
  });

  it('floor, ceil, remainder, min and max evaluate to those of the numbers', () => {
    const divisor = fc.integer({ min: 1, max: 12 });
    fc.assert(
      fc.property(sample, sample, divisor, values, (x, y, by, numbers) => {
        const [left, right] = [x.at(numbers), y.at(numbers)];
        const value = (dim: Dim) => evaluateDim(dim, numbers) + 0;
        expect(value(floorDivDims(x.dim, by))).toBe(Math.floor(left / by) + 0);
        expect(value(ceilDivDims(x.dim, by))).toBe(Math.ceil(left / by) + 0);
        expect(value(modDims(x.dim, by))).toBe(left - by * Math.floor(left / by) + 0);
        // Sizes are 1 or more here, so both assumptions hold.
        for (const smallest of [0, 1] as const) {
          expect(value(minDims(x.dim, y.dim, smallest))).toBe(Math.min(left, right) + 0);
          expect(value(maxDims(x.dim, y.dim, smallest))).toBe(Math.max(left, right) + 0);
        }
      }),
      SEED,
    );
  });

  it('floors by a symbolic divisor evaluate too', () => {
    fc.assert(
      fc.property(sample, values, (x, numbers) => {
        const by = addDims(symbol('a'), 1);
        const expected = Math.floor(x.at(numbers) / (numbers.a + 1));
        expect(evaluateDim(floorDivDims(x.dim, by), numbers) + 0).toBe(expected + 0);
      }),
      SEED,
    );
  });

  it('read as one would write them', () => {
    expect(formatDim(mulDims(batch, 12))).toBe('12*batch');
    expect(formatDim(addDims(1, seq))).toBe('seq+1');
    expect(formatDim(productOf([heads, 3, batch]))).toBe('3*batch*heads');
    expect(formatDim(subDims(mulDims(seq, seq), batch))).toBe('seq*seq-batch');
    expect(formatDim(floorDivDims(addDims(seq, 1), 2))).toBe('floor((seq+1)/(2))');
  });

  it('simplify what exporters compute', () => {
    const height = symbol('height');
    // Padding to whole windows: height + (7 - height % 7) % 7 is 7 * ceil(height / 7).
    const padded = addDims(height, modDims(subDims(7, modDims(height, 7)), 7));
    expect(dimsEqual(padded, mulDims(7, ceilDivDims(height, 7)))).toBe(true);
    expect(dimsEqual(divideDims(padded, 7), ceilDivDims(height, 7))).toBe(true);
    expect(dimsEqual(floorDivDims(addDims(mulDims(batch, 12), 7), 12), batch)).toBe(true);
    expect(divideDims(addDims(mulDims(batch, 12), 7), 12)).toBeUndefined();
    expect(maxDims(addDims(seq, -1), 0, 1)).toEqual(addDims(seq, -1));
  });

  it('are parsed from the names files use', () => {
    expect(dimsEqual(parseDim('past_seq_len + seq_len'), addDims(symbol('past_seq_len'), symbol('seq_len')))).toBe(
      true,
    );
    expect(dimsEqual(parseDim('2*s0'), mulDims(2, symbol('s0')))).toBe(true);
    expect(dimsEqual(parseDim('batch-size/2'), symbol('batch-size/2'))).toBe(true);
  });

  it('name the symbol that has no value', () => {
    expect(symbolsOf(minDims(seq, 32)).map(({ name }) => name)).toEqual(['seq']);
    expect(() => evaluateDim(mulDims(batch, seq), { batch: 2 })).toThrow(
      expect.objectContaining({
        name: 'SnpError',
        code: 'invalid-argument',
        message: expect.stringContaining("'seq'"),
      }),
    );
  });
});
