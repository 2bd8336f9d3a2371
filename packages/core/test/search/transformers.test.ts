import { buildTransformer, transformerFeeds } from '@snp/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { prepare } from '../support/core.js';
import { difference, randomPlan, withoutHeadsAndBranches } from '../support/equivalence.js';
import { transformers } from '../support/transformers.js';

// A longer search: SNP_SEARCH_RUNS=5000 SNP_SEARCH_SEED=7 npx vitest run test/search
const RUNS = Number(process.env.SNP_SEARCH_RUNS ?? 60);
const SEED = Number(process.env.SNP_SEARCH_SEED ?? 1);

describe('a random Transformer', () => {
  it(`equals its masked self after any plan (${RUNS} models, seed ${SEED})`, { timeout: 3_600_000 }, async () => {
    const found = { groups: 0, plans: 0, heads: 0, branches: 0 };
    const plan = fc.record({ share: fc.constantFrom(0.75, 0.5, 0.25), seed: fc.nat(1000), only: fc.nat(8) });
    await fc.assert(
      fc.asyncProperty(transformers, plan, async (options, { share, seed, only }) => {
        const analysis = prepare(buildTransformer(options), { allowNothing: true });
        const { groups } = analysis;
        found.groups += groups.length;
        // One group alone, and all of them.
        const chosen = groups[only];
        for (const pick of [({ id }: { id: string }) => id === chosen?.id, () => true]) {
          const random = randomPlan(analysis, pick, share, seed);
          expect(await difference(analysis, random, transformerFeeds(options, 2, seed))).toBeLessThan(1e-4);
          found.plans++;
        }
        found.heads += analysis.heads.filter(({ frozen }) => !frozen).length;
        found.branches += analysis.branches.length;
        for (const share of [1, 0.6]) {
          const neurons = randomPlan(analysis, () => true, share, seed);
          const mixed = withoutHeadsAndBranches(neurons, analysis, { heads: 0.5, branches: 0.8 }, seed);
          expect(await difference(analysis, mixed, transformerFeeds(options, 2, seed))).toBeLessThan(1e-4);
        }
      }),
      { numRuns: RUNS, seed: SEED },
    );
    // Most of them have something to prune: a search that finds nothing proves nothing.
    expect(found.groups).toBeGreaterThan(3 * RUNS);
    expect(found.heads).toBeGreaterThan(RUNS / 2);
    expect(found.branches).toBeGreaterThan(RUNS);
  });
});
