import { describe, expect, it } from 'vitest';
import { batches, type RuntimeTensor, type Sample, type TensorInfo } from '../src/index.js';

const INPUTS: TensorInfo[] = [
  { name: 'input_ids', type: 'INT64', dims: ['batch', 'tokens'] },
  { name: 'attention_mask', type: 'INT64', dims: ['batch', 'tokens'] },
];
const row = (numbers: readonly number[]): RuntimeTensor => ({
  type: 'INT64',
  dims: [1, numbers.length],
  data: BigInt64Array.from(numbers, BigInt),
});
const sample = (ids: readonly number[], mask: readonly number[], more: Sample['feeds'] = {}): Sample => ({
  name: 'a',
  feeds: { input_ids: row(ids), attention_mask: row(mask), ...more },
});

async function fed(given: Sample, inputs = INPUTS): Promise<Sample['feeds']> {
  const all = (async function* () {
    yield given;
  })();
  for await (const { feeds } of batches(all, 4, inputs)) return feeds;
  throw new Error('none');
}
const numbers = ({ data }: RuntimeTensor) => Array.from(data as BigInt64Array, Number);

describe('padding', () => {
  it.each([
    ['behind', [5, 6, 7, 0, 0], [1, 1, 1, 0, 0], [5, 6, 7]],
    ['in front', [0, 0, 5, 6, 7], [0, 0, 1, 1, 1], [5, 6, 7]],
    ['on both sides', [0, 5, 6, 0], [0, 1, 1, 0], [5, 6]],
    ['none, but a hole', [5, 6, 7], [1, 0, 1], [5, 6, 7]],
    ['nothing else', [0, 0], [0, 0], [0, 0]],
  ])('%s is left out', async (_, ids, mask, expected) => {
    const feeds = await fed(sample(ids, mask));
    expect(numbers(feeds.input_ids)).toEqual(expected);
    expect(feeds.attention_mask.dims).toEqual([1, expected.length]);
  });

  it('is left out of all inputs along the tokens, on both axes of masks for each token', async () => {
    const inputs: TensorInfo[] = [
      ...INPUTS,
      { name: 'bias', type: 'FLOAT', dims: ['batch', 1, 'tokens', 'tokens'] },
      { name: 'x', type: 'FLOAT', dims: ['batch', 'tokens', 2] },
    ];
    const bias = { type: 'FLOAT' as const, dims: [1, 1, 3, 3], data: Float32Array.from({ length: 9 }, (_, at) => at) };
    const x = { type: 'FLOAT' as const, dims: [1, 3, 2], data: Float32Array.from({ length: 6 }, (_, at) => at) };
    const feeds = await fed(sample([0, 8, 9], [0, 1, 1], { bias, x }), inputs);
    expect([feeds.bias.dims, [...(feeds.bias.data as Float32Array)]]).toEqual([
      [1, 1, 2, 2],
      [4, 5, 7, 8],
    ]);
    expect([feeds.x.dims, [...(feeds.x.data as Float32Array)]]).toEqual([
      [1, 2, 2],
      [2, 3, 4, 5],
    ]);
  });

  it('stays where the model takes one length, or a past lies before it', async () => {
    const fixed = INPUTS.map((input) => ({ ...input, dims: ['batch', 3] }));
    expect(numbers((await fed(sample([5, 6, 0], [1, 1, 0]), fixed)).input_ids)).toEqual([5, 6, 0]);
    const past: TensorInfo = { name: 'past_key_values.0.key', type: 'FLOAT', dims: ['batch', 1, 'past', 1] };
    const inputs = [...INPUTS, past];
    const keys = (count: number): RuntimeTensor => ({
      type: 'FLOAT',
      dims: [1, 1, count, 1],
      data: new Float32Array(count),
    });
    const given = sample([5, 6], [0, 1, 1], { [past.name]: keys(1) });
    expect((await fed(given, inputs)).input_ids.dims).toEqual([1, 2]);
    expect((await fed(given, inputs)).attention_mask.dims).toEqual([1, 3]);
    expect(numbers((await fed(sample([5, 6, 0], [1, 1, 0], { [past.name]: keys(0) }), inputs)).input_ids)).toEqual([
      5, 6,
    ]);
  });
});
