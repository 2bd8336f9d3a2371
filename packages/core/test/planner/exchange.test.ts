import { random } from '@snp/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Allocatable, allocate, exchange } from '../../src/index.js';

/** Groups with convex damage whose costs go in steps of four, as latency does. */
function problem(seed: number, count: number) {
  const draw = random(seed);
  const prices: Record<string, number> = {};
  const groups = Array.from({ length: count }, (_, at): Allocatable => {
    const full = 16;
    const scale = draw.uniform() ** 2 * 10;
    prices[`g${at}`] = 0.2 + draw.uniform();
    return {
      id: `g${at}`,
      damage: Float64Array.from({ length: full + 1 }, (_, width) => scale * (1 - width / full) ** 2),
      widths: Array.from({ length: full }, (_, i) => i + 1),
    };
  });
  const cost = (widths: Readonly<Record<string, number>>) =>
    groups.reduce((sum, { id }) => sum + prices[id] * 4 * Math.ceil(widths[id] / 4), 0);
  return { groups, cost };
}

describe('exchange between groups', () => {
  it('keeps the limit, never does more damage, and leaves no pair of units that would be better the other way', () => {
    let better = 0;
    fc.assert(
      fc.property(
        fc.nat(10_000),
        fc.integer({ min: 2, max: 6 }),
        fc.double({ min: 0.3, max: 0.9, noNaN: true }),
        (seed, count, share) => {
          const { groups, cost } = problem(seed, count);
          const limit = share * cost(Object.fromEntries(groups.map(({ id }) => [id, 16])));
          const start = allocate(groups, cost, limit)!;
          const found = exchange(groups, start, cost, limit);
          const damageOf = (widths: Readonly<Record<string, number>>) =>
            groups.reduce((sum, { id, damage }) => sum + damage[widths[id]], 0);
          expect(cost(found)).toBeLessThanOrEqual(limit);
          expect(damageOf(found)).toBeLessThanOrEqual(damageOf(start) + 1e-12);
          if (damageOf(found) < damageOf(start) - 1e-9) better++;
          for (const { id: giver } of groups) {
            for (const { id: taker } of groups) {
              const other = { ...found, [giver]: found[giver] - 1, [taker]: found[taker] + 1 };
              const possible = giver !== taker && other[giver] >= 1 && other[taker] <= 16 && cost(other) <= limit;
              if (possible) expect(damageOf(other)).toBeGreaterThanOrEqual(damageOf(found) - 1e-9);
            }
          }
        },
      ),
      { seed: 43, numRuns: 100 },
    );
    expect(better).toBeGreaterThan(0);
  });
});
