import { random } from '@snp/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Allocatable, leastDivergenceWidths } from '../support/core.js';

/** Groups with convex curves of divergence, and prices per unit of width. */
function problem(seed: number, count: number) {
  const draw = random(seed);
  const prices: Record<string, number> = {};
  const groups = Array.from({ length: count }, (_, at): Allocatable => {
    const full = 3 + Math.floor(draw.uniform() * 5);
    const [scale, power] = [draw.uniform() ** 3 * 10, 1 + 2 * draw.uniform()];
    prices[`g${at}`] = 0.2 + draw.uniform();
    return {
      id: `g${at}`,
      divergence: Float64Array.from({ length: full + 1 }, (_, width) => scale * (1 - width / full) ** power),
      widths: Array.from({ length: full }, (_, i) => i + 1),
    };
  });
  const cost = (widths: Readonly<Record<string, number>>) =>
    groups.reduce((sum, { id }) => sum + prices[id] * widths[id], 0);
  return { groups, cost };
}

function divergenceOf(groups: readonly Allocatable[], widths: Readonly<Record<string, number>>): number {
  return groups.reduce((sum, { id, divergence }) => sum + divergence[widths[id]], 0);
}

/** The least divergence under the limit, by trying all widths. */
function best({ groups, cost }: ReturnType<typeof problem>, limit: number): number {
  let least = Number.POSITIVE_INFINITY;
  const visit = (at: number, widths: Record<string, number>) => {
    if (at === groups.length) {
      if (cost(widths) <= limit) least = Math.min(least, divergenceOf(groups, widths));
      return;
    }
    for (const width of groups[at].widths) visit(at + 1, { ...widths, [groups[at].id]: width });
  };
  visit(0, {});
  return least;
}

describe('allocation of a budget', () => {
  it('stays within the limit and comes close to the best of all divisions', () => {
    fc.assert(
      fc.property(
        fc.nat(10_000),
        fc.integer({ min: 1, max: 5 }),
        fc.double({ min: 0.3, max: 1, noNaN: true }),
        (seed, count, share) => {
          const setting = problem(seed, count);
          const { groups, cost } = setting;
          const full = Object.fromEntries(groups.map(({ id, widths }) => [id, widths[widths.length - 1]]));
          const least = Object.fromEntries(groups.map(({ id, widths }) => [id, widths[0]]));
          const limit = share * cost(full);
          const widths = leastDivergenceWidths(groups, cost, limit);
          if (cost(least) > limit) {
            expect(widths).toBeUndefined();
            return;
          }
          expect(cost(widths!)).toBeLessThanOrEqual(limit);
          // Steps are coarse here; the best may use up the limit where no price does.
          const coarse = Math.max(
            ...groups.map(({ divergence, widths: [first] }) => divergence[first] / (divergence.length - 1)),
          );
          expect(divergenceOf(groups, widths!)).toBeLessThanOrEqual(best(setting, limit) + coarse);
        },
      ),
      { seed: 41, numRuns: 200 },
    );
  });

  it('is the best of all divisions where widths are as fine as numbers', () => {
    const fine = 400;
    const [scales, prices] = [
      [1, 4, 2],
      [1, 1, 0.5],
    ];
    const groups = scales.map(
      (scale, at): Allocatable => ({
        id: `g${at}`,
        divergence: Float64Array.from({ length: fine + 1 }, (_, width) => scale * (1 - width / fine) ** 2),
        widths: Array.from({ length: fine }, (_, i) => i + 1),
      }),
    );
    const cost = (widths: Readonly<Record<string, number>>) =>
      prices.reduce((sum, price, at) => sum + (price * widths[`g${at}`]) / fine, 0);
    const share = 0.6;
    const widths = leastDivergenceWidths(groups, cost, share * 2.5)!;
    // Lagrange: scale (1 - w)^2 falls by the same for a unit of cost everywhere, so that 1 - w goes with price / scale.
    const sum = scales.reduce((total, scale, at) => total + prices[at] ** 2 / scale, 0);
    for (const [at, scale] of scales.entries()) {
      const lost = ((1 - share) * 2.5 * prices[at]) / scale / sum;
      expect(Math.abs(widths[`g${at}`] / fine - (1 - lost))).toBeLessThan(2 / fine);
    }
  });

  it('leaves all whole where the limit allows it', () => {
    const { groups, cost } = problem(3, 4);
    const full = Object.fromEntries(groups.map(({ id, widths }) => [id, widths[widths.length - 1]]));
    expect(leastDivergenceWidths(groups, cost, cost(full))).toEqual(full);
  });

  it('takes a block away only where that is better than what its groups make of themselves', () => {
    const inner = (id: string, scale: number): Allocatable => ({
      id,
      divergence: Float64Array.from({ length: 11 }, (_, width) => scale * (1 - width / 10) ** 2),
      widths: Array.from({ length: 10 }, (_, i) => i + 1),
    });
    const branch = (id: string, divergence: number, covers: string[]): Allocatable => ({
      id,
      divergence: Float64Array.of(divergence, 0),
      widths: [0, 1],
      covers,
    });
    // Two branches of one group each; a branch that leaves costs nothing, whatever its group.
    const cost = (widths: Readonly<Record<string, number>>) => widths.a * widths.A + widths.b * widths.B;
    const groups = (divergence: number) => [
      inner('a', 1),
      inner('b', 1),
      branch('A', divergence, ['a']),
      branch('B', 50, ['b']),
    ];
    expect(leastDivergenceWidths(groups(0.1), cost, 10)).toEqual({ a: 10, b: 10, A: 0, B: 1 });
    // Half of each for 0.25 + 0.25 is better than one branch for 0.9.
    expect(leastDivergenceWidths(groups(0.9), cost, 10)).toEqual({ a: 5, b: 5, A: 1, B: 1 });
  });
});
