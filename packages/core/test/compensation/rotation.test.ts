import { cloneModel, costOf, type Model, Tensor } from '@snp/onnx';
import { onnxRuntime, tensors } from '@snp/runtime';
import { buildEncoder, buildVit, inputs, normals, random, relativeError, runModel } from '@snp/testing';
import { describe, expect, it } from 'vitest';
import { residualStream, type Stream } from '../../src/layers/residualStream.js';
import { WeightEdits } from '../../src/layers/weightEdits.js';
import { compensated } from '../support/compensated.js';
import { Algebra, calibrate, criterionByName, open, prune, solveCompensation } from '../support/core.js';
import { difference } from '../support/equivalence.js';

const SIZE = { residual: 24, depth: 2, heads: 3, blocks: { queryKey: 8, value: 8, ffn: 48 } } as const;
const vit = { ...SIZE, image: 16, patch: 4, classes: 7 } as const;
const runtime = onnxRuntime();
const feeds = (seed: number, batch = 1) =>
  inputs([{ name: 'input', dtype: 'float', shape: [1, 3, 16, 16], fill: 'normal' }], { seed, batch });
const calibration = tensors(
  async function* () {
    for (let seed = 0; seed < 40; seed++) yield feeds(seed);
  },
  { count: 40 },
);

async function errorOf(model: Model, pruned: Model): Promise<number> {
  const [want, got] = [await runModel(model, feeds(1000, 16)), await runModel(pruned, feeds(1000, 16))];
  return relativeError(got.logits.data as Float32Array, want.logits.data as Float32Array);
}

/** Every vector along an axis of a tensor becomes a mixture of [directions, length], by its own first numbers. */
function mixedAlong(tensor: Tensor, axis: number, directions: Float32Array): Tensor {
  const { dims } = tensor;
  const [length, inner] = [dims[axis], dims.slice(axis + 1).reduce((product, dim) => product * dim, 1)];
  const old = tensor.numbers();
  const numbers = Float32Array.from({ length: old.length }, (_, at) => {
    const position = Math.floor(at / inner) % length;
    const first = at - position * inner;
    let sum = 0;
    for (let k = 0; k < directions.length / length; k++)
      sum += old[first + k * inner] * directions[k * length + position];
    return sum;
  });
  return Tensor.float32(dims, numbers);
}

describe.each([
  ['a fused projection', buildVit({ ...vit, qkv: 'fused' })],
  ['separate projections', buildVit({ ...vit, qkv: 'separate' })],
] as const)('rotation of the residual stream, with %s', (_, model) => {
  it('changes nothing while all channels stay', async () => {
    const context = await open(model, { calibration, runtime });
    const { neurons } = await solveCompensation(context, await calibrate(context));
    const rotation = neurons.get('residual')!;
    expect(rotation.name).toBe('rotation');
    const edits = new WeightEdits();
    expect(await rotation.apply(rotation.select(24), edits, new Algebra(runtime))).toBe(true);
    const rotated = cloneModel(context.analysis.model);
    edits.applyTo(rotated.graph);
    const [{ name, tensor }] = rotation.touches;
    expect(rotated.graph.value(name).tensor!.bytes()).not.toEqual(tensor!.bytes());
    expect(await errorOf(model, rotated)).toBeLessThan(1e-4);
  });

  it('loses next to nothing where the stream has no more directions than stay', async () => {
    const flat = cloneModel(model);
    const { analysis } = await open(flat, { runtime });
    const stream = residualStream(analysis.groups.find(({ kind }) => kind === 'residual')!, analysis) as Stream;
    // Eleven directions beside the mean, which norms take away: twelve channels hold them.
    const directions = normals(random(3), 11 * 24);
    for (const { initializer, axis } of stream.terms) {
      const weight = flat.graph.value(initializer.name);
      weight.tensor = mixedAlong(weight.tensor!, axis, directions);
    }
    const { model: rotated, report } = await prune(flat, {
      ratios: { residual: 0.5 },
      calibration,
      runtime,
      reconstruct: false,
    });
    expect(report.groups.find(({ id }) => id === 'residual')!.after).toBe(12);
    expect(await errorOf(flat, rotated)).toBeLessThan(1e-4);
  });

  it('loses less than picking channels, with the same operators, shapes and cost', async () => {
    const ratios = { residual: 0.25 };
    const rotated = await prune(model, { ratios, calibration, runtime });
    const picked = await prune(model, { ratios, criterion: criterionByName('snp'), compensation: 'none', runtime });
    expect(rotated.report.groups.find(({ id }) => id === 'residual')!.compensation).toBe('done');
    expect(await errorOf(model, rotated.model)).toBeLessThan(0.8 * (await errorOf(model, picked.model)));
    const shapes = ({ graph }: Model) => graph.initializers.map(({ name, tensor }) => [name, tensor!.dims]);
    expect(shapes(rotated.model)).toEqual(shapes(picked.model));
    expect(rotated.model.graph.nodes.map(({ op }) => op)).toEqual(picked.model.graph.nodes.map(({ op }) => op));
    expect(costOf(rotated.model).macs).toBe(costOf(picked.model).macs);
  });

  it('goes together with all other compensation, and leaves a model that equals its masked self', async () => {
    const ratios = { residual: 0.25, 'query-key': 0.25, value: 0.25, ffn: 0.4 };
    const result = await prune(model, { ratios, calibration, runtime });
    expect(new Set(result.report.groups.map(({ compensation }) => compensation))).toEqual(new Set(['done']));
    const own = await compensated(model, result.plan, { kind: 'full', calibration, runtime });
    expect(await difference(own, result.plan, feeds(5, 2))).toBeLessThan(1e-4);
    const plain = await prune(model, { ratios, criterion: criterionByName('snp'), compensation: 'none', runtime });
    expect(await errorOf(model, result.model)).toBeLessThan(await errorOf(model, plain.model));
  });
});

describe('a residual stream that cannot be rotated', () => {
  it('is left to picking, with the reason: norms behind the sums', async () => {
    const encoder = buildEncoder({ ...SIZE, vocabulary: 40, positions: 16, labels: 5 });
    const tokens = tensors(
      async function* () {
        for (let seed = 0; seed < 20; seed++)
          yield inputs(
            [
              { name: 'input_ids', dtype: 'int64', shape: [1, 9], fill: 'randint:40' },
              { name: 'attention_mask', dtype: 'int64', shape: [1, 9], fill: 'ones' },
            ],
            { seed },
          );
      },
      { count: 20 },
    );
    const { report } = await prune(encoder, { ratios: { residual: 0.25 }, calibration: tokens, runtime });
    expect(report.groups.find(({ id }) => id === 'residual')!.compensation).toMatch(/acts on single channels/);
  });
});
