import {
  ACTIVATIONS,
  type AttentionSpec,
  CACHES,
  CONTROLS,
  CORES,
  FFNS,
  type FfnSpec,
  LINEAR_ATTENTIONS,
  LINEARS,
  MASKS,
  NORMS,
  PLAIN_ATTENTION,
  PLAIN_FFN,
  PLAIN_SPELLED,
  PLAIN_SPELLED_BLOCK,
  PROJECTIONS,
  ROTARIES,
  SCALES,
  SOFTMAXES,
  type SpelledSpec,
  WINDOWS,
} from '@snp/testing';
import { describe, expect, it } from 'vitest';
import { examineSpelled } from '../support/examineSpelled.js';

const names = <T extends object>(table: T) => Object.keys(table) as (keyof T)[];

const attention = (change: Partial<AttentionSpec>): Partial<SpelledSpec> => ({
  blocks: [{ ...PLAIN_SPELLED_BLOCK, attention: { ...PLAIN_ATTENTION, ...change } }],
});

const ffn = (change: Partial<FfnSpec>): Partial<SpelledSpec> => ({
  blocks: [{ ...PLAIN_SPELLED_BLOCK, ffn: { ...PLAIN_FFN, ...change } }],
});

async function expectOpen(change: Partial<SpelledSpec>, stays: readonly string[] = []): Promise<void> {
  const spec: SpelledSpec = { ...PLAIN_SPELLED, opset: 23, sizes: 'dynamo', ...change };
  const plan = { share: 0.5, heads: 1, branches: 1, narrowCache: true, seed: 3 };
  const { outcome, detail, needless } = await examineSpelled(spec, plan);
  expect({ outcome, detail, needless }).toEqual({ outcome: 'right', detail: undefined, needless: stays });
}

/** Norms in whose spelling the residual stream is not followed: it keeps its width, all else can be pruned. docs/coverage.md tells them. */
const STREAM_STAYS: ReadonlySet<string> = new Set([
  'layer-centred-twice',
  'layer-average-pool',
  'layer-mean-variance',
  'layer-instance',
  'layer-group',
  'rms-lp',
  'all-by-operator',
  'all-by-instance',
  'all-taken-apart',
]);

describe('every width that the formulas do not need whole can be pruned', () => {
  it.each(names(CONTROLS))('call %s', async (control) => expectOpen(ffn({ control })));
  it.each(names(FFNS))('feed-forward network %s', async (form) => expectOpen(ffn({ form })));
  it.each(names(ACTIVATIONS))('activation %s', async (activation) => expectOpen(ffn({ activation })));
  it.each(names(NORMS))('norm %s', async (norm) => {
    const stays = STREAM_STAYS.has(norm) ? ['encoder.x'] : [];
    const norms = { norm, normScale: false, normShift: false };
    await expectOpen({ blocks: [{ ...PLAIN_SPELLED_BLOCK, ...norms }] }, stays);
  });
  it.each(names(CORES))('products of attention %s', async (core) => expectOpen(attention({ core })));
  it.each(names(PROJECTIONS))('projections %s', async (projection) => expectOpen(attention({ projection })));
  it.each(names(MASKS))('mask %s', async (mask) => expectOpen(attention({ mask })));
  // Until operator set 12, Softmax may run over several axes at once.
  it.each(names(SOFTMAXES).filter((softmax) => !softmax.startsWith('joint')))('softmax %s', async (softmax) =>
    expectOpen(attention({ softmax })),
  );
  it.each(names(LINEARS))('linear layer %s', async (linear) => {
    await expectOpen(ffn({ linear }));
    await expectOpen(attention({ linear, output: linear }));
  });
  it.each(names(CACHES))('past keys and values %s', async (cache) =>
    expectOpen(attention({ cache, ...(cache === 'operator' && { core: 'operator-rank-4' }) })),
  );
  it.each(names(WINDOWS))('window %s', async (window) => expectOpen(attention({ window })));
  // Values with a column of ones behind them stay.
  const followed = names(LINEAR_ATTENTIONS).filter((core) => core !== 'linear-ones');
  it.each(followed)('linear attention %s', async (core) => expectOpen(attention({ core })));
  it.each(names(ROTARIES))('rotary embedding %s', async (rotary) => expectOpen(attention({ rotary })));
  it.each(names(SCALES))('scale %s', async (scale) => expectOpen(attention({ scale })));
  it.each(['features', 'ids', 'patches', 'stem', 'stem-normed'] as const)('input %s', async (input) =>
    expectOpen({ input }),
  );
  it.each(['none', 'streams', 'logits'] as const)('further outputs %s', async (exits) => expectOpen({ exits }));
});
