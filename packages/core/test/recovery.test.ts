import { onnxRuntime, tensors } from '@snp/runtime';
import { buildVit, inputs, normals, random, relativeError, runModel } from '@snp/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyPlan, criterionByName, predictMeans, predictRemoved, prune, type SecondMoments } from '../src/index.js';
import { difference } from './support/equivalence.js';

/** Rows of correlated numbers: `rank` sources mixed into `n` columns, with offsets. */
function rowsOf({
  n,
  rank,
  count,
  seed,
  scale,
}: {
  n: number;
  rank: number;
  count: number;
  seed: number;
  scale: number;
}): number[][] {
  const draw = random(seed);
  const mixing = normals(draw, rank * n);
  const offsets = normals(draw, n);
  return Array.from({ length: count }, () => {
    const sources = normals(draw, rank);
    return Array.from(
      { length: n },
      (_, j) => scale * (offsets[j] + sources.reduce((sum, source, k) => sum + source * mixing[k * n + j], 0)),
    );
  });
}

function momentsOf(rows: readonly (readonly number[])[]): SecondMoments {
  const n = rows[0].length;
  const sums = new Float64Array(n);
  const products = new Float64Array(n * n);
  for (const row of rows) {
    for (let i = 0; i < n; i++) {
      sums[i] += row[i];
      for (let j = 0; j < n; j++) products[i * n + j] += row[i] * row[j];
    }
  }
  return { count: rows.length, sums, products };
}

/** Mean squared error of predicting removed columns, computed row by row. */
function errorOf(
  rows: readonly (readonly number[])[],
  kept: number[],
  removed: number[],
  { weights, offsets }: { weights: Float64Array; offsets: Float64Array },
): number {
  let sum = 0;
  for (const row of rows) {
    removed.forEach((column, j) => {
      const predicted = kept.reduce(
        (total, other, i) => total + weights[i * removed.length + j] * row[other],
        offsets[j],
      );
      sum += (row[column] - predicted) ** 2;
    });
  }
  return sum / rows.length;
}

const problems = fc.record({
  n: fc.integer({ min: 2, max: 10 }),
  rank: fc.integer({ min: 1, max: 10 }),
  count: fc.integer({ min: 1, max: 60 }),
  seed: fc.nat(10_000),
  scale: fc.constantFrom(1e-12, 1, 1e9),
});

describe('predicting what leaves from what stays', () => {
  it('is never worse than its mean, which is never worse than nothing', () => {
    fc.assert(
      fc.property(problems, (problem) => {
        const rows = rowsOf(problem);
        const kept = Array.from({ length: Math.ceil(problem.n / 2) }, (_, i) => i);
        const removed = Array.from({ length: problem.n - kept.length }, (_, i) => kept.length + i);
        const moments = momentsOf(rows);
        const ridge = predictRemoved(moments, kept, removed, { centred: true })!;
        const nothing = {
          weights: new Float64Array(kept.length * removed.length),
          offsets: new Float64Array(removed.length),
        };
        const errors = [ridge, predictMeans(moments, kept, removed), nothing].map((prediction) =>
          errorOf(rows, kept, removed, prediction),
        );
        expect(errors.every(Number.isFinite)).toBe(true);
        const slack = 1e-9 * errors[2];
        expect(errors[0]).toBeLessThanOrEqual(errors[1] + slack);
        expect(errors[1]).toBeLessThanOrEqual(errors[2] + slack);
      }),
      { seed: 11, numRuns: 150 },
    );
  });

  it('without an intercept is never worse than nothing', () => {
    fc.assert(
      fc.property(problems, (problem) => {
        const rows = rowsOf(problem);
        const [kept, removed] = [[0], Array.from({ length: problem.n - 1 }, (_, i) => i + 1)];
        const prediction = predictRemoved(momentsOf(rows), kept, removed, { centred: false })!;
        expect([...prediction.offsets].every((offset) => offset === 0)).toBe(true);
        const nothing = { weights: new Float64Array(removed.length), offsets: new Float64Array(removed.length) };
        expect(errorOf(rows, kept, removed, prediction)).toBeLessThanOrEqual(
          errorOf(rows, kept, removed, nothing) * (1 + 1e-9),
        );
      }),
      { seed: 12, numRuns: 80 },
    );
  });

  it('is exact where what leaves is a mixture of what stays', () => {
    const rows = rowsOf({ n: 8, rank: 3, count: 50, seed: 1, scale: 1 });
    const prediction = predictRemoved(momentsOf(rows), [0, 1, 2, 3], [4, 5, 6, 7], { centred: true, ridge: 1e-11 })!;
    expect(errorOf(rows, [0, 1, 2, 3], [4, 5, 6, 7], prediction)).toBeLessThan(1e-9);
  });

  it('is finite for constant, single and huge samples', () => {
    for (const rows of [
      Array(5).fill([1, 2, 3, 4]),
      [[1, 2, 3, 4]],
      Array(4).fill([0, 0, 0, 0]),
      [
        [1e150, 1, 1e150, 2],
        [3, 1, 1e150, 4],
      ],
    ]) {
      const prediction = predictRemoved(momentsOf(rows), [0, 1], [2, 3], { centred: true });
      if (prediction) expect([...prediction.weights, ...prediction.offsets].every(Number.isFinite)).toBe(true);
    }
  });
});

describe('prune with recovery', () => {
  const size = {
    image: 16,
    patch: 4,
    residual: 24,
    depth: 2,
    heads: 3,
    blocks: { queryKey: 8, value: 8, ffn: 48 },
    classes: 7,
  };
  const model = buildVit(size);
  const feeds = (seed: number, batch = 1) =>
    inputs([{ name: 'input', dtype: 'float', shape: [1, 3, 16, 16], fill: 'normal' }], { seed, batch });
  const calibration = tensors(async function* () {
    for (let seed = 0; seed < 40; seed++) yield feeds(seed);
  });
  const runtime = onnxRuntime();
  const options = { ratios: { ffn: 0.4, value: 0.25 }, criterion: criterionByName('l2'), calibration, runtime };

  it('comes closer to the original with every kind', async () => {
    const want = await runModel(model, feeds(1000, 16));
    const errors = [];
    for (const recovery of ['none', 'mean', 'ridge'] as const) {
      const { model: pruned } = await prune(model, { ...options, recovery });
      const got = await runModel(pruned, feeds(1000, 16));
      errors.push(relativeError(got.logits.data as Float32Array, want.logits.data as Float32Array));
    }
    expect(errors[2]).toBeLessThan(errors[0]);
    expect(errors[1]).toBeLessThan(errors[0] * 1.05);
    expect(errors[2]).toBeLessThan(errors[1]);
  });

  it('has the operators and shapes of the model without recovery, and equals its masked self', async () => {
    const [plain, ridge] = [await prune(model, options), await prune(model, { ...options, recovery: 'ridge' })];
    expect(ridge.plan).toEqual(plain.plan);
    expect(ridge.model.graph.nodes.map((node) => node.op)).toEqual(plain.model.graph.nodes.map((node) => node.op));
    expect(ridge.report.cost.after).toEqual(plain.report.cost.after);
    expect(await difference(ridge.analysis, ridge.plan, feeds(5, 2))).toBeLessThan(1e-4);
    expect(ridge.report.groups.filter(({ removed }) => removed.length > 0).map(({ recovery }) => recovery)).toEqual(
      Array(4).fill('done'),
    );
  });

  it('says which groups it could do nothing for', async () => {
    const { report } = await prune(model, { ...options, ratios: { 'query-key': 0.5 }, recovery: 'mean' });
    const reasons = report.groups.filter(({ removed }) => removed.length > 0).map(({ recovery }) => recovery);
    expect(reasons).toEqual(Array(2).fill('no mean recovery for groups of kind query-key'));
  });

  it('works for a given plan, and needs data', async () => {
    const first = await prune(model, { ...options, recovery: 'ridge' });
    const again = await prune(model, { plan: first.plan, recovery: 'ridge', calibration, runtime });
    for (const value of first.model.graph.initializers) {
      expect(again.model.graph.value(value.name).tensor!.bytes()).toEqual(value.tensor!.bytes());
    }
    await expect(
      prune(model, { ratios: { ffn: 0.5 }, criterion: criterionByName('l2'), recovery: 'ridge' }),
    ).rejects.toThrow(/give it typical inputs/);
    expect(applyPlan(first.analysis, first.plan).graph.nodes.length).toBe(first.model.graph.nodes.length);
  });
});
