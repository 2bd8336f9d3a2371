import { describe, expect, it } from 'vitest';
import {
  ACTIVATIONS,
  ATTENTION_OPERATORS,
  type AttentionSpec,
  attentionOperator,
  buildSpelled,
  CACHES,
  CONTROLS,
  CORES,
  controlSpelling,
  FFNS,
  ffnSpelling,
  HEAD_NORMS,
  HEAD_REPEATS,
  LINEAR_ATTENTIONS,
  LINEARS,
  MASKS,
  maskSpelling,
  NORMS,
  type NormName,
  normSpelling,
  PLAIN_ATTENTION,
  PLAIN_FFN,
  PLAIN_SPELLED,
  PLAIN_SPELLED_BLOCK,
  PROJECTIONS,
  ROTARIES,
  referenceSpelled,
  relativeError,
  runModel,
  SCALES,
  SOFTMAXES,
  type SpelledSpec,
  softmaxSpelling,
  spelledFeeds,
  WINDOWS,
} from '../src/index.js';

/** Largest relative difference between a spelled model in onnxruntime and the formulas. */
async function distance(spec: SpelledSpec): Promise<number> {
  const { model } = buildSpelled(spec);
  const feeds = spelledFeeds(model, 3);
  const want = referenceSpelled(spec, feeds);
  const got = await runModel(model, feeds);
  expect(Object.keys(got).sort()).toEqual(Object.keys(want).sort());
  return Math.max(
    ...Object.entries(want).map(([name, numbers]) => relativeError(got[name].data as Float32Array, numbers)),
  );
}

const FIRST_SETS = [11, 13, 17, 18, 21, 23];

/** Checks a form under the oldest operator set that has it, one in the middle and the newest, with sizes written in all ways. */
async function holds(change: Partial<SpelledSpec>, since = 11, until = 23): Promise<void> {
  const sets = FIRST_SETS.filter((opset) => opset >= since && opset <= until);
  const [oldest, middle, newest] = [sets[0], sets.find((set) => set >= 17) ?? sets[0], sets.at(-1)!];
  const forms = [
    [oldest, 'constant'],
    [oldest, 'fixed'],
    [middle, 'torchscript'],
    [newest, 'dynamo'],
  ] as const;
  for (const [opset, sizes] of forms) {
    const error = await distance({ ...PLAIN_SPELLED, ...change, opset, sizes });
    expect(error, `opset ${opset}, sizes ${sizes}`).toBeLessThan(2e-5);
  }
}

const attention = (change: Partial<AttentionSpec>): Partial<SpelledSpec> => ({
  blocks: [{ ...PLAIN_SPELLED_BLOCK, attention: { ...PLAIN_ATTENTION, ...change } }],
});

const names = <T extends object>(table: T) => Object.keys(table) as (keyof T)[];

describe('a spelling computes what the formula says', () => {
  it.each(names(NORMS))('norm %s', async (norm) => {
    for (const given of [true, false]) {
      const block = { ...PLAIN_SPELLED_BLOCK, norm, normScale: given, normShift: given };
      await holds({ blocks: [block] }, normSpelling(norm).since);
    }
  });
  it.each(HEAD_NORMS)('norm of heads %s', async (headNorm: NormName) => {
    await holds(attention({ headNorm }), normSpelling(headNorm).since);
  });
  it.each(names(NORMS))('norm of all queries and keys %s', async (wholeNorm) => {
    await holds(attention({ wholeNorm }), normSpelling(wholeNorm).since);
  });
  it.each(names(LINEARS))('linear layer %s', async (linear) => {
    for (const bias of [true, false]) {
      const block = {
        ...PLAIN_SPELLED_BLOCK,
        attention: { ...PLAIN_ATTENTION, linear, output: linear, bias },
        ffn: { ...PLAIN_FFN, linear, bias },
      };
      await holds({ blocks: [block], headLinear: linear }, 12);
    }
  });
  it.each(names(ACTIVATIONS))('activation %s', async (activation) => {
    const block = { ...PLAIN_SPELLED_BLOCK, ffn: { ...PLAIN_FFN, activation } };
    await holds({ blocks: [block] }, (ACTIVATIONS[activation] as { since?: number }).since);
  });
  it.each(names(FFNS))('feed-forward network %s', async (form) => {
    for (const activation of ['gelu-erf', 'gelu-tanh', 'relu'] as const) {
      await holds(
        { blocks: [{ ...PLAIN_SPELLED_BLOCK, ffn: { ...PLAIN_FFN, form, activation } }] },
        ffnSpelling(form).since,
      );
    }
  });
  it.each(names(PROJECTIONS))('projection %s', async (projection) => {
    await holds(attention({ projection }), 12);
    await holds(attention({ projection, output: 'einsum-heads', core: 'folded' }), 12);
  });
  it.each(names(CORES))('attention %s', async (core) => {
    await holds(attention({ core, value: 3, mask: 'relative-table', talking: true, temperature: true }), 12);
    await holds(attention({ core, cross: true }), 12);
  });
  it.each(names(ATTENTION_OPERATORS))('attention by %s', async (core) => {
    const { since, causal } = attentionOperator(core)!;
    await holds(attention({ core, mask: 'causal-added', queryKey: 8, value: 8 }), since ?? 12);
    if (!causal) await holds(attention({ core }), since ?? 12);
  });
  it.each(names(LINEAR_ATTENTIONS))('attention %s', async (core) => {
    await holds(attention({ core, value: 3 }), 12);
    await holds(attention({ core, heads: 4, keyHeads: 2 }), 12);
  });
  it.each(names(CACHES))('past keys and values %s', async (cache) => {
    if (cache === 'operator') {
      await holds(attention({ cache, core: 'multi-head' }));
      for (const core of ['operator-rank-3', 'operator-rank-4'] as const) await holds(attention({ cache, core }), 23);
    } else {
      for (const mask of ['none', 'causal-added', 'causal-where', 'causal-multiplied'] as const) {
        await holds(attention({ cache, mask, heads: 4, keyHeads: 2 }));
      }
      for (const core of ['folded', 'sequence-first', 'head-major'] as const) await holds(attention({ cache, core }));
      await holds(attention({ cache, core: 'operator-rank-4' }), 23);
    }
  });
  it.each(names(WINDOWS))('window %s', async (window) => {
    for (const core of ['heads-first', 'folded', 'sequence-first', 'einsum', 'linear-relu', 'multi-head'] as const) {
      await holds(attention({ window, core }), 12);
    }
    await holds(attention({ window, projection: 'gather', mask: 'buckets-gathered' }), 12);
  });
  it.each(names(CONTROLS))('call %s', async (control) => {
    const ffn = { ...PLAIN_FFN, control };
    const { since } = controlSpelling(control);
    await holds({ blocks: [{ ...PLAIN_SPELLED_BLOCK, ffn }] }, since);
    const inner = { ...ffn, activation: 'gelu-function' as const, form: 'gated-split' as const };
    await holds({ blocks: [{ ...PLAIN_SPELLED_BLOCK, ffn: inner }], shared: true, float16: false }, 18);
    for (const storage of ['constant', 'transposed', 'half'] as const) {
      await holds({ blocks: [{ ...PLAIN_SPELLED_BLOCK, ffn }], storage, repeated: true, shared: true }, since);
    }
  });
  it.each(['none', 'streams', 'logits'] as const)('further outputs %s', async (exits) =>
    holds({ exits, blocks: [PLAIN_SPELLED_BLOCK, PLAIN_SPELLED_BLOCK] }),
  );
  it.each(names(SCALES))('scale %s', async (scale) => holds(attention({ scale })));
  it.each(names(SOFTMAXES))('softmax %s', async (softmax) =>
    holds(attention({ softmax }), softmaxSpelling(softmax).since, softmaxSpelling(softmax).until),
  );
  it.each(names(MASKS))('mask %s', async (mask) => holds(attention({ mask }), maskSpelling(mask).since));
  it.each(names(HEAD_REPEATS))('grouped queries by %s', async (repeat) =>
    holds(attention({ heads: 4, keyHeads: 2, repeat })),
  );
  it.each(names(ROTARIES))('rotary embedding %s', async (rotary) => holds(attention({ rotary })));
  it.each(['logits', 'stream', 'tied', 'mean', 'first', 'attention-pool', 'several'] as const)(
    'end %s',
    async (head) => {
      for (const input of ['features', 'ids', 'patches', 'stem', 'stem-normed'] as const) await holds({ head, input });
    },
  );
  it.each(['pre', 'post', 'sandwich', 'parallel'] as const)('order %s', async (order) =>
    holds({ blocks: [{ ...PLAIN_SPELLED_BLOCK, order, layerScale: true }] }),
  );
  it('an encoder with a decoder, two towers', async () => {
    const cross = attention({ cross: true });
    await holds({ ...cross, graph: 'encoder-decoder' });
    await holds({ graph: 'two-towers', input: 'patches', head: 'mean' });
  });
  it.each(['initializer', 'constant', 'identity', 'transposed', 'half'] as const)('weights as %s', async (storage) => {
    await holds({ storage, noise: 0.5 });
    await holds({ storage, shared: true, repeated: true, blocks: [PLAIN_SPELLED_BLOCK, PLAIN_SPELLED_BLOCK] });
    // Statistics that are stored are weights, too.
    await holds({ storage, input: 'stem-normed', blocks: [{ ...PLAIN_SPELLED_BLOCK, norm: 'batch-rows' }] });
  });
});
