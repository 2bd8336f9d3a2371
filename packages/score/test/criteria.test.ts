import { analyze, type Group } from '@snp/graph';
import { cloneModel, foldConstants, simplifyShapes } from '@snp/onnx';
import { onnxRuntime } from '@snp/runtime';
import { buildVit, random as draws, inputs, normals, runModel } from '@snp/testing';
import { describe, expect, it } from 'vitest';
import {
  activation,
  criterionByName,
  criterionNames,
  l1,
  l2,
  plainKernels,
  random,
  runtimeKernels,
  snp,
} from '../src/index.js';

const SIZE = {
  image: 16,
  patch: 4,
  residual: 12,
  depth: 1,
  heads: 3,
  blocks: { queryKey: 4, value: 5, ffn: 20 },
  classes: 7,
} as const;
const model = buildVit({ ...SIZE, qkv: 'separate' });
foldConstants(model);
simplifyShapes(model);
const analysis = analyze(model);
const group = (id: string) => analysis.groups.find((candidate) => candidate.id === id)!;
const weight = (name: string) => {
  const value = analysis.model.graph.initializers.find((candidate) => candidate.name === name)!;
  return { dims: value.tensor!.dims, data: value.tensor!.numbers() };
};
const context = (keep: number) => ({ keep, kernels: plainKernels });

/** Column `at` of a matrix, with element `at` of a bias behind it. */
function column(name: string, at: number): number[] {
  const { dims, data } = weight(`${name}.weight`);
  const own = Array.from({ length: dims[0] }, (_, row) => data[row * dims[1] + at]);
  return [...own, weight(`${name}.bias`).data[at]];
}

const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, element, k) => sum + element * b[k], 0);
const norm = (a: readonly number[]) => Math.sqrt(dot(a, a));

function expectClose(got: ArrayLike<number>, want: readonly number[]): void {
  expect(got.length).toBe(want.length);
  for (const [at, expected] of want.entries())
    expect(Math.abs(got[at] - expected)).toBeLessThan(1e-6 * Math.abs(expected) + 1e-12);
  const order = (scores: ArrayLike<number>) => [...want.keys()].sort((a, b) => scores[a] - scores[b]);
  expect(order(got)).toEqual(order(want));
}

/** Units in the order of the columns of one weight. */
function byUnit(target: Group, initializer: string, scores: readonly number[]): number[] {
  const member = target.members.find((candidate) => candidate.initializer.name === initializer)!;
  const result: number[] = [];
  member.unitOf.forEach((unit, position) => {
    result[unit] = scores[position];
  });
  return result;
}

describe('snp', () => {
  it.each([
    ['blocks.0.value', 'blocks.0.attn.v', 15],
    ['blocks.0.ffn', 'blocks.0.mlp.fc1', 20],
  ])('scores %s by how little neurons resemble each other, across all heads', async (id, layer, units) => {
    const columns = Array.from({ length: units }, (_, at) => column(layer, at).slice(0, -1)); // weights alone
    const want = columns.map((a) => columns.reduce((sum, b) => sum + 1 - Math.abs(dot(a, b)) / (norm(a) * norm(b)), 0));
    expectClose(await snp().score(group(id), {}, context(2)), byUnit(group(id), `${layer}.weight`, want));
  });

  it('scores residual channels by their norm in every weight, over its sum of squares', async () => {
    const residual = group('residual');
    const want = Array.from({ length: residual.units }, () => 0);
    for (const { initializer, axis, unitOf } of residual.members) {
      const { dims, data } = weight(initializer.name);
      const inner = dims.slice(axis + 1).reduce((product, dim) => product * dim, 1);
      const squares = want.map(() => 0);
      data.forEach((element: number, at: number) => {
        const unit = unitOf[Math.floor(at / inner) % dims[axis]];
        if (unit >= 0) squares[unit] += element * element;
      });
      const total = squares.reduce((sum, square) => sum + square, 0);
      if (total > 0)
        for (const [unit, square] of squares.entries())
          want[unit] += Math.sqrt(square) / total / residual.members.length;
    }
    expectClose(await snp().score(residual, {}, context(6)), want);
  });
});

describe('l1 and l2', () => {
  it('are norms of everything a unit owns', async () => {
    const ffn = group('blocks.0.ffn');
    const { dims, data } = weight('blocks.0.mlp.fc2.weight');
    const owned = Array.from({ length: 20 }, (_, at) => [
      ...column('blocks.0.mlp.fc1', at),
      ...data.slice(at * dims[1], (at + 1) * dims[1]),
    ]);
    expectClose(
      await l1().score(ffn, {}, context(5)),
      owned.map((all) => all.reduce((sum, element) => sum + Math.abs(element), 0)),
    );
    expectClose(await l2().score(ffn, {}, context(5)), owned.map(norm));
  });
});

describe('activation', () => {
  it('is the variance of a hidden neuron times the squared norm of its outgoing weights', async () => {
    const ffn = group('blocks.0.ffn');
    const request = activation().statistics!.moments;
    const [tap] = request.taps(ffn);
    const tapped = cloneModel(analysis.model);
    const output = tap.build(tapped);
    tapped.graph.outputs.push(output);
    const feeds = (seed: number) =>
      inputs([{ name: 'input', dtype: 'float', shape: [1, 3, 16, 16], fill: 'normal' }], { seed, batch: 2 });
    const accumulator = request.accumulate(ffn, { keep: 5 });
    // The hidden values themselves, after the activation function: what fc2 multiplies.
    const hidden = cloneModel(analysis.model);
    const site = hidden.graph.value(ffn.sites[0].value.name);
    site.type = { elementType: 'FLOAT', shape: undefined };
    hidden.graph.outputs.push(site);
    const rows: number[][] = Array.from({ length: 20 }, () => []);
    for (const seed of [1, 2]) {
      const { [output.name]: moments } = await runModel(tapped, feeds(seed), [output.name]);
      await accumulator.add([moments], { samples: 2 });
      const { [site.name]: values } = await runModel(hidden, feeds(seed), [site.name]);
      (values.data as Float32Array).forEach((value, at) => {
        rows[at % 20].push(value);
      });
    }
    const { dims, data } = weight('blocks.0.mlp.fc2.weight');
    const want = rows.map((values, unit) => {
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
      const outgoing = [...data.slice(unit * dims[1], (unit + 1) * dims[1])];
      return variance * dot(outgoing, outgoing);
    });
    const got = await activation().score(ffn, { moments: accumulator.finish() }, context(5));
    for (const [unit, expected] of want.entries()) expect(Math.abs(got[unit] - expected)).toBeLessThan(1e-5 * expected);
  });
});

describe('random', () => {
  it('depends on the seed and the group, not on the order of groups', async () => {
    const scores = async (seed: number, id: string) => [...(await random({ seed }).score(group(id), {}, context(2)))];
    expect(await scores(1, 'blocks.0.value')).toEqual(await scores(1, 'blocks.0.value'));
    expect(await scores(1, 'blocks.0.value')).not.toEqual(await scores(2, 'blocks.0.value'));
    const one = random({ seed: 1 });
    await one.score(group('blocks.0.ffn'), {}, context(2));
    expect([...(await one.score(group('blocks.0.value'), {}, context(2)))]).toEqual(await scores(1, 'blocks.0.value'));
  });
});

describe('criterionByName', () => {
  it('knows every name and says which there are', () => {
    for (const name of criterionNames) expect(criterionByName(name).name).toBe(name);
    expect(() => criterionByName('magic')).toThrow(/snp.*l1.*l2.*activation.*random/);
  });
});

describe('runtimeKernels', () => {
  it('gives the sums of the plain ones, over several blocks of rows and with rows of zeros', async () => {
    const [count, width] = [4200, 24];
    const rows = normals(draws(4), count * width);
    rows.fill(0, 7 * width, 8 * width);
    const kernels = runtimeKernels(onnxRuntime());
    const [fast, plain] = [
      await kernels.absCosineSums(rows, count, width),
      await plainKernels.absCosineSums(rows, count, width),
    ];
    await kernels.close();
    for (let row = 0; row < count; row++) expect(Math.abs(fast[row] - plain[row]) / plain[row]).toBeLessThan(1e-7);
  });
});
