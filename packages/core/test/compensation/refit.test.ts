import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { covarianceOf, refitKept, refitMixed, valueSpectrum } from '../support/core.js';
import { choices, matrixOf, momentsOf, outputError, problems, rowsOf } from '../support/problems.js';

const OUTPUTS = 3;

function setting(problem: Parameters<typeof rowsOf>[0], centred = true) {
  const rows = rowsOf(problem);
  const weights = matrixOf(problem.n, OUTPUTS, problem.seed + 1);
  const covariance = covarianceOf(momentsOf(rows), { centred });
  const picked = (kept: readonly number[]) => rows.map((row) => kept.map((unit) => row[unit]));
  const own = (kept: readonly number[]) =>
    Float64Array.from(kept.flatMap((unit) => [...weights.subarray(unit * OUTPUTS, (unit + 1) * OUTPUTS)]));
  const nothing = (kept: readonly number[]) => ({ weights: own(kept), offset: new Float64Array(OUTPUTS) });
  return { rows, weights, covariance, picked, nothing };
}

describe('refitting a layer to the inputs that stay', () => {
  it('by ridge is never worse than by means, which is never worse than nothing', async () => {
    await fc.assert(
      fc.asyncProperty(problems, async (problem) => {
        const { rows, weights, covariance, picked, nothing } = setting(problem);
        const kept = Array.from({ length: Math.ceil(problem.n / 2) }, (_, i) => i);
        const refits = [
          (await refitKept(covariance, kept, weights))!,
          (await refitKept(covariance, kept, weights, { ridge: Number.POSITIVE_INFINITY }))!,
          nothing(kept),
        ];
        const errors = refits.map((refit) => outputError(rows, weights, picked(kept), refit));
        expect(errors.every(Number.isFinite)).toBe(true);
        const slack = 1e-9 * errors[2];
        expect(errors[0]).toBeLessThanOrEqual(errors[1] + slack);
        expect(errors[1]).toBeLessThanOrEqual(errors[2] + slack);
      }),
      { seed: 11, numRuns: 150 },
    );
  });

  it('without a bias is never worse than nothing', async () => {
    await fc.assert(
      fc.asyncProperty(problems, async (problem) => {
        const { rows, weights, covariance, picked, nothing } = setting(problem, false);
        const refit = (await refitKept(covariance, [0], weights))!;
        expect(refit.offset.every((offset) => offset === 0)).toBe(true);
        expect(outputError(rows, weights, picked([0]), refit)).toBeLessThanOrEqual(
          outputError(rows, weights, picked([0]), nothing([0])) * (1 + 1e-9),
        );
      }),
      { seed: 12, numRuns: 80 },
    );
  });

  it('is exact where what leaves is a mixture of what stays', async () => {
    const { rows, weights, covariance, picked } = setting({ n: 8, rank: 3, count: 50, seed: 1, scale: 1 });
    const refit = (await refitKept(covariance, [0, 1, 2, 3], weights, { ridge: 1e-11 }))!;
    expect(outputError(rows, weights, picked([0, 1, 2, 3]), refit)).toBeLessThan(1e-9);
  });

  it('to mixtures of a head is never worse than to any neurons of it', async () => {
    const heads = problems.map((problem) => ({
      ...problem,
      n: Math.min(problem.n, 6),
      count: problem.count + 12,
      scale: 1,
    }));
    await fc.assert(
      fc.asyncProperty(heads, fc.nat(), async (problem, draw) => {
        const { rows, weights, covariance, picked } = setting(problem);
        const width = problem.n;
        const keep = 1 + (draw % width);
        const spectrum = valueSpectrum(covariance.matrix, weights, width)!;
        const mixture = new Float64Array(width * keep);
        for (let i = 0; i < width; i++)
          for (let s = 0; s < keep; s++) mixture[i * keep + s] = spectrum.mixtures[i * width + s];
        const mixed = rows.map((row) =>
          Array.from({ length: keep }, (_, s) => row.reduce((sum, x, i) => sum + x * mixture[i * keep + s], 0)),
        );
        const error = outputError(
          rows,
          weights,
          mixed,
          (await refitMixed(covariance, mixture, weights, { ridge: 1e-9 }))!,
        );
        const whole = spectrum.errors.reduce((sum, part) => sum + part, 0);
        // The floor under eigenvalues and the ridge may cost this much.
        const slack = 1e-3 * whole;
        for (const kept of choices(width, keep)) {
          const other = outputError(
            rows,
            weights,
            picked(kept),
            (await refitKept(covariance, kept, weights, { ridge: 1e-9 }))!,
          );
          expect(error).toBeLessThanOrEqual(other + slack);
        }
        const foreseen = spectrum.errors.slice(keep).reduce((sum, part) => sum + part, 0);
        expect(Math.abs(error - foreseen)).toBeLessThanOrEqual(slack);
      }),
      { seed: 13, numRuns: 100 },
    );
  });

  it('is finite, or says that it is not, for constant, single, empty and huge samples', async () => {
    for (const rows of [
      Array(5).fill([1, 2, 3, 4]),
      [[1, 2, 3, 4]],
      Array(4).fill([0, 0, 0, 0]),
      [
        [1e150, 1, 1e150, 2],
        [3, 1, 1e150, 4],
      ],
      [[Number.NaN, 1, 2, 3]],
    ]) {
      const covariance = covarianceOf(momentsOf(rows), { centred: true });
      const refit = await refitKept(covariance, [0, 1], matrixOf(4, OUTPUTS, 3));
      if (refit) expect([...refit.weights, ...refit.offset].every(Number.isFinite)).toBe(true);
      else expect(covariance.matrix.every((element) => Math.abs(element) < 1e200)).toBe(false);
    }
  });
});
