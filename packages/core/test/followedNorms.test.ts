import { type NormName, PLAIN_ATTENTION, PLAIN_FFN, PLAIN_SPELLED, PLAIN_SPELLED_BLOCK } from '@snp/testing';
import { describe, expect, it } from 'vitest';
import { examineSpelled } from './support/examineSpelled.js';

/** Norms over channels that exporters take apart, each with a scale and without one. */
const NORMS: readonly NormName[] = [
  'layer-pow',
  'layer-sum-over-n',
  'layer-sum-times-part',
  'layer-scale-into-root',
  'layer-unbiased',
  'rms-rsqrt',
];

describe.each(NORMS)('the residual stream through the norm %s', (norm) => {
  it.each([true, false])('leaves as formulas and the masked original say, with a scale: %s', async (normScale) => {
    for (const order of ['pre', 'post'] as const)
      for (const [width, normShift] of [
        [5, true],
        [8, false],
      ] as const) {
        const own = { ...PLAIN_SPELLED_BLOCK, attention: PLAIN_ATTENTION, ffn: PLAIN_FFN };
        const block = { ...own, norm, order, normScale, normShift };
        const spec = { ...PLAIN_SPELLED, width, blocks: [block, block] };
        const { outcome, closed } = await examineSpelled(spec, { share: 0.5, heads: 1, branches: 1, seed: 1 });
        expect({ outcome, closed }).toEqual({ outcome: 'right', closed: [] });
      }
  });
});
