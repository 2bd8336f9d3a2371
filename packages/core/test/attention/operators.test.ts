import type { Analysis } from '@snp/graph';
import { ATTENTION_INSTANCES, type AttentionModel, type Feeds, runModel } from '@snp/testing';
import { describe, expect, it } from 'vitest';
import { applyPlan, CacheForms, maskedModel, type Plan, prepare, removedSlices } from '../support/core.js';
import { compareOutputs, randomPlan, withoutHeadsAndBranches } from '../support/equivalence.js';

/** Instances of every operator; more by hand: SNP_INSTANCES=2000. */
const INSTANCES = Number(process.env.SNP_INSTANCES ?? 300);

describe.each(Object.entries(ATTENTION_INSTANCES))('%s', (_, write) => {
  it(`cut equals masked in onnxruntime, in ${INSTANCES} forms`, async () => {
    const pruned = new Set<string>();
    const failures: string[] = [];
    for (let seed = 0; seed < INSTANCES; seed++) {
      const own = write(seed);
      const outcome = await compare(own, seed, pruned);
      if (outcome !== undefined) failures.push(`${seed}: ${outcome}`);
    }
    expect(failures).toEqual([]);
    expect([...pruned].sort()).toEqual(expect.arrayContaining(['ffn', 'head', 'query-key']));
  });
});

/** What is wrong with a random plan for a model; undefined if nothing is. Notes the kinds that lost units. */
async function compare({ builder, feeds }: AttentionModel, seed: number, pruned: Set<string>) {
  const analysis = prepare(builder.model, { allowNothing: true, narrowCache: true });
  const plan = planFor(analysis, seed);
  const forms = new CacheForms(analysis, plan);
  try {
    const want = await runModel(
      maskedModel(analysis.model, removedSlices(plan, analysis)),
      forms.masked(feeds) as Feeds,
    );
    const got = await runModel(applyPlan(analysis, plan), forms.narrowed(feeds) as Feeds);
    for (const group of [...analysis.groups, ...analysis.heads])
      if ((plan.groups[group.id]?.keep.length ?? group.units) < group.units) pruned.add(group.kind);
    const difference = compareOutputs(Object.values(got), Object.values(forms.narrowed(want) as Feeds));
    return difference < 1e-4 ? undefined : `differs by ${difference}`;
  } catch (error) {
    return String((error as Error).message);
  }
}

/** Neurons, heads, or both. */
function planFor(analysis: Analysis, seed: number): Plan {
  const neurons = randomPlan(analysis, () => seed % 3 !== 0, 0.5, seed);
  return seed % 3 === 1 ? neurons : withoutHeadsAndBranches(neurons, analysis, { heads: 0.5, branches: 1 }, seed);
}
