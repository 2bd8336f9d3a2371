import { normals, random } from '@snp/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gramFactor, type Svd, svd, symmetricEigen, symmetricValues } from '../src/index.js';
import { gram, jacobiEigenvalues } from './support/jacobi.js';
import { jacobiSvd } from './support/jacobiSvd.js';

const SETTINGS = { seed: 5, numRuns: 80 };

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

/** A matrix with these singular values, between random orthogonal matrices. */
function withSpectrum(values: readonly number[], seed: number): Float64Array {
  const n = values.length;
  const [left, right] = [seed, seed + 1].map((each) => jacobiSvd(normals(random(each), n * n), n).u);
  return Float64Array.from({ length: n * n }, (_, at) =>
    values.reduce((sum, value, j) => sum + value * left[j][Math.floor(at / n)] * right[j][at % n], 0),
  );
}

/** Largest difference of two lists, relative to the largest number of the second. */
function difference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(actual.length).toBe(expected.length);
  let [worst, largest] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    worst = Math.max(worst, Math.abs(actual[i] - expected[i]));
    largest = Math.max(largest, Math.abs(expected[i]));
  }
  return worst === 0 ? 0 : worst / largest;
}

/** sum_j s_j u_j v_j^T. */
function product({ s, ut, vt }: Svd, n: number): Float64Array {
  const result = new Float64Array(n * n);
  for (let j = 0; j < s.length; j++) {
    for (let i = 0; i < n; i++) {
      for (let k = 0; k < n; k++) result[i * n + k] += s[j] * ut[j * n + i] * vt[j * n + k];
    }
  }
  return result;
}

function expectOrthonormal(rows: Float64Array, count: number, n: number, tolerance = 1e-12): void {
  for (let i = 0; i < count; i++) {
    for (let j = 0; j <= i; j++) {
      let dot = 0;
      for (let k = 0; k < n; k++) dot += rows[i * n + k] * rows[j * n + k];
      expect(Math.abs(dot - Number(i === j))).toBeLessThan(tolerance);
    }
  }
}

describe('svd', () => {
  it('equals one-sided Jacobi rotations, and its vectors make the matrix again', () => {
    fc.assert(
      fc.property(matrices, ({ a, n }) => {
        const result = svd(a, n);
        expect(difference(result.s, jacobiSvd(a, n).s)).toBeLessThan(1e-12);
        expect(difference(product(result, n), a)).toBeLessThan(1e-12);
        expectOrthonormal(result.ut, n, n);
        expectOrthonormal(result.vt, n, n);
      }),
      SETTINGS,
    );
  });

  it.each([
    ['all different', [9, 5, 2, 1, 0.5, 0.1]],
    ['repeated', [3, 3, 3, 1, 1, 0.25]],
    ['all the same', [2, 2, 2, 2, 2, 2]],
    ['repeated, and no full rank', [4, 4, 1, 1, 0, 0, 0]],
    ['rank one', [7, 0, 0, 0]],
    ['over twelve decades', [1, 1e-3, 1e-6, 1e-9, 1e-12]],
    ['one', [5]],
  ])('finds singular values that were put in: %s', (_, values) => {
    const n = values.length;
    for (const seed of [1, 2, 3]) {
      const result = svd(withSpectrum(values, seed), n);
      expect(difference(result.s, values)).toBeLessThan(1e-13);
      expectOrthonormal(result.ut, n, n);
      expectOrthonormal(result.vt, n, n);
    }
  });

  it.each([1, 2, 5])('of a zero matrix of size %i has zero values and still orthonormal vectors', (n) => {
    const { s, ut, vt } = svd(new Float64Array(n * n), n);
    expect([...s]).toEqual(new Array(n).fill(0));
    expectOrthonormal(ut, n, n);
    expectOrthonormal(vt, n, n);
  });

  it('does not mind zeros on a bidiagonal, nor negative diagonals', () => {
    // Already bidiagonal: the iteration itself meets the zeros, at the top, in the middle and at the end.
    for (const diagonal of [
      [0, 2, 3, 4],
      [1, 0, 3, 4],
      [1, 2, 3, 0],
      [0, 0, 0, 0],
      [-1, -2, 0, -4],
    ]) {
      const a = new Float64Array(16);
      for (let k = 0; k < 4; k++) {
        a[k * 4 + k] = diagonal[k];
        if (k < 3) a[k * 4 + k + 1] = 1;
      }
      const result = svd(a, 4);
      expect(difference(result.s, jacobiSvd(a, 4).s)).toBeLessThan(1e-13);
      expect(difference(product(result, 4), a)).toBeLessThan(1e-13);
    }
  });

  it.each([1e-200, 1e200])('neither overflows nor vanishes for elements about %d', (scale) => {
    const plain = Float64Array.from(normals(random(8), 25));
    const scaled = svd(
      plain.map((element) => element * scale),
      5,
    );
    expect(
      difference(
        scaled.s.map((value) => value / scale),
        svd(plain, 5).s,
      ),
    ).toBeLessThan(1e-13);
    expectOrthonormal(scaled.ut, 5, 5);
  });

  it('asked for fewer, gives the first: the best approximation of that rank', () => {
    const n = 7;
    const a = withSpectrum([64, 32, 16, 8, 4, 2, 1], 4);
    const naive = jacobiSvd(a, n);
    for (const count of [0, 1, 3, 6]) {
      const result = svd(a, n, count);
      expect([result.s.length, result.ut.length, result.vt.length]).toEqual([count, count * n, count * n]);
      expect(difference(result.s, naive.s.slice(0, count))).toBeLessThan(1e-10);
      const wanted = product(
        {
          s: Float64Array.from(naive.s.slice(0, count)),
          ut: Float64Array.from(naive.u.flat()),
          vt: Float64Array.from(naive.v.flat()),
        },
        n,
      );
      expect(difference(product(result, n), wanted)).toBeLessThan(1e-10);
    }
  });

  it('leaves the matrix as it was', () => {
    const a = Float64Array.from(normals(random(3), 36));
    const before = [...a];
    svd(a, 6);
    expect([...a]).toEqual(before);
  });
});

describe('symmetricEigen', () => {
  it('gives eigenvalues, and unit vectors that the matrix only stretches', () => {
    fc.assert(
      fc.property(matrices, fc.integer({ min: 1, max: 12 }), ({ a, n }, wanted) => {
        const symmetric = gram(a, n, n);
        const count = Math.min(n, wanted);
        const { values, vectors } = symmetricEigen(symmetric, n, count);
        const expected = jacobiEigenvalues(symmetric, n);
        const scale = Math.max(expected[0], 1e-300);
        const all = symmetricValues(symmetric, n);
        for (let j = 0; j < n; j++) expect(Math.abs(all[j] - expected[j]) / scale).toBeLessThan(1e-12);
        for (let j = 0; j < count; j++) expect(Math.abs(values[j] - expected[j]) / scale).toBeLessThan(1e-12);
        for (let j = 0; j < count; j++) {
          for (let i = 0; i < n; i++) {
            let sum = 0;
            for (let k = 0; k < n; k++) sum += symmetric[i * n + k] * vectors[j * n + k];
            expect(Math.abs(sum - values[j] * vectors[j * n + i]) / scale).toBeLessThan(1e-10);
          }
        }
        expectOrthonormal(vectors, count, n, 1e-9);
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
        // A pivot that counts as zero leaves out its square root, at most.
        expect(difference(gram(r, n, n), g)).toBeLessThan(1e-7);
      }),
      SETTINGS,
    );
  });

  it('of a matrix of full rank is its Cholesky factor, with the singular values of what was multiplied', () => {
    for (const seed of [1, 2, 3]) {
      const a = withSpectrum([8, 5, 4, 2, 2, 1], seed);
      const g = gram(a, 6, 6);
      const r = gramFactor(g, 6);
      expect(difference(gram(r, 6, 6), g)).toBeLessThan(1e-14);
      expect(difference(jacobiSvd(r, 6).s, jacobiSvd(a, 6).s)).toBeLessThan(1e-10);
      for (let i = 0; i < 6; i++) expect(r[i * 7]).toBeGreaterThan(0);
    }
  });

  it.each([
    ['zero', [0, 0, 0, 0, 0, 0, 0, 0, 0]],
    ['a neuron that never fires', [1, 0, 2, 3, 0, 4, 5, 0, 6]],
    ['the first never fires', [0, 1, 2, 0, 3, 4, 0, 5, 6]],
    ['twice the same neuron', [1, 1, 2, 3, 3, 4, 5, 5, 6]],
    ['one the sum of the others', [1, 2, 3, 3, 4, 7, 5, 6, 11]],
  ])('keeps exact ranks: %s', (_, a) => {
    const g = gram(a, 3, 3);
    expect(difference(gram(gramFactor(g, 3), 3, 3), g)).toBeLessThan(1e-14);
  });

  it('has zero rows where the rank ends', () => {
    const r = gramFactor(gram([1, 1, 2, 3, 3, 4, 5, 5, 6], 3, 3), 3);
    expect([...r.subarray(3, 6)]).toEqual([0, 0, 0]);
    expect(r[8]).toBeGreaterThan(0);
  });
});
