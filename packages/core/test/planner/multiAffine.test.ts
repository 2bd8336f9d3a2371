import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MultiAffine } from '../../src/plan/multiAffine.js';

const LARGEST = [64, 3072, 12, 1];
const numbers = fc.tuple(...LARGEST.map((largest) => fc.integer({ min: 0, max: largest })));

/** Every count beside the one it is worked out from, and how often that was called. */
function check(count: (numbers: readonly number[]) => number, expected: { calls: number }) {
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
  expect(calls).toBeLessThan(expected.calls);
}

describe('MultiAffine', () => {
  it('gives counts that are affine in each number from a few, beyond numbers of nothing', () => {
    check(([a, b, c]) => 788 * 768 * (2 * a * c + 64 * 12) + 197 * b * 768 + 5, { calls: 2000 });
    let calls = 0;
    const counts = new MultiAffine(([a, b]) => ++calls && 197 * 197 * a * (b + 768), [64, 3072]);
    for (let a = 1; a <= 64; a++)
      for (let b = 1; b <= 3072; b += 7) expect(counts.at([a, b])).toBe(197 * 197 * a * (b + 768));
    expect(calls).toBeLessThan(20);
  });

  it('counts what is not affine', () => {
    check(([a, b, c]) => a * a + b * c, { calls: 1e6 });
    check(([a, b]) => 8 * Math.ceil(a / 8) * b, { calls: 1e6 });
  });
});
