import { normals, random } from '@snp/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { solvePositive } from '../src/index.js';
import { gram } from './support/jacobi.js';

describe('solvePositive', () => {
  it('solves what a positive definite matrix was multiplied with', () => {
    const sizes = fc.record({
      n: fc.integer({ min: 1, max: 12 }),
      columns: fc.integer({ min: 1, max: 5 }),
      seed: fc.nat(1000),
    });
    fc.assert(
      fc.property(sizes, ({ n, columns, seed }) => {
        const draw = random(seed);
        const matrix = gram(normals(draw, 2 * n * n), 2 * n, n);
        for (let i = 0; i < n; i++) matrix[i * n + i] += 1;
        const solution = normals(draw, n * columns);
        const product = new Float64Array(n * columns);
        for (let i = 0; i < n; i++) {
          for (let j = 0; j < columns; j++) {
            for (let k = 0; k < n; k++) product[i * columns + j] += matrix[i * n + k] * solution[k * columns + j];
          }
        }
        const found = solvePositive(matrix, n, product, columns)!;
        for (let at = 0; at < found.length; at++) expect(Math.abs(found[at] - solution[at])).toBeLessThan(1e-9);
      }),
      { seed: 6, numRuns: 80 },
    );
  });

  it('says when a matrix is not positive definite', () => {
    expect(solvePositive(Float64Array.from([1, 2, 2, 1]), 2, Float64Array.from([1, 1]), 1)).toBeUndefined();
    expect(solvePositive(new Float64Array(4), 2, Float64Array.from([1, 1]), 1)).toBeUndefined();
  });
});
