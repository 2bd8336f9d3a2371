import { analyze } from '@snp/graph';
import type { Model } from '@snp/onnx';
import { onnxRuntime, solvePositive, tensors } from '@snp/runtime';
import { random, withSession } from '@snp/testing';
import { describe, expect, it } from 'vitest';
import { Algebra } from '../../src/algebra/algebra.js';
import { lastLayer } from '../../src/layers/branchLayers.js';
import { hiddenLayers } from '../../src/reconstruction/hiddenLayer.js';
import { type RegressionSums, shrunkRegression } from '../../src/reconstruction/shrunkRegression.js';
import { apply, open, prepare, prune, reconstruct, verify } from '../support/core.js';
import { smallVit, smallVitFeeds } from '../support/smallVit.js';

const [INPUTS, OUTPUTS] = [5, 3];

/** Rows x, and y = x A + b + noise. */
function rowsOf(count: number, seed: number, noise: number) {
  const draw = random(seed);
  const rule = random(99);
  const map = Array.from({ length: INPUTS }, () => Array.from({ length: OUTPUTS }, () => rule.normal()));
  return Array.from({ length: count }, () => {
    const x = Array.from({ length: INPUTS }, (_, i) => 2 + (i + 1) * draw.normal());
    const y = map[0].map((_, o) => 1 + noise * draw.normal() + x.reduce((sum, xi, i) => sum + xi * map[i][o], 0));
    return { x, y };
  });
}
type Rows = ReturnType<typeof rowsOf>;

function sumsOf(rows: Rows): RegressionSums {
  const sums = {
    count: rows.length,
    inputs: new Float64Array(INPUTS),
    outputs: new Float64Array(OUTPUTS),
    squares: new Float64Array(INPUTS ** 2),
    products: new Float64Array(INPUTS * OUTPUTS),
  };
  for (const { x, y } of rows) {
    for (const [i, xi] of x.entries()) {
      sums.inputs[i] += xi;
      for (const [j, xj] of x.entries()) sums.squares[i * INPUTS + j] += xi * xj;
      for (const [o, yo] of y.entries()) sums.products[i * OUTPUTS + o] += xi * yo;
    }
    for (const [o, yo] of y.entries()) sums.outputs[o] += yo;
  }
  return sums;
}

/** By the textbook, row by row: means, and weights of a ridge beside the mean variance. */
function ridgeOf(rows: Rows, ridge: number) {
  const mean = (key: 'x' | 'y', at: number) => rows.reduce((sum, row) => sum + row[key][at], 0) / rows.length;
  const mx = Array.from({ length: INPUTS }, (_, i) => mean('x', i));
  const my = Array.from({ length: OUTPUTS }, (_, o) => mean('y', o));
  const c = new Float64Array(INPUTS ** 2);
  const b = new Float64Array(INPUTS * OUTPUTS);
  for (const { x, y } of rows) {
    for (let i = 0; i < INPUTS; i++) {
      for (let j = 0; j < INPUTS; j++) c[i * INPUTS + j] += ((x[i] - mx[i]) * (x[j] - mx[j])) / rows.length;
      for (let o = 0; o < OUTPUTS; o++) b[i * OUTPUTS + o] += ((x[i] - mx[i]) * (y[o] - my[o])) / rows.length;
    }
  }
  const trace = mx.reduce((sum, _, i) => sum + c[i * (INPUTS + 1)], 0);
  for (let i = 0; i < INPUTS; i++) c[i * (INPUTS + 1)] += (ridge * trace) / INPUTS;
  return { mx, my, weights: solvePositive(c, INPUTS, b, OUTPUTS)! };
}

/** Squares of what a step along a fit leaves of rows that it has not seen. */
function unseenError({ mx, my, weights }: ReturnType<typeof ridgeOf>, step: number, rows: Rows): number {
  return rows.reduce((sum, { x, y }) => {
    const left = y.map(
      (yo, o) => yo - my[o] - step * x.reduce((s, xi, i) => s + (xi - mx[i]) * weights[i * OUTPUTS + o], 0),
    );
    return sum + left.reduce((s, l) => s + l * l, 0);
  }, 0);
}

describe('a regression that halves of the samples agree on', () => {
  const algebra = new Algebra();

  const SHARES = Array.from({ length: 101 }, (_, at) => at / 100);
  const least = (errors: readonly number[]) => errors.indexOf(Math.min(...errors));

  it.each([0.5, 8, 30])(
    'takes the mean of both, by the ridge and the step that leave least of what each half has not seen (noise %d)',
    async (noise) => {
      const [a, b] = [rowsOf(12, 1, noise), rowsOf(12, 2, noise)];
      const found = (await shrunkRegression([sumsOf(a), sumsOf(b)], { centred: true, algebra }))!;
      // Every step in hundredths: of both ridges of the first half, then of both halves.
      const ridges = [0.1, 1];
      const ofFirst = ridges.map((ridge) =>
        Math.min(...SHARES.map((share) => unseenError(ridgeOf(a, ridge), share, b))),
      );
      const ridge = ridges[least(ofFirst)];
      const [first, second] = [ridgeOf(a, ridge), ridgeOf(b, ridge)];
      const share = SHARES[least(SHARES.map((own) => unseenError(first, own, b) + unseenError(second, own, a)))];
      expect(share).toBeGreaterThan(0);
      const mean = first.weights.map((weight, at) => (weight + second.weights[at]) / 2);
      const step = found.weights[0] / mean[0];
      expect(step).toBeLessThan(share + 0.0051);
      expect(step).toBeGreaterThan(share - 0.0051);
      for (const [at, weight] of mean.entries()) expect(found.weights[at]).toBeCloseTo(step * weight, 9);
      const { mx, my } = ridgeOf([...a, ...b], ridge);
      for (const [o, mean] of my.entries()) {
        const carried = mx.reduce((sum, x, i) => sum + x * found.weights[i * OUTPUTS + o], 0);
        expect(found.offset[o]).toBeCloseTo(mean - carried, 9);
      }
    },
  );

  it('changes nothing where halves contradict each other', async () => {
    const rows = rowsOf(12, 1, 0);
    const contrary = rows.map(({ x, y }) => ({ x, y: y.map((yo) => -yo) }));
    expect(await shrunkRegression([sumsOf(rows), sumsOf(contrary)], { centred: true, algebra })).toBeUndefined();
  });
});

const SAMPLES = 32;
const runtime = onnxRuntime();
const vit = smallVit();
const calibration = tensors(() => Array.from({ length: SAMPLES }, (_, seed) => smallVitFeeds(seed)), {
  count: SAMPLES,
});

/** A value of a model on samples. */
async function valuesOf(model: Model, name: string, seeds: readonly number[]): Promise<Float32Array[]> {
  const { model: copy } = prepare(model);
  const value = copy.graph.value(name);
  value.type = { elementType: 'FLOAT', shape: undefined };
  if (!copy.graph.outputs.includes(value)) copy.graph.outputs.push(value);
  return withSession(copy, async (run) => {
    const values = [];
    for (const seed of seeds) values.push((await run(smallVitFeeds(seed), [name]))[name].data as Float32Array);
    return values;
  });
}

async function streamError(pruned: Model, name: string): Promise<number> {
  const seeds = Array.from({ length: SAMPLES / 4 }, (_, at) => 4 * at);
  const [want, got] = [await valuesOf(vit, name, seeds), await valuesOf(pruned, name, seeds)];
  return want.reduce(
    (error, values, sample) => error + values.reduce((sum, x, at) => sum + (x - got[sample][at]) ** 2, 0),
    0,
  );
}

describe('branches of a pruned model', () => {
  const options = { calibration, runtime, holdBack: false, ratios: { value: 0.5, ffn: 0.5 } } as const;

  it('are refitted towards the stream of the original, one after the other', async () => {
    const plain = await prune(vit, { ...options, reconstruct: false });
    const refitted = await prune(vit, options);
    const gains = [];
    for (const { sum } of prepare(vit).branches) {
      const { name } = sum.outputs[0]!;
      gains.push((await streamError(refitted.model, name)) / (await streamError(plain.model, name)));
    }
    // The first have hardly an error before them to make up for.
    expect(Math.max(...gains)).toBeLessThan(1.001);
    expect(gains.at(-1)).toBeLessThan(0.95);
    const proof = await verify(refitted.analysis, refitted.model, refitted.plan, { runtime });
    expect(proof.passed).toBe(true);
  });

  it('keep all weights but those of their last and their hidden layers', async () => {
    const { model } = await prune(vit, { ...options, compensation: 'none' });
    const analysis = analyze(model);
    const weights = (of: Model) => new Map(of.graph.initializers.map(({ name, tensor }) => [name, tensor]));
    const before = weights(model);
    const refitted = await reconstruct(await open(vit, { calibration, runtime }), model);
    expect([...weights(model)]).toEqual([...before]);
    const own = analysis.branches.flatMap((branch) => {
      const layer = lastLayer(branch);
      return typeof layer === 'string' ? [] : [layer, ...hiddenLayers(layer)];
    });
    const names = own.flatMap((layer) => [
      'weight' in layer ? layer.weight.name : layer.member.initializer.name,
      layer.bias!.name,
    ]);
    const changed = [...weights(refitted.model)]
      .filter(([name, tensor]) => before.get(name) !== tensor)
      .map(([name]) => name);
    expect(names).toHaveLength(18);
    expect(changed.sort()).toEqual(names.sort());
  });

  it('stay as they are where there is nothing to make up for', async () => {
    const context = await open(vit, { calibration, runtime });
    const { model } = await reconstruct(context, context.analysis.model);
    for (const { name, tensor } of model.graph.initializers)
      expect(tensor!.bytes()).toEqual(context.analysis.model.graph.value(name).tensor!.bytes());
  });

  it('that are no more are done by the branch before them', async () => {
    const gone = 'blocks.1.attention-branch';
    const plan = { ...(await prune(vit, { ...options, ratios: { ffn: 0.01 } })).plan };
    const without = { ...plan, groups: { [gone]: { units: 1, lanes: 1, keep: [] } } };
    const by = (reconstruct: boolean) =>
      apply(
        vit,
        { ...without, compensation: { kind: 'full', correctBias: true, reconstruct } },
        { calibration, runtime },
      );
    const [plain, refitted] = [await by(false), await by(true)];
    const sums = prepare(vit).branches.map(({ sum }) => sum.outputs[0]!.name);
    expect(plain.model.graph.values.has(sums[2])).toBe(false);
    const last = sums.at(-1)!;
    expect(await streamError(refitted.model, last)).toBeLessThan(0.98 * (await streamError(plain.model, last)));
    expect((await verify(refitted.analysis, refitted.model, refitted.plan, { runtime })).passed).toBe(true);
  });
});
