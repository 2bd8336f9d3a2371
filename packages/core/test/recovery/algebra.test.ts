import { onnxRuntime } from '@snp/runtime';
import { afterAll, describe, expect, it } from 'vitest';
import { Algebra, covarianceOf, eliminate } from '../../src/index.js';
import { matrixOf, momentsOf, rowsOf } from '../support/problems.js';

const algebra = new Algebra(onnxRuntime());
afterAll(() => algebra.close());

describe('dense algebra in the runtime', () => {
  it('multiplies matrices', async () => {
    const [n, k, m] = [310, 290, 270];
    const [a, b] = [matrixOf(n, k, 1), matrixOf(k, m, 2)];
    for (const tool of [algebra, new Algebra()]) {
      const c = await tool.product(a, b, n, k, m);
      for (const [i, j] of [
        [0, 0],
        [17, 203],
        [n - 1, m - 1],
      ]) {
        let sum = 0;
        for (let p = 0; p < k; p++) sum += a[i * k + p] * b[p * m + j];
        expect(c[i * m + j]).toBeCloseTo(sum, 9);
      }
    }
  });

  it.each([
    ['full rank', 160, 300, 1200],
    ['more units than rows', 200, 60, 90],
    // Larger than what is inverted at once.
    ['many units', 450, 300, 1500],
  ])(
    'eliminates units nearly as well as one at a time (%s)',
    async (_, n, rank, count) => {
      const covariance = covarianceOf(momentsOf(rowsOf({ n, rank, count, seed: 4, scale: 3 })), { centred: true });
      const weights = matrixOf(n, 24, 5);
      const exact = eliminate(covariance, weights)!;
      const fast = (await algebra.eliminate(covariance, weights))!;
      expect([...fast.order].sort((a, b) => a - b)).toEqual(fast.order.map((_unit, at) => at));
      const sums = (list: Float64Array) => {
        let sum = 0;
        return Array.from(list, (increment) => {
          sum += increment;
          return sum;
        });
      };
      const [want, got] = [sums(exact.increments), sums(fast.increments)];
      // All gone, the error is the same whatever the order.
      expect(got[n - 1] / want[n - 1]).toBeCloseTo(1, 2);
      for (const share of [0.25, 0.5, 0.75, 0.9]) {
        const at = Math.floor(share * n);
        // Units that stand for one another leave together more often; the worst is where there are no others.
        expect(got[at]).toBeLessThan(1.3 * want[at] + 1e-4 * want[n - 1]);
      }
    },
    30_000,
  );

  it('gives the slow answer where there is none, and none for numbers that are none', async () => {
    const n = 140;
    const flat = { size: n, matrix: new Float64Array(n * n), centre: new Float64Array(n) };
    expect((await algebra.eliminate(flat, matrixOf(n, 3, 1)))!.increments.every((increment) => increment === 0)).toBe(
      true,
    );
    const wrong = { ...flat, matrix: new Float64Array(n * n).fill(Number.NaN) };
    expect(await algebra.eliminate(wrong, matrixOf(n, 3, 1))).toBeUndefined();
  });
});
