import { cloneModel, type Model } from '@snp/onnx';
import { readModel } from '@snp/onnx/node';
import { inputs, relativeError, runModel, sharedModels } from '@snp/testing';
import { describe, expect, it } from 'vitest';
import { type Analysis, applyPlan, type Plan, prepare } from './support/core.js';
import { difference, randomPlan, withoutHeadsAndBranches } from './support/equivalence.js';

const shared = sharedModels();
if (shared.length === 0) {
  console.warn('skipped: masked equivalence on real exports, because ../shared is missing');
  it.skip('masked equivalence on real exports, because ../shared is missing');
}

/** How much a plan changes the model at all: a plan that changes nothing would prove nothing. */
async function effect(
  original: Model,
  analysis: Analysis,
  plan: Plan,
  feeds: ReturnType<typeof inputs>,
): Promise<number> {
  const [want, got] = [await runModel(original, feeds), await runModel(applyPlan(analysis, plan), feeds)];
  return relativeError(Object.values(got)[0].data as Float32Array, Object.values(want)[0].data as Float32Array);
}

describe.skipIf(shared.length === 0).each(shared)(
  'a pruned $file equals the masked original',
  ({ path, inputs: specs }) => {
    it('for random plans of every kind, alone and mixed, at two batch sizes', async () => {
      const model = await readModel(path);
      const analysis = prepare(cloneModel(model), { allowNothing: true });
      const kinds = [...new Set(analysis.groups.map((group) => group.kind))];
      for (const kind of kinds) {
        const plan = randomPlan(analysis, (group) => group.kind === kind, 0.5, 1);
        expect(await difference(analysis, plan, inputs(specs, { seed: 1 })), kind).toBeLessThan(1e-4);
        expect(await effect(model, analysis, plan, inputs(specs, { seed: 1 })), kind).toBeGreaterThan(0);
      }
      for (const [share, batch] of [
        [0.75, 1],
        [0.25, 3],
      ]) {
        const free = typeof model.graph.inputs[0].type?.shape?.[0] !== 'number';
        const plan = randomPlan(analysis, () => true, share, 2);
        const feeds = inputs(specs, free ? { batch, seed: 2 } : { seed: 2 });
        expect(await difference(analysis, plan, feeds), `mixed, ${share} kept`).toBeLessThan(1e-4);
      }
      const none = randomPlan(analysis, () => false, 1, 0);
      for (const [name, plan] of [
        ['heads', withoutHeadsAndBranches(none, analysis, { heads: 0.5, branches: 1 }, 4)],
        ['branches', withoutHeadsAndBranches(none, analysis, { heads: 1, branches: 0.5 }, 5)],
        [
          'neurons, heads and branches',
          withoutHeadsAndBranches(
            randomPlan(analysis, () => true, 0.6, 6),
            analysis,
            { heads: 0.6, branches: 0.8 },
            7,
          ),
        ],
      ] as const) {
        expect(await difference(analysis, plan, inputs(specs, { seed: 4 })), name).toBeLessThan(1e-4);
      }
      // One group alone: its neighbours in the same fused projection keep their widths.
      for (const group of analysis.groups.slice(0, 3)) {
        const plan = randomPlan(analysis, (other) => other === group, 0.6, 3);
        expect(await difference(analysis, plan, inputs(specs, { seed: 3 })), group.id).toBeLessThan(1e-4);
      }
    });
  },
);
