import { buildVit } from '@snp/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  budgetWidths,
  evenWidths,
  keptWidth,
  laneWidth,
  planCost,
  prepare,
  ratioWidths,
  type Widths,
} from './support/core.js';

const analysis = prepare(
  buildVit({
    image: 32,
    patch: 8,
    residual: 48,
    depth: 3,
    heads: 3,
    blocks: { queryKey: 16, value: 16, ffn: 192 },
    classes: 10,
  }),
);
const full = planCost(analysis, {});

describe('budgetWidths', () => {
  it('meets the budget and comes close to it', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.2, max: 1, noNaN: true }),
        fc.constantFrom('macs' as const, 'params' as const),
        (share, what) => {
          const cost = planCost(analysis, budgetWidths(analysis, { [what]: share }));
          expect(cost[what]).toBeLessThanOrEqual(share * full[what]);
          expect(cost[what]).toBeGreaterThan((share - 0.06) * full[what]);
        },
      ),
      { seed: 1, numRuns: 20 },
    );
  });

  it('takes absolute numbers, and both limits at once', () => {
    const cost = planCost(analysis, budgetWidths(analysis, { macs: full.macs * 0.7, params: 0.5 }));
    expect(cost.macs).toBeLessThanOrEqual(full.macs * 0.7);
    expect(cost.params).toBeLessThanOrEqual(full.params * 0.5);
  });

  it('lets only as many groups take a step of the costs as have to', () => {
    // In steps of eight neurons, as kernels pad them.
    const stepped = (widths: Widths) =>
      analysis.groups.reduce((sum, group) => {
        const width = widths[group.id] ?? laneWidth(group);
        return sum + (group.kind === 'residual' ? 0 : (8 * Math.ceil(width / 8)) / laneWidth(group));
      }, 0);
    for (const share of [0.9, 0.8, 0.6, 0.5]) {
      const limit = share * stepped({});
      const cost = stepped(evenWidths(analysis, (widths) => stepped(widths) / limit)!);
      expect(cost).toBeLessThanOrEqual(limit);
      // No more is left over than half a head's width, a step of the narrowest groups.
      expect(cost).toBeGreaterThan(limit - 0.5 - 1e-9);
    }
  });

  it('spares the residual stream as long as the rest suffices', () => {
    expect(budgetWidths(analysis, { macs: 0.6 })).not.toHaveProperty('residual');
    expect(budgetWidths(analysis, { macs: 0.1 })).toHaveProperty('residual');
  });

  it('rounds widths to multiples and still meets the budget', () => {
    const widths = budgetWidths(analysis, { macs: 0.55 }, { round: 8 });
    for (const width of Object.values(widths)) expect(width % 8).toBe(0);
    expect(planCost(analysis, widths).macs).toBeLessThanOrEqual(0.55 * full.macs);
  });

  it('says so when a budget cannot be met', () => {
    expect(() => budgetWidths(analysis, { params: 100 / full.params })).toThrow(
      /cannot be met: with every group at its least/,
    );
    expect(() => budgetWidths(analysis, { macs: 0 })).toThrow(/must be above 0/);
    // Neither a fraction nor a number of operations.
    expect(() => budgetWidths(analysis, { macs: 60 })).toThrow(/For 60 % give 0\.6\./);
  });
});

describe('ratioWidths', () => {
  it('keeps n - floor(n x ratio), as the published tables do', () => {
    expect(keptWidth(64, 0.4)).toBe(39);
    expect(keptWidth(768, 0.2)).toBe(615);
    expect(keptWidth(3, 0.99)).toBe(1);
    expect(keptWidth(10, 0.3)).toBe(7);
  });

  it('lets a group go before its kind', () => {
    const widths = ratioWidths({ ffn: 0.5, 'blocks.1.ffn': 0.25 }, analysis);
    expect(widths).toEqual({ 'blocks.0.ffn': 96, 'blocks.1.ffn': 144, 'blocks.2.ffn': 96 });
  });

  it('refuses names and ratios that do not exist', () => {
    expect(() => ratioWidths({ heads: 0.5 }, analysis)).toThrow(/no group or kind of group 'heads'/);
    expect(() => ratioWidths({ ffn: 1 }, analysis)).toThrow(/at least 0 and below 1/);
    expect(() => ratioWidths({ ffn: Number.NaN }, analysis)).toThrow(/at least 0 and below 1/);
    for (const group of analysis.groups) expect(laneWidth(group)).toBeGreaterThan(0);
  });
});
