import { buildVit } from '@snp/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { totalDivergence } from '../../src/allocation/planner.js';
import { type LatencyModel, laneWidth, Planner, prepare, type Widths } from '../support/core.js';

const size = { image: 16, patch: 4, residual: 24, depth: 3, heads: 3, classes: 7 } as const;
const analysis = prepare(buildVit({ ...size, blocks: { queryKey: 32, value: 32, ffn: 96 } }));
const groups = analysis.groups.filter(({ kind }) => kind !== 'residual');

/** Each group takes a time of its own that grows with every eighth unit. */
const steps = (times: readonly number[]): LatencyModel => {
  const timeAt = (widths: Widths) =>
    groups.reduce((sum, { id }, at) => {
      const full = laneWidth(groups[at]);
      return sum + times[at % times.length] * (Math.ceil((widths[id] ?? full) / 8) / Math.ceil(full / 8));
    }, 0);
  const full = timeAt({});
  return { fullMs: full, at: (widths) => timeAt(widths) / full };
};

/** Damage that falls with width, faster or slower. */
const curve = (full: number, most: number, power: number) =>
  Float64Array.from({ length: full + 1 }, (_, width) => most * (1 - width / full) ** power);

const numbers = (min: number, max: number) =>
  fc.array(fc.double({ min, max, noNaN: true }), { minLength: 9, maxLength: 9 });

describe('a plan for a latency that goes in steps', () => {
  it('meets it, and is expected to do no more than one in multiples of the step', () => {
    const share = fc.double({ min: 0.3, max: 0.95, noNaN: true });
    fc.assert(
      fc.property(numbers(1, 5), numbers(0.01, 1), numbers(1, 4), share, (times, most, powers, share) => {
        const model = steps(times);
        const curves = new Map(
          groups.map((group, at) => [group.id, curve(laneWidth(group), most[at % 9], powers[at % 9])]),
        );
        const free = new Planner(analysis, curves).plan({}, { model, share });
        const rounded = new Planner(analysis, curves, { round: 8 }).plan({}, { model, share });
        if (!rounded) return;
        expect(model.at(free!.widths)).toBeLessThanOrEqual(share);
        expect(totalDivergence(free!)).toBeLessThanOrEqual(totalDivergence(rounded) + 1e-12);
      }),
      { seed: 71, numRuns: 30 },
    );
  });
});
