import { onnxRuntime } from '@snp/runtime';
import { afterAll, describe, expect, it } from 'vitest';
import { meanVariance } from '../../src/algebra/covariance.js';
import { EliminationKernel } from '../../src/algebra/eliminationKernel.js';
import { Algebra, covarianceOf, eliminate } from '../support/core.js';
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

  it('multiplies weights with themselves', async () => {
    const [rows, outputs] = [260, 330];
    const weights = matrixOf(rows, outputs, 3);
    for (const tool of [algebra, new Algebra()]) {
      const gram = await tool.gram(weights, rows);
      let apart = 0;
      for (let i = 0; i < rows; i += 37) {
        for (let j = 0; j < rows; j += 23) {
          let sum = 0;
          for (let o = 0; o < outputs; o++) sum += weights[i * outputs + o] * weights[j * outputs + o];
          apart = Math.max(apart, Math.abs(gram[i * rows + j] - sum));
        }
      }
      expect(apart).toBeLessThan(1e-3);
    }
  });

  it('solves positive definite systems, several at once', async () => {
    // Larger than what is inverted at once, and singular but for the ridge.
    const n = 230;
    const { matrix } = covarianceOf(momentsOf(rowsOf({ n, rank: 40, count: 120, seed: 6, scale: 2 })), {
      centred: true,
    });
    for (let i = 0; i < n; i++) matrix[i * (n + 1)] += 1;
    const rights = [matrixOf(n, 5, 7), matrixOf(n, 3, 8)];
    for (const tool of [algebra, new Algebra()]) {
      const solutions = await tool.solve(matrix, n, rights);
      for (const [at, right] of rights.entries()) {
        const x = solutions[at]!;
        const columns = right.length / n;
        for (let i = 0; i < n; i++) {
          for (let o = 0; o < columns; o++) {
            let sum = 0;
            for (let j = 0; j < n; j++) sum += matrix[i * n + j] * x[j * columns + o];
            expect(sum).toBeCloseTo(right[i * columns + o], 6);
          }
        }
      }
    }
  });

  it('solves sizes in any order, and says where a matrix is not positive definite', async () => {
    for (const n of [150, 201, 150]) {
      const matrix = new Float64Array(n * n);
      for (let i = 0; i < n; i++) matrix[i * (n + 1)] = i + 1;
      const [solution] = await algebra.solve(matrix, n, [new Float64Array(n).fill(1)]);
      for (let i = 0; i < n; i++) expect(solution![i]).toBeCloseTo(1 / (i + 1), 12);
      matrix[matrix.length - 1] = -1;
      expect(await algebra.solve(matrix, n, [new Float64Array(n).fill(1)])).toEqual([undefined]);
      // Positive on the diagonal, but not along the difference of two units.
      matrix[matrix.length - 1] = 1;
      matrix[n - 2] = matrix[(n - 2) * n] = n;
      expect(await algebra.solve(matrix, n, [new Float64Array(n).fill(1)])).toEqual([undefined]);
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
      const moments = momentsOf(rowsOf({ n, rank, count, seed: 4, scale: 3 }));
      const weights = matrixOf(n, 24, 5);
      const exact = eliminate(covarianceOf(moments, { centred: true }), weights)!;
      const fast = (await algebra.eliminate(moments, weights, { centred: true }))!;
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

  it('takes single precision only where it leaves enough digits', async () => {
    const [n, outputs] = [150, 12];
    const moments = momentsOf(rowsOf({ n, rank: 40, count: 400, seed: 6, scale: 1 }));
    const covariance = covarianceOf(moments, { centred: true });
    const weights = matrixOf(n, outputs, 7);
    const variance = meanVariance(covariance);
    const runtime = onnxRuntime();
    const totals: Record<string, (number | undefined)[]> = { FLOAT: [], DOUBLE: [] };
    const ridges = [1e-2, 1e-6];
    for (const precision of ['FLOAT', 'DOUBLE'] as const) {
      const kernel = await EliminationKernel.open(runtime, n, outputs, precision);
      for (const ridge of ridges) {
        const found = await kernel.eliminate(moments, covariance.centre, weights, ridge * variance);
        totals[precision].push(found?.increments.reduce((sum, increment) => sum + increment, 0));
      }
      await kernel.close();
    }
    const wanted = ridges.map((ridge) =>
      eliminate(covariance, weights, { ridge })!.increments.reduce((sum, increment) => sum + increment, 0),
    );
    expect(totals.FLOAT[0]! / wanted[0]).toBeCloseTo(1, 3);
    expect(totals.FLOAT[1]).toBeUndefined();
    for (const [at, want] of wanted.entries()) expect(totals.DOUBLE[at]! / want).toBeCloseTo(1, 4);
  });

  it('gives the slow answer where there is none, and none for numbers that are none', async () => {
    const n = 140;
    const flat = { count: 5, sums: new Float64Array(n), products: new Float64Array((n * (n + 1)) / 2) };
    const weights = matrixOf(n, 3, 1);
    const found = await algebra.eliminate(flat, weights, { centred: true });
    expect(found!.increments.every((increment) => increment === 0)).toBe(true);
    const wrong = { ...flat, products: flat.products.map(() => Number.NaN) };
    expect(await algebra.eliminate(wrong, weights, { centred: true })).toBeUndefined();
  });
});
