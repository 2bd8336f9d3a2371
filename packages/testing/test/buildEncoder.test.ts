import { type Model, SnpError } from '@snp/onnx';
import { describe, expect, it } from 'vitest';
import { buildEncoder, type EncoderOptions, type Feeds, inputs, relativeError, runModel } from '../src/index.js';
import { naiveEncoder } from './support/naiveEncoder.js';

const SMALL: EncoderOptions = {
  vocabulary: 30,
  positions: 12,
  residual: 24,
  depth: 2,
  heads: 3,
  blocks: { queryKey: 8, value: 8, ffn: 40 },
  labels: 4,
};

/** Batch and sequence sizes that every form must run at. */
const SIZES = [
  [2, 7],
  [3, 4],
] as const;

function feeds(batch: number, sequence: number): Feeds {
  const shape = [batch, sequence];
  const filled = inputs([
    { name: 'input_ids', dtype: 'int64', shape, fill: 'randint:30' },
    { name: 'attention_mask', dtype: 'int64', shape, fill: 'ones' },
  ]);
  // The last two tokens of the first sequence are padding.
  (filled.attention_mask.data as BigInt64Array).fill(0n, sequence - 2, sequence);
  return filled;
}

async function logits(model: Model, batch: number, sequence: number): Promise<Float32Array> {
  return (await runModel(model, feeds(batch, sequence))).logits.data as Float32Array;
}

/** Largest relative error of a model against another over both sizes. */
async function difference(model: Model, reference: Model): Promise<number> {
  let largest = 0;
  for (const [batch, sequence] of SIZES) {
    const error = relativeError(await logits(model, batch, sequence), await logits(reference, batch, sequence));
    largest = Math.max(largest, error);
  }
  return largest;
}

const build = (options: Partial<EncoderOptions> = {}) => buildEncoder({ ...SMALL, ...options });
const count = (model: Model, op: string) => model.graph.nodes.filter((node) => node.op === op).length;

/** Every form of the same function, with an operator that shows it is written that way. */
const FORMS: [Partial<EncoderOptions>, op: string, present: boolean][] = [
  [{ norm: 'decomposed' }, 'ReduceMean', true],
  [{ gelu: 'operator' }, 'Gelu', true],
  [{ norm: 'decomposed', gelu: 'operator' }, 'LayerNormalization', false],
  [{ attentionScale: 'shape' }, 'Sqrt', true],
  [{ scaleWidth: 8 }, 'Sqrt', false],
  [{ qkv: 'sliced' }, 'Slice', true],
  [{ linear: 'gemm' }, 'Gemm', true],
  [{ targets: 'shape' }, 'Concat', true],
  [{ weights: 'constants' }, 'Constant', true],
];

describe('forms', () => {
  it.each(['post-norm', 'pre-norm'] as const)('computes what plain loops compute (%s)', async (order) => {
    const options: EncoderOptions = { ...SMALL, order };
    const model = buildEncoder(options);
    for (const [batch, sequence] of SIZES) {
      const { input_ids, attention_mask } = feeds(batch, sequence);
      const actual = await logits(model, batch, sequence);
      const expected = Array.from({ length: batch }, (_, sample) => {
        const own = (data: ArrayLike<unknown>) =>
          Array.from(data, Number).slice(sample * sequence, (sample + 1) * sequence);
        return naiveEncoder(model, options, own(input_ids.data), own(attention_mask.data));
      });
      expect(relativeError(actual, expected.flat(2))).toBeLessThan(1e-5);
    }
  });

  it.each(FORMS)('%j is the same function', async (options, op, present) => {
    for (const order of ['post-norm', 'pre-norm'] as const) {
      const model = build({ ...options, order });
      expect(count(model, op) > 0).toBe(present);
      expect(await difference(model, build({ order }))).toBeLessThan(1e-5);
    }
  });

  it('all forms at once are the same function', async () => {
    const forms = Object.assign({}, ...FORMS.map(([options]) => options)) as Partial<EncoderOptions>;
    const model = build({ ...forms, scaleWidth: undefined, biases: 'identity' });
    expect(model.graph.initializers).toEqual([]);
    expect(await difference(model, build({ biases: 'equal' }))).toBeLessThan(1e-5);
  });

  it('another order, scale or seed is another function', async () => {
    for (const options of [{ order: 'pre-norm' }, { scaleWidth: 32 }, { seed: 1 }, { biases: 'equal' }] as const) {
      expect(await difference(build(options), build())).toBeGreaterThan(1e-3);
    }
  });
});

describe('biases', () => {
  const biasesRead = (model: Model) =>
    model.graph.nodes.filter(
      (node) => node.op === 'Add' && node.inputs[0]?.name.endsWith('.bias') && !node.name.includes('norm'),
    );

  it('stores equal biases once, in the residual stream and outside of it', async () => {
    const equal = build({ biases: 'equal' });
    const shared = build({ biases: 'shared' });
    const stored = (model: Model) => new Set(biasesRead(model).map((node) => node.inputs[0]));
    // Six linear layers in each of two blocks, and the head; 24 wide, 40 wide, 4 wide.
    expect(stored(equal).size).toBe(13);
    expect(stored(shared).size).toBe(3);
    expect(await difference(shared, equal)).toBe(0);
  });

  it('reads shared biases through Identity nodes', async () => {
    const model = build({ biases: 'identity' });
    expect(count(model, 'Identity')).toBe(10);
    expect(await difference(model, build({ biases: 'equal' }))).toBe(0);
  });

  it.each(['shared', 'identity'] as const)('%s works with a joined product and Constant nodes', async (biases) => {
    const model = build({ biases, qkv: 'sliced', weights: 'constants', linear: 'gemm' });
    expect(await difference(model, build({ biases: 'equal' }))).toBeLessThan(1e-5);
  });
});

describe('attention mask', () => {
  it('hides what padded tokens hold', async () => {
    const model = build();
    const given = feeds(2, 7);
    const before = (await runModel(model, given)).logits.data as Float32Array;
    const ids = given.input_ids.data as BigInt64Array;
    ids[6] = (ids[6] + 1n) % 30n;
    const after = (await runModel(model, given)).logits.data as Float32Array;
    expect(after.subarray(0, 6 * 4)).toEqual(before.subarray(0, 6 * 4));
    expect(relativeError(after.subarray(6 * 4, 7 * 4), before.subarray(6 * 4, 7 * 4))).toBeGreaterThan(1e-2);
  });
});

describe('widths and labels', () => {
  it('takes widths of its own per block, in all joins', async () => {
    const blocks = [
      { queryKey: 5, value: 7, ffn: 11 },
      { queryKey: 3, value: 2, ffn: 40 },
    ];
    const reference = build({ blocks, scaleWidth: 8 });
    expect(await difference(build({ blocks, scaleWidth: 8, qkv: 'sliced', linear: 'gemm' }), reference)).toBeLessThan(
      1e-5,
    );
  });

  it.each(['matmul', 'gemm'] as const)('ties the head to the token embedding (%s)', async (linear) => {
    const options: EncoderOptions = { ...SMALL, labels: 'tied' };
    const model = buildEncoder({ ...options, linear });
    expect(model.graph.value('embeddings.word.weight').uses.size).toBe(2);
    const expected = naiveEncoder(buildEncoder(options), options, [4, 9, 2], [1, 1, 1]);
    const ids = { type: 'INT64', dims: [1, 3], data: BigInt64Array.of(4n, 9n, 2n) } as const;
    const mask = { type: 'INT64', dims: [1, 3], data: BigInt64Array.of(1n, 1n, 1n) } as const;
    const { logits } = await runModel(model, { input_ids: ids, attention_mask: mask });
    expect(logits.dims).toEqual([1, 3, 30]);
    expect(relativeError(logits.data, expected.flat())).toBeLessThan(1e-5);
  });

  it('refuses options that contradict each other', () => {
    expect(() => build({ attentionScale: 'shape', scaleWidth: 64 })).toThrow(/Leave out scaleWidth/);
    expect(() => build({ blocks: [{ queryKey: 8, value: 8, ffn: 40 }] })).toThrow(SnpError);
  });
});
