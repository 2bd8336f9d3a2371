import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pairSpectrum, queryMixture, RIDGE } from '../support/core.js';
import { choices, meanProducts, problems, rowsOf } from '../support/problems.js';

const heads = fc
  .record({ queries: problems, keys: problems, keep: fc.integer({ min: 1, max: 5 }) })
  .map(({ queries, keys, keep }) => {
    const n = Math.min(queries.n, keys.n, 5);
    return { queries: rowsOf({ ...queries, n }), keys: rowsOf({ ...keys, n }), n, keep: Math.min(keep, n) };
  });

/** Mean square over all queries and keys of q k^T - q M k^T, row by row. */
function scoreError(queries: readonly number[][], keys: readonly number[][], middle: (i: number, j: number) => number) {
  const n = queries[0].length;
  let sum = 0;
  for (const q of queries) {
    for (const k of keys) {
      let change = 0;
      for (let i = 0; i < n; i++)
        for (let j = 0; j < n; j++) change += q[i] * ((i === j ? 1 : 0) - middle(i, j)) * k[j];
      sum += change ** 2;
    }
  }
  return sum / (queries.length * keys.length);
}

describe('attention scores with fewer neurons', () => {
  it('come never less close by mixing than by picking with mixed queries, and by that than by picking', () => {
    fc.assert(
      fc.property(heads, ({ queries, keys, n, keep }) => {
        const [cq, ck] = [meanProducts(queries), meanProducts(keys)];
        const spectrum = pairSpectrum(cq, ck, n)!;
        const mixed = scoreError(queries, keys, (i, j) => {
          let sum = 0;
          for (let s = 0; s < keep; s++) sum += spectrum.queries[i * n + s] * spectrum.keys[j * n + s];
          return sum;
        });
        const whole = scoreError(queries, keys, () => 0);
        expect(Number.isFinite(mixed)).toBe(true);
        for (const kept of choices(n, keep)) {
          const picked = scoreError(queries, keys, (i, j) => (i === j && kept.includes(i) ? 1 : 0));
          const matrix = queryMixture(
            cq,
            ck,
            Array.from({ length: n }, (_, unit) => kept.includes(unit)),
          )!;
          const refitted = scoreError(queries, keys, (i, j) => {
            const [a, b] = [kept.indexOf(i), kept.indexOf(j)];
            return a < 0 || b < 0 ? 0 : matrix[a * keep + b];
          });
          // What the floor under eigenvalues and the ridge may cost.
          expect(mixed).toBeLessThanOrEqual(refitted + 1e-4 * whole);
          expect(refitted).toBeLessThanOrEqual(picked + 2 * RIDGE * whole);
        }
      }),
      { seed: 31, numRuns: 120 },
    );
  });

  it('have the errors that the singular values foresee', () => {
    fc.assert(
      fc.property(heads, ({ queries, keys, n }) => {
        const spectrum = pairSpectrum(meanProducts(queries), meanProducts(keys), n)!;
        const whole = scoreError(queries, keys, () => 0);
        for (let keep = 0; keep <= n; keep++) {
          const error = scoreError(queries, keys, (i, j) => {
            let sum = 0;
            for (let s = 0; s < keep; s++) sum += spectrum.queries[i * n + s] * spectrum.keys[j * n + s];
            return sum;
          });
          const foreseen = spectrum.values.slice(keep).reduce((sum, value) => sum + value * value, 0);
          expect(Math.abs(error - foreseen)).toBeLessThanOrEqual(1e-3 * whole);
        }
      }),
      { seed: 32, numRuns: 60 },
    );
  });

  it('are not recovered from statistics that are zero or not finite', () => {
    const [zeros, huge] = [new Float64Array(4), new Float64Array(4).fill(Number.POSITIVE_INFINITY)];
    const plain = Float64Array.of(1, 0, 0, 1);
    expect(pairSpectrum(zeros, plain, 2)).toBeUndefined();
    expect(pairSpectrum(plain, huge, 2)).toBeUndefined();
    expect(queryMixture(zeros, plain, [true, false])).toBeUndefined();
  });
});
