import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { covarianceOf, eliminate, refitKept } from '../support/core.js';
import { matrixOf, momentsOf, outputError, type Problem, problems, rowsOf } from '../support/problems.js';

const OUTPUTS = 4;
const RIDGE = 1e-9;

// More rows than units, so that with a small ridge the foreseen errors are those of the rows.
const regular = problems.map((problem) => ({ ...problem, rank: 10, count: problem.count + 15, scale: 1 }));

function setting(problem: Problem) {
  const rows = rowsOf(problem);
  const weights = matrixOf(problem.n, OUTPUTS, problem.seed + 1);
  const covariance = covarianceOf(momentsOf(rows), { centred: true });
  const errorOf = async (kept: readonly number[]) =>
    outputError(
      rows,
      weights,
      rows.map((row) => kept.map((unit) => row[unit])),
      (await refitKept(covariance, kept, weights, { ridge: RIDGE }))!,
    );
  return { weights, covariance, errorOf };
}

describe('backward elimination', () => {
  it('foresees the error that is left after the refit, at every width', async () => {
    await fc.assert(
      fc.asyncProperty(regular, async (problem) => {
        const { weights, covariance, errorOf } = setting(problem);
        const { order, increments } = eliminate(covariance, weights, { ridge: RIDGE })!;
        expect([...order].sort((a, b) => a - b)).toEqual(order.map((_, unit) => unit));
        let foreseen = 0;
        const whole = increments.reduce((sum, part) => sum + part, 0);
        for (let removed = 1; removed < problem.n; removed++) {
          foreseen += increments[removed - 1];
          const kept = order.slice(removed).sort((a, b) => a - b);
          expect(Math.abs((await errorOf(kept)) - foreseen)).toBeLessThanOrEqual(1e-5 * whole);
        }
      }),
      { seed: 21, numRuns: 100 },
    );
  });

  it('takes the unit first whose loss costs least', async () => {
    await fc.assert(
      fc.asyncProperty(regular, async (problem) => {
        const { weights, covariance, errorOf } = setting(problem);
        const { order, increments } = eliminate(covariance, weights, { ridge: RIDGE })!;
        const units = order.map((_, unit) => unit);
        const without = (unit: number) => errorOf(units.filter((other) => other !== unit));
        const least = Math.min(...(await Promise.all(units.map(without))));
        const whole = increments.reduce((sum, part) => sum + part, 0);
        expect(await without(order[0])).toBeLessThanOrEqual(least + 1e-6 * whole);
      }),
      { seed: 22, numRuns: 100 },
    );
  });

  it('has increments that are finite and never negative for deficient, constant, tiny and huge statistics', () => {
    fc.assert(
      fc.property(problems, (problem) => {
        const { weights, covariance } = setting(problem);
        const elimination = eliminate(covariance, weights)!;
        expect(elimination.increments.every((increment) => Number.isFinite(increment) && increment >= 0)).toBe(true);
      }),
      { seed: 23, numRuns: 150 },
    );
  });
});
