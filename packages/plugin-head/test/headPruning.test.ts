import { apply, prepare, prune, SnpError, verify } from '@snp/core';
import { emptyPlan } from '@snp/core/planning';
import { type HeadSet, l2 } from '@snp/core/plugin';
import { cloneModel } from '@snp/onnx';
import { onnxRuntime, tensors } from '@snp/runtime';
import { buildVit, inputs, runModel } from '@snp/testing';
import { describe, expect, it } from 'vitest';
import { headCriterionNames, headPruning } from '../src/index.js';

const HEADS = 4;
const model = buildVit({
  image: 16,
  patch: 4,
  residual: 24,
  depth: 2,
  heads: HEADS,
  blocks: { queryKey: 6, value: 6, ffn: 48 },
  classes: 7,
});
const feeds = (seed: number, batch = 1) =>
  inputs([{ name: 'input', dtype: 'float', shape: [1, 3, 16, 16], fill: 'normal' }], { seed, batch });
const SAMPLES = 20;
const calibration = tensors(async function* () {
  for (let seed = 0; seed < SAMPLES; seed++) yield feeds(seed);
});
const runtime = onnxRuntime();
const analysis = prepare(model);
const options = { calibration, runtime, compensation: 'none', holdBack: false } as const;

async function scoresOf(criterion: 'energy' | 'redundancy' | 'sensitivity'): Promise<Map<string, number[]>> {
  const { report } = await prune(model, { ...options, plugins: [headPruning({ ratio: 0.25, criterion })] });
  return new Map(report.groups.filter(({ kind }) => kind === 'head').map(({ id, scores }) => [id, scores!]));
}

/** The values of a model's graph by name, over all samples, one after the other. */
async function record(names: readonly string[]): Promise<Map<string, Float32Array[]>> {
  const copy = cloneModel(analysis.model);
  for (const name of names) {
    const value = copy.graph.value(name);
    value.type = { elementType: 'FLOAT', shape: undefined };
    copy.graph.outputs.push(value);
  }
  const found = new Map(names.map((name) => [name, [] as Float32Array[]]));
  for (let seed = 0; seed < SAMPLES; seed++) {
    const outputs = await runModel(copy, feeds(seed));
    for (const name of names) found.get(name)!.push(outputs[name].data as Float32Array);
  }
  return found;
}

const close = (got: readonly number[], want: readonly number[]) => {
  const largest = Math.max(...want.map(Math.abs));
  for (const [at, one] of got.entries()) expect(Math.abs(one - want[at])).toBeLessThan(1e-4 * largest);
};

describe('criteria for heads', () => {
  it('energy is the mean square of what a head adds to the stream, up to a factor', async () => {
    const scores = await scoresOf('energy');
    for (const set of analysis.heads) {
      const value = set.parts.find(({ group }) => group.kind === 'value')!;
      const [site] = value.group.sites.filter(({ role }) => role === 'input');
      const recorded = (await record([site.value.name])).get(site.value.name)!;
      const weight = value.group.members.find(({ role }) => role === 'input')!.initializer.tensor!;
      const [inner, outer] = weight.dims;
      const w = weight.numbers();
      const want = Array.from({ length: HEADS }, (_, head) => {
        let sum = 0;
        for (const data of recorded) {
          for (let row = 0; row < data.length / inner; row++) {
            for (let o = 0; o < outer; o++) {
              let added = 0;
              for (const unit of value.units[head]) {
                const at = site.unitAt.indexOf(unit);
                added += data[row * inner + at] * w[at * outer + o];
              }
              sum += added * added;
            }
          }
        }
        return sum;
      });
      close(scores.get(set.id)!, want);
    }
  });

  it('redundancy is 1 - cosine of attention maps, summed over the other heads', async () => {
    const scores = await scoresOf('redundancy');
    for (const { id, map } of analysis.heads) {
      const { name } = map!.value;
      const recorded = (await record([name])).get(name)!;
      // [1, heads, tokens, tokens]
      const size = recorded[0].length / HEADS;
      const dot = (a: number, b: number) =>
        recorded.reduce((sum, data) => {
          for (let at = 0; at < size; at++) sum += data[a * size + at] * data[b * size + at];
          return sum;
        }, 0);
      const want = Array.from({ length: HEADS }, (_, head) =>
        Array.from({ length: HEADS }, (_, other) =>
          other === head ? 0 : 1 - dot(head, other) / Math.sqrt(dot(head, head) * dot(other, other)),
        ).reduce((sum, part) => sum + part, 0),
      );
      close(scores.get(id)!, want);
    }
  });

  it('sensitivity is the divergence of the answers without the head', async () => {
    const scores = await scoresOf('sensitivity');
    const softmax = (logits: ArrayLike<number>) => {
      const powers = Array.from(logits, (x) => Math.exp(x - Math.max(...Array.from(logits))));
      const total = powers.reduce((sum, power) => sum + power, 0);
      return powers.map((power) => power / total);
    };
    const [set] = analysis.heads;
    const want = [];
    for (let head = 0; head < HEADS; head++) {
      const keep = Array.from({ length: HEADS }, (_, other) => other).filter((other) => other !== head);
      const plan = { ...emptyPlan(analysis), groups: { [set.id]: { units: HEADS, lanes: 1, keep } } };
      const { model: without } = await apply(model, plan, { runtime });
      let sum = 0;
      for (let seed = 0; seed < SAMPLES; seed++) {
        const [p, q] = [
          softmax((await runModel(model, feeds(seed))).logits.data as Float32Array),
          softmax((await runModel(without, feeds(seed))).logits.data as Float32Array),
        ];
        sum += p.reduce((part, x, at) => part + x * Math.log(x / q[at]), 0);
      }
      want.push(sum / SAMPLES);
    }
    const got = scores.get(set.id)!;
    const largest = Math.max(...want);
    for (const [head, divergence] of want.entries())
      expect(Math.abs(got[head] - divergence)).toBeLessThan(0.01 * largest);
  });

  it('are errors that name the right ones where there is none of a name', () => {
    expect(() => headPruning({ criterion: 'entropy' as 'energy' })).toThrow(SnpError);
    expect(() => headPruning({ criterion: 'entropy' as 'energy' })).toThrow(headCriterionNames.join(', '));
  });
});

describe('head pruning', () => {
  it.each(['energy', 'redundancy', 'l2', 'random'] as const)(
    'takes a fraction of every attention by %s',
    async (criterion) => {
      const { plan, model: pruned } = await prune(model, {
        ...options,
        plugins: [headPruning({ ratio: 0.5, criterion })],
      });
      expect(prepare(pruned).heads.map(({ units }: HeadSet) => units)).toEqual([2, 2]);
      expect((await verify(analysis, pruned, plan, { runtime })).passed).toBe(true);
    },
  );

  it('takes a criterion of someone else, and fractions by attention', async () => {
    const { plan } = await prune(model, {
      ...options,
      plugins: [headPruning({ criterion: l2() })],
      ratios: { 'blocks.1.heads': 0.75, ffn: 0.5 },
    });
    expect(plan.groups['blocks.1.heads'].keep).toHaveLength(1);
    expect(plan.groups['blocks.0.heads']).toBeUndefined();
    expect(plan.groups['blocks.0.ffn'].keep).toHaveLength(24);
  });

  it('works without calibration data', async () => {
    const { plan } = await prune(model, { runtime, plugins: [headPruning({ ratio: 0.25 })] });
    expect(plan.groups['blocks.0.heads'].keep).toHaveLength(3);
  });
});
