import { random } from '@snp/testing';
import { describe, expect, it } from 'vitest';
import { nonNegativeLeastSquares, speedUp, summarize } from '../src/index.js';
import { studentQuantile } from '../src/statistics/studentQuantile.js';

describe('a summary', () => {
  it('is that of the definitions', () => {
    const summary = summarize([5, 1, 4, 2, 3]);
    expect(summary).toMatchObject({ runs: 5, median: 3, mean: 3, min: 1, max: 5, outliers: 0 });
    // Type 7 of Hyndman and Fan: position 0.9 x 4 = 3.6 among 1 to 5.
    expect(summary.p90).toBeCloseTo(4.6, 12);
    expect(summary.deviation).toBeCloseTo(Math.sqrt(2.5), 12);
  });

  it('counts outliers and keeps them', () => {
    const summary = summarize([...Array(99).fill(1), 100].map((time, at) => time + at / 1000));
    expect(summary.outliers).toBe(1);
    expect(summary.max).toBeCloseTo(100.099, 9);
  });
});

describe('a speed-up', () => {
  /** Blocks of runs around a mean, with noise that a whole block shares. */
  const blocks = (mean: number, seed: number, shared = 0.01) => {
    const draw = random(seed);
    return Array.from({ length: 10 }, () => {
      const own = mean * (1 + shared * draw.normal());
      return Array.from({ length: 20 }, () => own * (1 + 0.02 * draw.normal()));
    });
  };

  it('holds 1 for models that are alike, in at least nineteen of twenty measurements', () => {
    const held = Array.from({ length: 60 }, (_, at) =>
      speedUp(blocks(10, 2 * at), blocks(10, 2 * at + 1), 'median', at),
    );
    expect(held.filter(({ low, high }) => low <= 1 && high >= 1).length).toBeGreaterThanOrEqual(57);
  });

  it('holds the true ratio, and not 1, where models differ', () => {
    const { ratio, low, high } = speedUp(blocks(10, 1), blocks(8, 2), 'mean');
    expect(ratio).toBeCloseTo(1.25, 1);
    expect(low).toBeGreaterThan(1);
    expect(low).toBeLessThanOrEqual(1.25);
    expect(high).toBeGreaterThanOrEqual(1.25);
  });

  it('does not see what slows both down alike', () => {
    const draw = random(5);
    const load = Array.from({ length: 10 }, () => 1 + 2 * draw.uniform());
    const loaded = (mean: number, seed: number) =>
      blocks(mean, seed, 0).map((block, at) => block.map((time) => time * load[at]));
    const { low, high } = speedUp(loaded(10, 1), loaded(8, 2), 'mean');
    expect(low).toBeGreaterThan(1.2);
    expect(high).toBeLessThan(1.3);
  });
});

describe("Student's quantile", () => {
  // Two-sided 99 % and 95 %, from any printed table.
  it.each([
    [0.99, 1, 63.657],
    [0.99, 2, 9.925],
    [0.99, 9, 3.25],
    [0.95, 4, 2.776],
    [0.95, 30, 2.042],
  ])('%f of %i degrees of freedom is %f', (level, freedom, quantile) => {
    expect(studentQuantile(level, freedom)).toBeCloseTo(quantile, 3);
  });
});

describe('non-negative least squares', () => {
  it('meets the conditions of a minimum (Karush, Kuhn and Tucker)', () => {
    for (let seed = 0; seed < 20; seed++) {
      const draw = random(seed);
      const rows = Array.from({ length: 30 }, () => Array.from({ length: 6 }, () => draw.normal()));
      const targets = rows.map((row) => row[0] - 2 * row[1] + 0.1 * draw.normal());
      const solution = nonNegativeLeastSquares(rows, targets, 0);
      const rest = rows.map((row, at) => row.reduce((sum, value, i) => sum + value * solution[i], 0) - targets[at]);
      solution.forEach((value, i) => {
        const gradient = rows.reduce((sum, row, at) => sum + row[i] * rest[at], 0);
        expect(value).toBeGreaterThanOrEqual(0);
        if (value > 0) expect(Math.abs(gradient)).toBeLessThan(1e-6);
        else expect(gradient).toBeGreaterThan(-1e-6);
      });
    }
  });
});
