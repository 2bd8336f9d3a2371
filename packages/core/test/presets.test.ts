import { costOf } from '@snp/onnx';
import { buildVit, DEIT_BASE, DEIT_SMALL, DEIT_TINY } from '@snp/testing';
import { describe, expect, it } from 'vitest';
import {
  applyPlan,
  emptyPlan,
  laneWidth,
  planCost,
  prepare,
  presets,
  presetWidths,
  SnpError,
  selectUnits,
  unitGroups,
} from './support/core.js';

/** GMACs and millions of parameters of the published architectures, worked out by hand from their widths. */
const PUBLISHED = [
  ['snp-deit-tiny', DEIT_TINY, 0.638, 3.013],
  ['snp-deit-small', DEIT_SMALL, 2.037, 10.057],
  ['snp-deit-small-1.3g', DEIT_SMALL, 1.265, 6.47],
  ['snp-deit-base', DEIT_BASE, 6.381, 31.845],
  // Of heads beside neurons only 3.5 GFLOPs were published.
  ['snp-deit-base-head', DEIT_BASE, 3.49, 17.692],
] as const;

describe.each(PUBLISHED)('%s', (name, size, gmacs, params) => {
  const analysis = prepare(buildVit({ ...size, qkv: 'fused' }));
  const widths = presetWidths(name, analysis);

  it('gives the published cost, foreseen and made', () => {
    const plan = emptyPlan(analysis);
    for (const group of unitGroups(analysis).filter(({ kind }) => kind !== 'block')) {
      const keep = selectUnits(group, new Float64Array(group.units), widths[group.id] ?? laneWidth(group));
      plan.groups[group.id] = { units: group.units, lanes: group.lanes, keep };
    }
    const made = costOf(applyPlan(analysis, plan));
    expect(made.macs / 1e9).toBeCloseTo(gmacs, 3);
    expect(made.params / 1e6).toBeCloseTo(params, 3);
    expect(planCost(analysis, widths)).toEqual({ macs: made.macs, params: made.params, bytes: made.bytes });
  });

  it('gives every block its published widths', () => {
    const found = analysis.blocks.map((block) =>
      [block.queryKey, block.value, block.ffn[0]].map((group) => widths[group!.id]),
    );
    expect(found).toEqual(presets[name].blocks);
    expect(widths.residual).toBe(presets[name].residual);
  });
});

describe('presets', () => {
  const small = prepare(buildVit({ ...DEIT_TINY, depth: 2 }));

  it('say which model they are for when given another', () => {
    expect(() => presetWidths('snp-deit-tiny', small)).toThrow(/for a model of 12 blocks.*this model has 2 blocks/);
  });

  it('that do not exist are errors that list those that do', () => {
    expect(() => presetWidths('deit', small)).toThrow(SnpError);
    expect(() => presetWidths('__proto__', small)).toThrow(/Choose one of snp-deit-tiny/);
  });
});
