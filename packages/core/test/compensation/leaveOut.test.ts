import type { Branch } from '@snp/graph';
import { encodeModel, type Model } from '@snp/onnx';
import { onnxRuntime, tensors } from '@snp/runtime';
import { runModel } from '@snp/testing';
import { describe, expect, it } from 'vitest';
import { lastLayer } from '../../src/layers/branchLayers.js';
import { readerRows } from '../../src/layers/linearReader.js';
import { compensated } from '../support/compensated.js';
import { apply, emptyPlan, type Plan, prepare, prune, verify } from '../support/core.js';
import { branches } from '../support/plugins.js';
import { smallVit, smallVitFeeds } from '../support/smallVit.js';

const model = smallVit();
const SAMPLES = 16;
const calibration = tensors(async function* () {
  for (let seed = 0; seed < SAMPLES; seed++) yield smallVitFeeds(seed);
});
const runtime = onnxRuntime();
const analysis = prepare(model);
const options = { calibration, runtime, holdBack: false } as const;

function branchOf(id: string, of = analysis): Branch {
  return of.branches.find((branch) => branch.id === id)!;
}

function layerOf(id: string, of = analysis) {
  const layer = lastLayer(branchOf(id, of));
  if (typeof layer === 'string') throw new Error(layer);
  return layer;
}

/** A plan of branches that leave, and of others. */
function without(ids: readonly string[], groups: Plan['groups'] = {}): Plan {
  const gone = Object.fromEntries(ids.map((id) => [id, { units: 1, lanes: 1, keep: [] }]));
  return { ...emptyPlan(analysis), groups: { ...groups, ...gone } };
}

/** Rows of a value over all samples. */
async function rowsOf(name: string): Promise<number[][]> {
  const copy = prepare(model).model;
  const value = copy.graph.value(name);
  value.type = { elementType: 'FLOAT', shape: undefined };
  copy.graph.outputs.push(value);
  const rows: number[][] = [];
  for (let seed = 0; seed < SAMPLES; seed++) {
    const { data, dims } = (await runModel(copy, smallVitFeeds(seed)))[name];
    const width = dims.at(-1)!;
    for (let at = 0; at < data.length; at += width) rows.push([...(data as Float32Array).subarray(at, at + width)]);
  }
  return rows;
}

const mean = (rows: number[][]) => rows[0].map((_, at) => rows.reduce((sum, row) => sum + row[at], 0) / rows.length);

/** Solves A X = B by elimination with pivots. */
function solve(a: number[][], b: number[][]): number[][] {
  const rows = a.map((row, i) => [...row, ...b[i]]);
  const n = a.length;
  for (let i = 0; i < n; i++) {
    const pivot = rows
      .slice(i)
      .reduce((best, row, at) => (Math.abs(row[i]) > Math.abs(rows[best][i]) ? i + at : best), i);
    [rows[i], rows[pivot]] = [rows[pivot], rows[i]];
    rows[i] = rows[i].map((x) => x / rows[i][i]);
    for (let j = 0; j < n; j++) {
      const factor = rows[j][i];
      if (j !== i) rows[j] = rows[j].map((x, at) => x - factor * rows[i][at]);
    }
  }
  return rows.map((row) => row.slice(n));
}

/** Ridge regression of y on x, about means, by the textbook: half the mean variance of x as ridge. */
function regression(x: number[][], y: number[][]) {
  const [mx, my] = [mean(x), mean(y)];
  const n = mx.length;
  const products = (a: number[][], ma: number[], b: number[][], mb: number[]) =>
    ma.map((_, i) =>
      mb.map((__, j) => a.reduce((sum, row, r) => sum + (row[i] - ma[i]) * (b[r][j] - mb[j]), 0) / a.length),
    );
  const own = products(x, mx, x, mx);
  const ridge = (0.5 * own.reduce((sum, row, i) => sum + row[i], 0)) / n;
  for (let i = 0; i < n; i++) own[i][i] += ridge;
  const weights = solve(own, products(x, mx, y, my));
  return { weights, offset: my.map((m, o) => m - mx.reduce((sum, x0, i) => sum + x0 * weights[i][o], 0)) };
}

/** What the last layer of a branch gained, beside the regression of what others gave on its neurons. */
async function gained(predecessor: string, gone: readonly string[], changed: typeof analysis) {
  const before = layerOf(predecessor);
  const x = await rowsOf(before.site.value.name);
  const added = await Promise.all(gone.map((id) => rowsOf(branchOf(id).sum.inputs[1 - branchOf(id).stream]!.name)));
  const y = added[0].map((row, r) => row.map((_, o) => added.reduce((sum, rows) => sum + rows[r][o], 0)));
  const want = regression(x, y);
  const after = layerOf(predecessor, changed);
  const difference = (a: ArrayLike<number>, b: ArrayLike<number>) => Array.from(a, (element, at) => element - b[at]);
  return {
    want: [...want.weights.flat(), ...want.offset],
    got: [
      ...difference(readerRows(after), readerRows(before)),
      ...difference(after.bias!.tensor!.numbers(), before.bias!.tensor!.numbers()),
    ],
  };
}

async function errorOf(pruned: Model): Promise<number> {
  let error = 0;
  for (let seed = 0; seed < SAMPLES; seed++) {
    const [want, got] = [await runModel(model, smallVitFeeds(seed)), await runModel(pruned, smallVitFeeds(seed))];
    for (const [at, x] of (want.logits.data as Float32Array).entries())
      error += (x - (got.logits.data as Float32Array)[at]) ** 2;
  }
  return error;
}

describe('a branch that leaves', () => {
  it.each([
    ['attention behind an FFN', 'blocks.0.ffn-branch', ['blocks.1.attention-branch']],
    ['an FFN behind attention', 'blocks.1.attention-branch', ['blocks.1.ffn-branch']],
    ['a whole block', 'blocks.1.ffn-branch', ['blocks.2.attention-branch', 'blocks.2.ffn-branch']],
  ])('becomes the affine map of the neurons before it: %s', async (_, predecessor, gone) => {
    const result = await apply(model, without(gone), { ...options, compensation: 'full' });
    const full = await compensated(model, without(gone), { ...options, kind: 'full' });
    const { want, got } = await gained(predecessor, gone, full);
    const scale = Math.max(...want.map(Math.abs));
    expect(scale).toBeGreaterThan(1e-3);
    for (const [at, x] of want.entries()) expect(Math.abs(got[at] - x)).toBeLessThan(1e-4 * scale);
    const report = await verify(result.analysis, result.model, result.plan, { runtime });
    expect(report.passed).toBe(true);
  });

  it('leaves its work to neurons of which some leave, too', async () => {
    const ffn = analysis.groups.find(({ id }) => id === 'blocks.0.ffn')!;
    const half = { units: ffn.units, lanes: 1, keep: Array.from({ length: ffn.units / 2 }, (_, at) => 2 * at) };
    const gone = ['blocks.1.attention-branch'];
    const plan = without(gone, { [ffn.id]: half });
    const recovered = await apply(model, plan, { ...options, compensation: 'full' });
    expect((await verify(analysis, recovered.model, recovered.plan, { runtime })).passed).toBe(true);
    const plain = await apply(model, plan, { ...options, compensation: 'none' });
    expect(await errorOf(recovered.model)).toBeLessThan(0.7 * (await errorOf(plain.model)));
  });

  it('may be one that others look for in vain: those further in front take its mean', async () => {
    const gone = ['blocks.1.attention-branch', 'blocks.1.ffn-branch', 'blocks.2.attention-branch'];
    const full = await compensated(model, without(gone), { ...options, kind: 'full' });
    const [first, last] = [gone.slice(0, 2), gone[2]];
    const { want, got } = await gained('blocks.0.ffn-branch', first, full);
    const { stream, sum } = branchOf(last);
    const rest = mean(await rowsOf(sum.inputs[1 - stream]!.name));
    const weights = want.length - rest.length;
    for (const [o, x] of rest.entries()) want[weights + o] += x;
    const scale = Math.max(...want.map(Math.abs));
    for (const [at, x] of want.entries()) expect(Math.abs(got[at] - x)).toBeLessThan(1e-4 * scale);
  });

  it('changes no bits of plans that leave it where it is', async () => {
    const budget = { macs: 0.8 };
    const { plan } = await prune(model, { ...options, budget });
    const alone = await apply(model, plan, options);
    const beside = await apply(model, plan, options);
    expect(encodeModel(beside.model)).toEqual(encodeModel(alone.model));
    const mixed = await prune(model, { ...options, budget: { macs: 0.6 }, plugins: [branches] });
    const again = await apply(model, mixed.plan, options);
    expect(encodeModel(again.model)).toEqual(encodeModel(mixed.model));
  });
});
