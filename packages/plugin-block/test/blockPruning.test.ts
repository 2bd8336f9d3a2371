import { apply, prepare, prune, SnpError, verify } from '@snp/core';
import { emptyPlan } from '@snp/core/planning';
import { cloneModel, Tensor } from '@snp/onnx';
import { onnxRuntime, tensors } from '@snp/runtime';
import { buildVit, inputs, runModel } from '@snp/testing';
import { describe, expect, it } from 'vitest';
import { blockCriterionNames, blockPruning } from '../src/index.js';

const model = buildVit({
  image: 16,
  patch: 4,
  residual: 24,
  depth: 4,
  heads: 3,
  blocks: { queryKey: 8, value: 8, ffn: 48 },
  classes: 7,
});
const feeds = (seed: number, batch = 1) =>
  inputs([{ name: 'input', dtype: 'float', shape: [1, 3, 16, 16], fill: 'normal' }], { seed, batch });
const SAMPLES = 12;
const calibration = tensors(async function* () {
  for (let seed = 0; seed < SAMPLES; seed++) yield feeds(seed);
});
const runtime = onnxRuntime();
const analysis = prepare(model);
const options = { calibration, runtime, compensation: 'none', holdBack: false } as const;

describe('block pruning', () => {
  it('by similarity takes the branches away that turn the stream least', async () => {
    const { report } = await prune(model, { ...options, plugins: [blockPruning({ ratio: 0.25 })] });
    const copy = cloneModel(analysis.model);
    const streams = analysis.branches.map(({ sum, stream }) => [sum.inputs[stream]!.name, sum.outputs[0]!.name]);
    for (const name of new Set(streams.flat())) {
      const value = copy.graph.value(name);
      value.type = { elementType: 'FLOAT', shape: undefined };
      copy.graph.outputs.push(value);
    }
    const cosines = new Float64Array(streams.length);
    let tokens = 0;
    for (let seed = 0; seed < SAMPLES; seed++) {
      const outputs = await runModel(copy, feeds(seed));
      for (const [at, [before, after]] of streams.entries()) {
        const [x, y] = [outputs[before].data as Float32Array, outputs[after].data as Float32Array];
        for (let row = 0; row < x.length / 24; row++) {
          let [xy, xx, yy] = [0, 0, 0];
          for (let i = row * 24; i < (row + 1) * 24; i++) {
            xy += x[i] * y[i];
            xx += x[i] * x[i];
            yy += y[i] * y[i];
          }
          cosines[at] += xy / Math.sqrt(xx * yy);
        }
        if (at === 0) tokens += x.length / 24;
      }
    }
    const scores = [...cosines].map((sum) => 1 - sum / tokens);
    const order = [...scores.keys()].sort((a, b) => scores[a] - scores[b]);
    const want = order.slice(0, 2).map((at) => analysis.branches[at].id);
    const gone = report.groups.filter(({ kind }) => kind === 'block');
    expect(gone.map(({ id }) => id).sort()).toEqual(want.sort());
    for (const { id, scores: own } of gone)
      expect(own![0]).toBeCloseTo(scores[analysis.branches.findIndex((branch) => branch.id === id)], 4);
  });

  it('takes whole blocks', async () => {
    const plugins = [blockPruning({ units: 'blocks', ratio: 0.5, criterion: 'sensitivity' })];
    const { model: pruned, plan } = await prune(model, { ...options, plugins });
    expect(prepare(pruned).branches.map(({ holds }) => holds)).toEqual(['attention', 'ffn', 'attention', 'ffn']);
    expect((await verify(analysis, pruned, plan, { runtime })).passed).toBe(true);
  });

  it('takes only the kinds that are asked for', async () => {
    const plugins = [blockPruning({ kinds: ['ffn'], ratio: 0.5, criterion: 'random' })];
    const { plan } = await prune(model, { ...options, plugins });
    const gone = Object.keys(plan.groups);
    expect(gone).toHaveLength(2);
    for (const id of gone) expect(id).toMatch(/ffn-branch$/);
  });

  it('gives what a branch adds on average to the branch before it', async () => {
    // The last FFN adds nothing but its bias: its mean is all there is to make up for, exactly.
    const flat = cloneModel(model);
    const { branches } = prepare(flat);
    const last = branches.at(-1)!;
    const [fc2] = last.groups.flatMap(({ members }) => members).filter(({ role }) => role === 'input');
    const value = flat.graph.value(fc2.initializer.name);
    value.tensor = Tensor.float32(value.tensor!.dims, new Float32Array(value.tensor!.size));
    const plan = { ...emptyPlan(prepare(flat)), groups: { [last.id]: { units: 1, lanes: 1, keep: [] } } };
    const want = (await runModel(flat, feeds(99, 4))).logits.data as Float32Array;
    const error = async (compensation: 'none' | 'full') => {
      const { model: pruned } = await apply(flat, plan, { calibration, runtime, compensation, holdBack: false });
      const got = (await runModel(pruned, feeds(99, 4))).logits.data as Float32Array;
      return Math.max(...got.map((x, at) => Math.abs(x - want[at])));
    };
    expect(await error('full')).toBeLessThan(1e-4);
    expect(await error('none')).toBeGreaterThan(1e-3);
  });

  it('says what is right where units or a criterion are not', () => {
    expect(() => blockPruning({ criterion: 'l9' as 'random' })).toThrow(blockCriterionNames.join(', '));
    expect(() => blockPruning({ units: 'layers' as 'blocks' })).toThrow(SnpError);
  });
});
