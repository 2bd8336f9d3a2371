import { buildVit } from '@snp/testing';
import { expect, it } from 'vitest';
import { type LatencySource, laneWidth, prune } from '../support/core.js';

const size = { image: 16, patch: 4, residual: 24, depth: 2, heads: 3, classes: 7 } as const;
const model = buildVit({ ...size, blocks: { queryKey: 8, value: 8, ffn: 96 } });

/** A machine on which hidden neurons take all the time, and every comparison gives the same ratio. */
const machine = (ratio: number): LatencySource => ({
  name: 'a machine at other work',
  async learn({ groups }) {
    const hidden = groups.filter(({ kind }) => kind === 'ffn');
    const share = hidden.map((group) => 1 / hidden.length / laneWidth(group));
    return {
      fullMs: 1,
      at: (widths) => hidden.reduce((sum, group, at) => sum + share[at] * (widths[group.id] ?? laneWidth(group)), 0),
    };
  },
  compare: async () => ({ before: 1, after: ratio, ratio }),
});

it('a model that loses nothing is not said to be faster, whatever is measured', async () => {
  const result = await prune(model, { latency: { share: 0.9, on: machine(0.5) }, verify: false });
  const { before, after } = result.report.cost;
  expect(after.macs).toBeLessThan(before.macs);
});

it('a model that is fast enough stays as it is', async () => {
  const result = await prune(model, { latency: { ms: 2, on: machine(1.02) }, verify: false });
  const { before, after } = result.report.cost;
  expect(after.macs).toBe(before.macs);
});
