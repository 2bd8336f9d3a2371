import { normals, random } from '@snp/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gramFactor, svd, symmetricEigen } from '../src/index.js';
import { gram, jacobiEigenvalues } from './support/jacobi.js';

/** Matrices of every rank and of widely different columns. */
const matrices = fc
  .record({
    n: fc.integer({ min: 1, max: 12 }),
    rank: fc.integer({ min: 0, max: 12 }),
    seed: fc.nat(1000),
    spread: fc.constantFrom(0, 3),
  })
  .map(({ n, rank, seed, spread }) => {
    const inner = Math.min(rank, n);
    const [left, right] = [normals(random(seed), n * inner), normals(random(seed + 1), inner * n)];
    const a = new Float64Array(n * n);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        for (let k = 0; k < inner; k++)
          a[i * n + j] += left[i * inner + k] * right[k * n + j] * 10 ** ((-spread * k) / n);
      }
    }
    return { a, n };
  });

const largest = (values: ArrayLike<number>) => Math.max(...Array.from(values, Math.abs), 1e-300);
const SETTINGS = { seed: 5, numRuns: 80 };

describe('svd', () => {
  it('gives singular values, and vectors that make the matrix again', () => {
    fc.assert(
      fc.property(matrices, ({ a, n }) => {
        const { s, ut, vt } = svd(a, n);
        const expected = jacobiEigenvalues(gram(a, n, n), n).map((value) => Math.sqrt(Math.max(0, value)));
        const scale = Math.max(expected[0], 1e-12);
        for (let j = 0; j < n; j++) expect(Math.abs(s[j] ** 2 - expected[j] ** 2) / scale ** 2).toBeLessThan(1e-12);
        for (let i = 0; i < n; i++) {
          for (let k = 0; k < n; k++) {
            let sum = 0;
            for (let j = 0; j < n; j++) sum += s[j] * ut[j * n + i] * vt[j * n + k];
            expect(Math.abs(sum - a[i * n + k])).toBeLessThan(1e-12 * scale * n);
          }
        }
        expectOrthonormal(ut, n, n);
        expectOrthonormal(vt, n, n);
      }),
      SETTINGS,
    );
  });

  it('gives the first of them when asked for fewer', () => {
    const a = normals(random(3), 36);
    const [all, some] = [svd(Float64Array.from(a), 6), svd(Float64Array.from(a), 6, 2)];
    expect([...some.s]).toEqual([...all.s.subarray(0, 2)]);
    expect([...some.ut]).toEqual([...all.ut.subarray(0, 12)]);
  });
});

describe('symmetricEigen', () => {
  it('gives eigenvalues, and unit vectors that the matrix only stretches', () => {
    fc.assert(
      fc.property(matrices, fc.integer({ min: 1, max: 12 }), ({ a, n }, wanted) => {
        const symmetric = gram(a, n, n);
        const count = Math.min(n, wanted);
        const { values, vectors } = symmetricEigen(symmetric, n, count);
        const scale = largest(symmetric);
        const expected = jacobiEigenvalues(symmetric, n);
        for (let j = 0; j < count; j++) expect(Math.abs(values[j] - expected[j]) / scale).toBeLessThan(1e-12);
        for (let j = 0; j < count; j++) {
          for (let i = 0; i < n; i++) {
            let sum = 0;
            for (let k = 0; k < n; k++) sum += symmetric[i * n + k] * vectors[j * n + k];
            expect(Math.abs(sum - values[j] * vectors[j * n + i]) / scale).toBeLessThan(1e-10);
          }
        }
        expectOrthonormal(vectors, count, n);
      }),
      SETTINGS,
    );
  });

  it('keeps vectors apart where values are equal', () => {
    const identity = Float64Array.from({ length: 25 }, (_, at) => (at % 6 === 0 ? 2 : 0));
    const { values, vectors } = symmetricEigen(identity, 5);
    expect([...values]).toEqual([2, 2, 2, 2, 2]);
    expectOrthonormal(vectors, 5, 5);
  });
});

describe('gramFactor', () => {
  it('is upper triangular and gives the Gram matrix again, whatever its rank', () => {
    fc.assert(
      fc.property(matrices, ({ a, n }) => {
        const g = gram(a, n, n);
        const r = gramFactor(g, n);
        for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) expect(r[i * n + j]).toBe(0);
        const again = gram(r, n, n);
        // A pivot that counts as zero leaves out its square root, at most.
        for (let at = 0; at < n * n; at++) expect(Math.abs(again[at] - g[at]) / largest(g)).toBeLessThan(1e-6);
      }),
      SETTINGS,
    );
  });
});

function expectOrthonormal(rows: Float64Array, count: number, n: number): void {
  for (let i = 0; i < count; i++) {
    for (let j = 0; j <= i; j++) {
      let dot = 0;
      for (let k = 0; k < n; k++) dot += rows[i * n + k] * rows[j * n + k];
      expect(Math.abs(dot - (i === j ? 1 : 0))).toBeLessThan(1e-9);
    }
  }
}
