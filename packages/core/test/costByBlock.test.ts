import { costOf } from '@snp/onnx';
import { buildVit } from '@snp/testing';
import { describe, expect, it } from 'vitest';
import { prune } from './support/core.js';

describe('the cost of each block in the report', () => {
  const size = { image: 16, patch: 4, residual: 24, depth: 3, heads: 3, classes: 7 } as const;
  const blocks = { queryKey: 8, value: 8, ffn: 48 };
  const [tokens, heads, stream] = [17, 3, 24];

  it('counts a projection that was taken apart to its block, also in the first', async () => {
    const model = buildVit({ ...size, blocks });
    const { report, model: pruned } = await prune(model, { ratios: { 'query-key': 0.5, value: 0.25, ffn: 0.25 } });
    const [queryKey, value, ffn] = [4, 6, 36];
    const attention = tokens * stream * heads * (2 * queryKey + 2 * value) + tokens ** 2 * heads * (queryKey + value);
    const macs = attention + 2 * tokens * stream * ffn;
    const outside = report.blocks.find(({ block }) => block === undefined)!;
    expect(report.blocks.filter(({ block }) => block !== undefined).map(({ after }) => after.macs)).toEqual([
      macs,
      macs,
      macs,
    ]);
    expect(outside.after.macs).toBe(outside.before.macs);
    expect(report.blocks.reduce((sum, { after }) => sum + after.params, 0)).toBe(costOf(pruned).params);
  });

  it('is what a budget of the blocks alone counts, in shares and in amounts', async () => {
    const model = buildVit({ ...size, blocks });
    const limited = async (params: number) => {
      const { report } = await prune(model, { budget: { params }, count: 'body' });
      const inside = report.blocks.filter(({ block }) => block !== undefined);
      const sum = (of: 'before' | 'after') => inside.reduce((all, own) => all + own[of].params, 0);
      return { report, before: sum('before'), after: sum('after') };
    };
    const { report, before, after } = await limited(0.6);
    expect(after).toBeLessThanOrEqual(0.6 * before + 1);
    expect(after).toBeGreaterThan(0.55 * before);
    expect(report.budget).toMatch(/60 % of the parameters of the blocks/);
    // By hand: projections and their biases, and two norms.
    const perBlock = 4 * (stream * heads * 8 + stream) + 2 * stream * 48 + 48 + stream + 4 * stream;
    expect(report.blocks.flatMap((own) => (own.block === undefined ? [] : [own.before.params]))).toEqual([
      perBlock,
      perBlock,
      perBlock,
    ]);
    expect((await limited(Math.round(0.6 * before))).after).toBe(after);
    await expect(prune(model, { ratios: { ffn: 0.5 }, count: 'body' })).rejects.toMatchObject({
      code: 'invalid-argument',
    });
  });
});
