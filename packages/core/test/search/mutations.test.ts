import { cloneModel, type Model, SnpError, Tensor } from '@snp/onnx';
import { buildTransformer, random, runModel, transformerFeeds } from '@snp/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyPlan, maskedModel, prepare, removedSlices } from '../support/core.js';
import { compareOutputs, randomPlan } from '../support/equivalence.js';
import { mutate } from '../support/mutate.js';
import { transformers } from '../support/transformers.js';

// A longer search: SNP_SEARCH_RUNS=20000 SNP_SEARCH_SEED=7 npx vitest run test/search
const RUNS = Number(process.env.SNP_SEARCH_RUNS ?? 150);
const SEED = Number(process.env.SNP_SEARCH_SEED ?? 1);

/** What a call gives, or undefined if it refuses with an error that says so. */
async function unlessRefused<T>(work: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof SnpError) return undefined;
    throw error;
  }
}

/** The model with weights that differ in the seventh digit. */
function shake(model: Model): Model {
  for (const value of model.graph.initializers) {
    const { dataType, dims } = value.tensor!;
    if (dataType !== 'FLOAT') continue;
    const draw = random(1, value.name);
    const numbers = Array.from(value.tensor!.numbers(), (number) => number * (1 + 1e-6 * draw.normal()));
    value.tensor = Tensor.fromNumbers(dataType, dims, numbers);
  }
  return model;
}

describe('a Transformer changed at random', () => {
  it(`is pruned right or refused (${RUNS} models, seed ${SEED})`, { timeout: 3_600_000 }, async () => {
    const seen = { run: 0, pruned: 0, refused: 0 };
    const changes = fc.record({ seed: fc.nat(100_000), count: fc.integer({ min: 1, max: 4 }) });
    const plan = fc.record({ share: fc.constantFrom(0.75, 0.5), seed: fc.nat(1000) });
    await fc.assert(
      fc.asyncProperty(transformers, changes, plan, async (options, { seed, count }, { share, seed: choice }) => {
        const model = buildTransformer(options);
        mutate(model, seed, count);
        const feeds = transformerFeeds(options, 2, choice);
        for (const input of Object.keys(feeds))
          if (!model.graph.inputs.some(({ name }) => name === input)) delete feeds[input];
        // What the runtime does not take is nobody's model.
        const plain = await unlessRefused(() => runModel(cloneModel(model), feeds));
        const analysis = await unlessRefused(() => prepare(model, { allowNothing: true }));
        if (!plain || !analysis) return;
        seen.run++;
        const prepared = await runModel(analysis.model, feeds);
        expect(compareOutputs(Object.values(prepared), Object.values(plain))).toBeLessThan(1e-4);
        if (analysis.groups.length === 0) return;
        const chosen = randomPlan(analysis, () => true, share, choice);
        const pruned = await unlessRefused(() => applyPlan(analysis, chosen));
        if (!pruned) {
          seen.refused++;
          return;
        }
        const want = await runModel(maskedModel(analysis.model, removedSlices(chosen, analysis)), feeds);
        const got = await runModel(pruned, feeds);
        const difference = compareOutputs(Object.values(got), Object.values(want));
        if (difference > 1e-2) {
          // A model that makes as much of a change in the seventh digit of its weights proves nothing.
          const shaken = await runModel(shake(maskedModel(analysis.model, removedSlices(chosen, analysis))), feeds);
          const rounding = compareOutputs(Object.values(shaken), Object.values(want));
          expect(difference).toBeLessThan(1e-2 + 30 * rounding);
        }
        seen.pruned++;
      }),
      { numRuns: RUNS, seed: SEED },
    );
    console.info(`of ${RUNS} models ${seen.run} run, ${seen.pruned} were pruned, ${seen.refused} refused`);
    expect(seen.pruned).toBeGreaterThan(RUNS / 5);
  });
});
