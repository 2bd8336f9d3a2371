import { describe, expect, it } from 'vitest';
import { type Compensation, expectedDivergences, laneWidth, prepare, type Sensitivity } from '../support/core.js';
import { smallVit } from '../support/smallVit.js';

const { groups } = prepare(smallVit());

/** A compensation of the group of that id, of which only its errors count. */
function losing(id: string, errorAt: (share: number) => number): Compensation {
  const group = groups.find((own) => own.id === id)!;
  const full = laneWidth(group);
  const errors = Float64Array.from({ length: full + 1 }, (_, width) => errorAt(1 - width / full));
  return { group, name: id, errors, select: () => [], touches: [], apply: async () => true };
}

/** Measurements at three widths of a group whose answers diverge by so much per error. */
function measured(compensations: readonly Compensation[], perError: Record<string, number>): Sensitivity {
  return Object.fromEntries(
    compensations
      .filter(({ group }) => perError[group.id] !== undefined)
      .map(({ group, errors }) => {
        const full = laneWidth(group);
        const widths = [0.75, 0.5, 0.25].map((share) => share * full);
        return [group.id, widths.map((width) => ({ width, divergence: perError[group.id] * errors[width] }))];
      }),
  );
}

describe('expected divergence', () => {
  const squares = (scale: number) => (share: number) => scale * share ** 2;
  const compensations = [
    losing('blocks.0.ffn', squares(8)),
    losing('blocks.1.ffn', (share) => 5 * share),
    losing('blocks.2.ffn', squares(0.5)),
    losing('blocks.0.value', squares(2)),
    losing('blocks.0.query-key', squares(100)),
    losing('blocks.1.query-key', squares(100)),
    losing('residual', (share) => 40 * share),
  ];
  const perError = {
    'blocks.0.ffn': 1,
    'blocks.1.ffn': 3,
    'blocks.2.ffn': 11,
    'blocks.0.query-key': 0.25,
    residual: 0.125,
  };
  const curves = expectedDivergences(compensations, measured(compensations, perError));

  it.each([
    // Half of what was measured, and half of the median, three, of what writes to the stream.
    ['blocks.0.ffn', (1 + 3) / 2],
    ['blocks.1.ffn', (3 + 3) / 2],
    ['blocks.2.ffn', (11 + 3) / 2],
    // Nothing was measured: as the median.
    ['blocks.0.value', 3],
    // In units of its own: as it was measured.
    ['residual', 0.125],
    ['blocks.0.query-key', 0.25],
  ])('of %s is %s times its error, at every measured width and at none', (id, factor) => {
    const { errors, group } = compensations.find(({ name }) => name === id)!;
    for (const share of [0, 0.25, 0.5, 0.75, 1]) {
      const width = share * laneWidth(group);
      expect(curves.get(id)![width]).toBeCloseTo(factor * errors[width], 10);
    }
  });

  it('of scores that were not measured is at most that of the values of their block', () => {
    const withValues = [losing('blocks.1.value', squares(6)), ...compensations];
    const curve = expectedDivergences(withValues, measured(withValues, perError)).get('blocks.1.query-key')!;
    // All scores gone as all values gone, 3 x 6, and in between as the errors say.
    expect(curve[0]).toBeCloseTo(18, 10);
    expect(curve[curve.length >> 1]).toBeCloseTo(18 / 4, 10);
  });

  it('of the stream is not told where it alone was not measured', () => {
    const { residual: _, ...others } = perError;
    const known = expectedDivergences(compensations, measured(compensations, others));
    expect(known.has('residual')).toBe(false);
    expect(known.get('blocks.0.ffn')).toEqual(curves.get('blocks.0.ffn'));
    expect(expectedDivergences(compensations, {}).has('residual')).toBe(true);
  });

  it('is the error where nothing was measured', () => {
    const [first] = compensations;
    expect(expectedDivergences([first], {}).get('blocks.0.ffn')).toEqual(first.errors);
  });
});
