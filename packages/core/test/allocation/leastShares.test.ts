import { describe, expect, it } from 'vitest';
import { type LeastShares, laneWidth, Planner, prepare } from '../support/core.js';
import { smallVit } from '../support/smallVit.js';

const analysis = prepare(smallVit({ depth: 2 }));
const neurons = analysis.groups.filter(({ kind }) => kind !== 'residual');

/** Widths for a budget, for which hidden neurons cost nothing and all others much. */
function widthsOf(macs: number, least: LeastShares): Record<string, number> {
  const curves = new Map(
    neurons.map((group) => {
      const [full, most] = [laneWidth(group), group.kind === 'ffn' ? 1e-9 : 1];
      return [group.id, Float64Array.from({ length: full + 1 }, (_, width) => most * (1 - width / full))];
    }),
  );
  const { widths } = new Planner(analysis, curves, { least }).plan({ macs })!;
  return Object.fromEntries(neurons.map((group) => [group.id, widths[group.id] ?? laneWidth(group)]));
}

describe('the least shares', () => {
  it('stay in any case: of a group before those of its kind, and a sixteenth where nothing is said', () => {
    // So little is left that the hidden neurons, 48 of each block, go as far as they may.
    const free = widthsOf(0.5, {});
    const kept = widthsOf(0.65, { ffn: 0.25, 'blocks.1.ffn': 0.75 });
    const whole = widthsOf(0.65, { ffn: 0.25, 'blocks.1.ffn': 1 });
    const between = (width: number, least: number, most: number) => {
      expect(width).toBeGreaterThanOrEqual(least);
      expect(width).toBeLessThan(most);
    };
    for (const id of ['blocks.0.ffn', 'blocks.1.ffn']) between(free[id], 3, 6);
    for (const widths of [kept, whole]) between(widths['blocks.0.ffn'], 12, 15);
    between(kept['blocks.1.ffn'], 36, 39);
    expect(whole['blocks.1.ffn']).toBe(48);
  });

  it('leave no plan where they leave too much', () => {
    const curves = new Map(neurons.map((group) => [group.id, new Float64Array(laneWidth(group) + 1)]));
    const all = Object.fromEntries(neurons.map(({ id }) => [id, 0.9]));
    expect(new Planner(analysis, curves, { least: all }).plan({ macs: 0.5 })).toBeUndefined();
    expect(new Planner(analysis, curves).plan({ macs: 0.5 })).toBeDefined();
  });
});
