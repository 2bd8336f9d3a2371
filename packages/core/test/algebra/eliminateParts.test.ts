import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { covarianceOf, eliminateParts, refitKept } from '../support/core.js';
import { matrixOf, momentsOf, outputError, problems, rowsOf } from '../support/problems.js';

const OUTPUTS = 3;
const RIDGE = 1e-9;

// Heads of two units each; more rows than units, so that foreseen errors are those of the rows.
const regular = problems.map((problem) => ({
  ...problem,
  n: 2 * Math.ceil(problem.n / 2),
  rank: 12,
  count: 40,
  scale: 1,
}));

describe('elimination of whole heads', () => {
  it('foresees the error that is left after the refit, and takes the cheapest first', async () => {
    await fc.assert(
      fc.asyncProperty(regular, async (problem) => {
        const rows = rowsOf(problem);
        const weights = matrixOf(problem.n, OUTPUTS, problem.seed + 1);
        const covariance = covarianceOf(momentsOf(rows), { centred: true });
        const parts = Array.from({ length: problem.n / 2 }, (_, part) => [part, part + problem.n / 2]);
        const errorOf = async (kept: readonly number[]) => {
          const units = kept.flatMap((part) => parts[part]).sort((a, b) => a - b);
          const refit = (await refitKept(covariance, units, weights, { ridge: RIDGE }))!;
          return outputError(
            rows,
            weights,
            rows.map((row) => units.map((unit) => row[unit])),
            refit,
          );
        };
        const { order, increments } = eliminateParts(covariance, weights, parts, { ridge: RIDGE })!;
        const all = [...parts.keys()];
        expect([...order].sort((a, b) => a - b)).toEqual(all);
        const whole = increments.reduce((sum, increment) => sum + increment, 0);
        let foreseen = 0;
        for (let removed = 1; removed < parts.length; removed++) {
          foreseen += increments[removed - 1];
          expect(Math.abs((await errorOf(order.slice(removed))) - foreseen)).toBeLessThanOrEqual(1e-5 * whole);
        }
        const without = (part: number) => errorOf(all.filter((other) => other !== part));
        const least = Math.min(...(await Promise.all(all.map(without))));
        expect(await errorOf(order.slice(1))).toBeLessThanOrEqual(least + 1e-6 * whole);
      }),
      { seed: 61, numRuns: 60 },
    );
  });
});
