import { costOf } from '@snp/onnx';
import { buildEncoder, buildVit } from '@snp/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  anyUnits,
  applyPlan,
  CostModel,
  emptyPlan,
  type Group,
  laneWidth,
  prepare,
  selectUnits,
  unitGroups,
} from '../support/core.js';

const size = { residual: 24, depth: 2, heads: 3, blocks: { queryKey: 8, value: 8, ffn: 48 } } as const;
const models = {
  'a fused ViT': buildVit({ ...size, image: 16, patch: 4, classes: 7 }),
  'an encoder of Gemms': buildEncoder({ ...size, vocabulary: 40, positions: 16, labels: 5, linear: 'gemm' }),
};

/** A bias of one number counts as a scalar. */
const least = ({ kind }: Group) => (kind === 'head' ? 1 : 2);

describe.each(Object.entries(models))('the cost of %s', (_, model) => {
  const analysis = prepare(model);
  const costs = new CostModel(analysis);

  it('is foreseen as it comes out of surgery, at any widths', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0.1, max: 1, noNaN: true }), { minLength: 8, maxLength: 8 }), (shares) => {
        const plan = emptyPlan(analysis);
        const widths: Record<string, number> = {};
        for (const [at, group] of analysis.groups.entries()) {
          widths[group.id] = Math.max(1, Math.round(laneWidth(group) * shares[at % shares.length]));
          const keep = selectUnits(group, new Float64Array(group.units), widths[group.id]);
          plan.groups[group.id] = { units: group.units, lanes: group.lanes, keep };
        }
        const { macs, params, bytes } = costOf(applyPlan(analysis, plan));
        expect(costs.at(widths)).toEqual({ macs, params, bytes });
      }),
      { seed: 51, numRuns: 15 },
    );
  });

  it('is foreseen where heads and branches leave too', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0.1, max: 1, noNaN: true }), { minLength: 9, maxLength: 9 }), (shares) => {
        const widths: Record<string, number> = {};
        for (const [at, group] of unitGroups(analysis).entries()) {
          const share = shares[at % shares.length];
          widths[group.id] =
            group.kind === 'block' ? Math.round(share) : Math.max(least(group), Math.round(laneWidth(group) * share));
        }
        const { macs, params, bytes } = costOf(applyPlan(analysis, anyUnits(analysis, widths)));
        expect(costs.at(widths)).toEqual({ macs, params, bytes });
      }),
      { seed: 52, numRuns: 25 },
    );
  });
});
