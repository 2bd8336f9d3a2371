import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MultiAffine } from '../../src/cost/multiAffine.js';

const LARGEST = [64, 3072, 12, 1];
const numbers = fc.tuple(...LARGEST.map((largest) => fc.integer({ min: 0, max: largest })));

/** Compares numbers of all sizes with the count itself; returns how often that was called for them. */
function check(count: (numbers: readonly number[]) => number): number {
  let calls = 0;
  const counts = new MultiAffine((own) => {
    calls++;
    return count(own);
  }, LARGEST);
  fc.assert(
    fc.property(numbers, (own) => {
      expect(counts.at(own)).toBe(count(own));
    }),
    { seed: 7, numRuns: 2000 },
  );
  return calls;
}

describe('MultiAffine', () => {
  it('gives counts that are affine in each number from a few, beyond numbers of nothing', () => {
    expect(check(([a, b, c]) => 788 * 768 * (2 * a * c + 64 * 12) + 197 * b * 768 + 5)).toBeLessThan(2000);
    let calls = 0;
    const counts = new MultiAffine(([a, b]) => ++calls && 197 * 197 * a * (b + 768), [64, 3072]);
    for (let a = 1; a <= 64; a++)
      for (let b = 1; b <= 3072; b += 7) expect(counts.at([a, b])).toBe(197 * 197 * a * (b + 768));
    expect(calls).toBeLessThan(20);
  });

  it('counts what is not affine', () => {
    expect(check(([a, b, c]) => a * a + b * c)).toBeGreaterThan(1500);
    expect(check(([a, b]) => 8 * Math.ceil(a / 8) * b)).toBeGreaterThan(1500);
  });
});
