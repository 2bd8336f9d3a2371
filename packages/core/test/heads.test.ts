import { onnxRuntime, tensors } from '@snp/runtime';
import { buildVit, inputs, relativeError, runModel } from '@snp/testing';
import { describe, expect, it } from 'vitest';
import { applyPlan, type Criterion, checkPlan, emptyPlan, type Plan, prepare, prune, verify } from './support/core.js';
import { difference } from './support/equivalence.js';
import { branches, heads } from './support/plugins.js';

const model = buildVit({
  image: 16,
  patch: 4,
  residual: 24,
  depth: 3,
  heads: 4,
  blocks: { queryKey: 6, value: 6, ffn: 48 },
  classes: 7,
});
const feeds = (seed: number, batch = 1) =>
  inputs([{ name: 'input', dtype: 'float', shape: [1, 3, 16, 16], fill: 'normal' }], { seed, batch });
const calibration = tensors(async function* () {
  for (let seed = 0; seed < 40; seed++) yield feeds(seed);
});
const runtime = onnxRuntime();
const analysis = prepare(model);

/** The plan with what it says of heads and branches. */
function planOf(groups: Plan['groups']): Plan {
  return { ...emptyPlan(analysis), groups };
}

describe('a plan of heads and branches', () => {
  it('names what leaves with heads, and nothing of what lies in branches that leave', () => {
    const { groups } = checkPlan(
      planOf({
        'blocks.0.heads': { units: 4, lanes: 1, keep: [0, 3] },
        'blocks.0.value': { units: 24, lanes: 4, keep: [0, 1, 6, 7, 12, 13, 18, 19] },
        'blocks.1.attention-branch': { units: 1, lanes: 1, keep: [] },
        'blocks.1.heads': { units: 4, lanes: 1, keep: [1] },
      }),
      analysis,
    );
    expect(groups['blocks.0.value'].keep).toEqual([0, 1, 18, 19]);
    expect(groups['blocks.0.query-key'].keep).toEqual([0, 1, 2, 3, 4, 5, 18, 19, 20, 21, 22, 23]);
    expect(Object.keys(groups).filter((id) => id.startsWith('blocks.1'))).toEqual(['blocks.1.attention-branch']);
  });

  it.each([
    ['no head at all', { 'blocks.0.heads': { units: 4, lanes: 1, keep: [] } }, /At least one unit/],
    [
      'neurons of a head that stays are missing',
      { 'blocks.0.heads': { units: 4, lanes: 1, keep: [0, 1] }, 'blocks.0.value': { units: 24, lanes: 4, keep: [0] } },
      /equally many units, but they keep 1, 0/,
    ],
    ['another number of heads', { 'blocks.0.heads': { units: 3, lanes: 1, keep: [0] } }, /says 3 units/],
  ] as const)('is refused where %s', (_, groups, message) => {
    expect(() => checkPlan(planOf(groups as unknown as Plan['groups']), analysis)).toThrow(message);
  });

  it('leaves heads that are fewer, and branches that are gone', () => {
    const pruned = prepare(
      applyPlan(
        analysis,
        planOf({
          'blocks.0.heads': { units: 4, lanes: 1, keep: [0, 3] },
          'blocks.1.attention-branch': { units: 1, lanes: 1, keep: [] },
          'blocks.2.ffn-branch': { units: 1, lanes: 1, keep: [] },
        }),
      ),
    );
    expect(pruned.heads.map(({ units }) => units)).toEqual([2, 4]);
    expect(pruned.branches.map(({ holds }) => holds)).toEqual(['attention', 'ffn', 'ffn', 'attention']);
  });
});

describe('prune with heads and branches', () => {
  const options = { calibration, runtime, holdBack: false };

  it('takes away the fraction that is asked for, those with the lowest scores', async () => {
    const { plan, report } = await prune(model, {
      ...options,
      ratios: { head: 0.5, block: 0.34 },
      plugins: [heads, branches],
      compensation: 'none',
    });
    for (const block of [0, 1, 2].map((at) => `blocks.${at}.heads`)) {
      const { scores, removed } = report.groups.find(({ id }) => id === block) ?? {};
      if (!removed) continue;
      const order = [...scores!.keys()].sort((a, b) => scores![a] - scores![b]);
      expect(removed).toEqual(order.slice(0, 2).sort((a, b) => a - b));
    }
    const gone = Object.entries(plan.groups).filter(([id, { keep }]) => id.endsWith('-branch') && keep.length === 0);
    expect(gone).toHaveLength(2);
    expect(await difference(analysis, plan, feeds(5, 2))).toBeLessThan(1e-4);
  });

  it('takes the branches with the lowest scores of the whole model away, whatever block they are of', async () => {
    const byHand = [5, 2, 6, 4, 1, 3];
    const ids = analysis.branches.map(({ id }) => id);
    const criterion: Criterion = { name: 'by hand', score: ({ id }) => Float64Array.of(byHand[ids.indexOf(id)]) };
    const { plan } = await prune(model, {
      ratios: { block: 0.5 },
      plugins: [{ ...branches, criterion }],
      compensation: 'none',
      runtime,
    });
    const gone = ids.filter((id) => plan.groups[id]?.keep.length === 0);
    expect(gone).toEqual([1, 4, 5].map((at) => ids[at]));
  });

  it('folds what leaves into what stays', async () => {
    const want = await runModel(model, feeds(1000, 16));
    const error = async (ratios: Record<string, number>, compensation: 'none' | 'full') => {
      const {
        model: pruned,
        plan,
        analysis: recovered,
      } = await prune(model, {
        ...options,
        ratios,
        plugins: [heads, branches],
        compensation,
      });
      const { passed } = await verify(analysis, pruned, plan, { runtime });
      expect(passed).toBe(true);
      expect(await difference(recovered, plan, feeds(6))).toBeLessThan(1e-4);
      const { logits } = await runModel(pruned, feeds(1000, 16));
      return relativeError(logits.data as Float32Array, want.logits.data as Float32Array);
    };
    for (const ratios of [{ head: 0.5 }, { block: 0.34 }] as Record<string, number>[]) {
      expect(await error(ratios, 'full')).toBeLessThan(await error(ratios, 'none'));
    }
  });

  it('divides a budget over neurons, heads and branches, and meets it', async () => {
    const {
      report,
      model: pruned,
      plan,
    } = await prune(model, {
      ...options,
      budget: { macs: 0.5 },
      plugins: [heads, branches],
    });
    const left = report.cost.after.macs / report.cost.before.macs;
    expect(left).toBeLessThanOrEqual(0.5);
    expect(left).toBeGreaterThan(0.45);
    expect((await verify(analysis, pruned, plan, { runtime })).passed).toBe(true);
  });

  it('says who brings heads where nobody does', async () => {
    await expect(prune(model, { ...options, ratios: { head: 0.5 } })).rejects.toThrow(/No plug-in brings.*plugin-head/);
  });
});
