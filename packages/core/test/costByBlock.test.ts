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
});
