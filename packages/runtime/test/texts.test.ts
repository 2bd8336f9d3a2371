import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCalibration, type Sample, type TensorInfo, tokenizerBeside } from '../src/index.js';

const WORDS = ['[PAD]', '[CLS]', '[SEP]', '[UNK]', ...'abcdefghijklmnopqrstuvwxyz'];
const id = (word: string) => WORDS.indexOf(word);

/** A tokenizer of single letters, which puts [CLS] and [SEP] around a text. */
const TOKENIZER = {
  version: '1.0',
  added_tokens: WORDS.slice(0, 4).map((content, at) => ({ id: at, content, special: true, normalized: false })),
  normalizer: null,
  pre_tokenizer: { type: 'WhitespaceSplit' },
  post_processor: {
    type: 'TemplateProcessing',
    single: [
      { SpecialToken: { id: '[CLS]', type_id: 0 } },
      { Sequence: { id: 'A', type_id: 0 } },
      { SpecialToken: { id: '[SEP]', type_id: 0 } },
    ],
    pair: [],
    special_tokens: {
      '[CLS]': { id: '[CLS]', ids: [1], tokens: ['[CLS]'] },
      '[SEP]': { id: '[SEP]', ids: [2], tokens: ['[SEP]'] },
    },
  },
  decoder: { type: 'WordPiece', prefix: '##', cleanup: false },
  model: {
    type: 'WordPiece',
    unk_token: '[UNK]',
    continuing_subword_prefix: '##',
    max_input_chars_per_word: 100,
    vocab: Object.fromEntries(WORDS.map((word, at) => [word, at])),
  },
};
const PLAIN = { ...TOKENIZER, post_processor: null };

const IDS: TensorInfo = { name: 'input_ids', type: 'INT64', dims: ['batch', 'sequence'] };
const folder = mkdtempSync(join(tmpdir(), 'snp-texts-'));
const at = (...names: string[]) => join(folder, ...names);

beforeAll(() => {
  writeFileSync(at('tokenizer.json'), JSON.stringify(TOKENIZER));
  writeFileSync(at('plain.json'), JSON.stringify(PLAIN));
  writeFileSync(at('texts.txt'), 'a b c d e f\n\nx\ng h i\n');
  writeFileSync(at('texts.jsonl'), '{"text":"a b c"}\n{"text":"d e","other":"x y z"}\n');
  writeFileSync(at('ids.json'), JSON.stringify([{ input_ids: [4, 5, 6] }, [7, 8]]));
  mkdirSync(at('many'));
  writeFileSync(at('many', '1.txt'), 'a b\nc d');
  writeFileSync(at('many', '2.txt'), 'e f');
  mkdirSync(at('onnx'));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function samplesOf(
  name: string,
  options: Partial<Parameters<typeof openCalibration>[1]> = {},
): Promise<Sample[]> {
  const calibration = await openCalibration(at(name), { inputs: [IDS], tokenizer: at('tokenizer.json'), ...options });
  const samples: Sample[] = [];
  for await (const sample of calibration.samples()) samples.push(sample);
  expect(samples).toHaveLength(calibration.count!);
  return samples;
}
const idsOf = (samples: readonly Sample[]) =>
  samples.map(({ feeds }) => Array.from(feeds.input_ids.data as BigInt64Array, Number));
const letters = (text: string) => [...text].map(id);

describe('texts', () => {
  it('are one per line, with the tokens that the template puts around them, cut to so many', async () => {
    expect(idsOf(await samplesOf('texts.txt', { tokens: 6 }))).toEqual([
      [1, ...letters('abcd'), 2],
      [1, id('x'), 2],
      [1, ...letters('ghi'), 2],
    ]);
  });

  it('are skipped where they are too short', async () => {
    const calibration = await openCalibration(at('texts.txt'), { inputs: [IDS], tokenizer: at('plain.json') });
    expect(calibration.count).toBe(2);
    expect(calibration.skipped).toEqual([{ name: 'texts.txt:3', reason: 'it is shorter than two tokens' }]);
  });

  it('are put behind one another, in samples of equal length, which may overlap', async () => {
    const plain = { tokenizer: at('plain.json'), pack: true, tokens: 4 } as const;
    expect(idsOf(await samplesOf('texts.txt', plain))).toEqual([letters('abcd'), letters('efxg')]);
    const overlapping = await samplesOf('texts.txt', { ...plain, stride: 2 });
    expect(idsOf(overlapping)).toEqual([letters('abcd'), letters('cdef'), letters('efxg'), letters('xghi')]);
    // Every token but the first is foretold once.
    const foretold = overlapping.flatMap(({ following }) => following!.ids.filter((next) => next >= 0));
    expect(foretold).toEqual(letters('bcdefxghi'));
    expect(overlapping[1].following).toMatchObject({ ids: [-1, id('e'), id('f'), -1], bytes: 3, words: 2 });
  });

  it('are packed by themselves where a model takes a fixed number of tokens', async () => {
    const inputs = [{ ...IDS, dims: [1, 5] }];
    expect(idsOf(await samplesOf('texts.txt', { inputs }))).toEqual([
      [1, ...letters('abc'), 2],
      [1, ...letters('def'), 2],
      [1, ...letters('xgh'), 2],
    ]);
    await expect(samplesOf('texts.txt', { inputs, tokens: 6 })).rejects.toThrow(/takes 5 tokens, no more and no less/);
  });

  it('stand in a field of JSON, or as tokens', async () => {
    expect(idsOf(await samplesOf('texts.jsonl', { tokenizer: at('plain.json') }))).toEqual([
      letters('abc'),
      letters('de'),
    ]);
    const named = openCalibration(at('texts.jsonl'), { inputs: [IDS], tokenizer: at('plain.json'), field: 'other' });
    await expect(named).rejects.toThrow(/texts.jsonl, 1: no text in other. It has text; name the field with --field/);
    expect(idsOf(await samplesOf('ids.json', { tokenizer: undefined }))).toEqual([
      [4, 5, 6],
      [7, 8],
    ]);
  });

  it('are files of a folder', async () => {
    expect(idsOf(await samplesOf('many', { tokenizer: at('plain.json') }))).toEqual([letters('abcd'), letters('ef')]);
  });

  it('are selected by position, as pictures are', async () => {
    const [first, ...others] = idsOf(await samplesOf('texts.txt', { every: 2, start: 0 }));
    expect(first).toEqual([1, ...letters('abcdef'), 2]);
    const [one, ...more] = idsOf(await samplesOf('texts.txt', { every: 2, limit: 1, start: 0 }));
    expect(more).toEqual([]);
    expect([first, ...others]).toContainEqual(one);
    await expect(samplesOf('texts.txt', { start: 9 })).rejects.toMatchObject({ code: 'calibration' });
  });

  it('fill whatever inputs a graph has besides tokens', async () => {
    const inputs: TensorInfo[] = [
      IDS,
      { name: 'attention_mask', type: 'INT64', dims: ['batch', 'total'] },
      { name: 'token_type_ids', type: 'INT64', dims: ['batch', 'sequence'] },
      { name: 'position_ids', type: 'INT64', dims: ['batch', 'sequence'] },
      { name: 'cache_position', type: 'INT64', dims: ['sequence'] },
      { name: 'causal_mask', type: 'FLOAT', dims: ['batch', 1, 'sequence', 'total'] },
      { name: 'past_key_values.0.key', type: 'FLOAT', dims: ['batch', 2, 'past', 8] },
      { name: 'use_cache_branch', type: 'BOOL', dims: [1] },
      { name: 'num_logits_to_keep', type: 'INT64', dims: [] },
      { name: 'seqlens_k', type: 'INT32', dims: ['batch'] },
      { name: 'total_sequence_length', type: 'INT32', dims: [] },
    ];
    const [{ feeds }] = await samplesOf('texts.txt', { inputs, tokens: 3 });
    const plain = Object.fromEntries(
      Object.entries(feeds).map(([name, { dims, data }]) => [name, [dims, Array.from(data as never, Number)]]),
    );
    const hidden = Math.fround(-3.4028234663852886e38);
    expect(plain).toEqual({
      input_ids: [
        [1, 3],
        [1, id('a'), 2],
      ],
      attention_mask: [
        [1, 3],
        [1, 1, 1],
      ],
      token_type_ids: [
        [1, 3],
        [0, 0, 0],
      ],
      position_ids: [
        [1, 3],
        [0, 1, 2],
      ],
      cache_position: [[3], [0, 1, 2]],
      causal_mask: [
        [1, 1, 3, 3],
        [0, hidden, hidden, 0, 0, hidden, 0, 0, 0],
      ],
      'past_key_values.0.key': [[1, 2, 0, 8], []],
      use_cache_branch: [[1], [0]],
      num_logits_to_keep: [[], [0]],
      seqlens_k: [[1], [2]],
      total_sequence_length: [[], [3]],
    });
  });

  it('are refused by name where an input cannot be made from them, or there is none for tokens', async () => {
    const states: TensorInfo = { name: 'encoder_hidden_states', type: 'FLOAT', dims: ['batch', 'n', 8] };
    await expect(samplesOf('texts.txt', { inputs: [IDS, states] })).rejects.toThrow(
      /'encoder_hidden_states' .*cannot be made from a text/,
    );
    await expect(samplesOf('texts.txt', { inputs: [states] })).rejects.toThrow(
      /no input for tokens.*encoder_hidden_states/,
    );
    await expect(samplesOf('texts.txt', { tokenizer: undefined })).rejects.toThrow(/give the model's tokenizer/);
    await expect(samplesOf('texts.txt', { tokenizer: at('missing.json') })).rejects.toMatchObject({ code: 'io' });
    await expect(samplesOf('texts.txt', { tokenizer: at('ids.json') })).rejects.toMatchObject({ code: 'calibration' });
  });

  it('are not read with options that say nothing to them, nor are others with theirs', async () => {
    await expect(samplesOf('texts.txt', { stride: 2 })).rejects.toThrow(/--stride 2 is about texts that are packed/);
    const far = samplesOf('texts.txt', { pack: true, tokens: 4, stride: 5 });
    await expect(far).rejects.toThrow(/--stride 5 is more than the 4 tokens/);
    for (const option of [{ tokens: 4 }, { field: 'text' }, { pack: true }, { stride: 2 }])
      await expect(samplesOf('onnx', option)).rejects.toThrow(/is about texts, but .*onnx holds none/);
    await expect(samplesOf('texts.txt', { preprocess: 'clip' })).rejects.toThrow(/is about pictures, .*holds texts/);
  });

  it('find their tokenizer beside the model, or in the folder around it', async () => {
    expect(await tokenizerBeside(at('model.onnx'))).toBe(at('tokenizer.json'));
    expect(await tokenizerBeside(at('onnx', 'model.onnx'))).toBe(at('tokenizer.json'));
    expect(await tokenizerBeside(at('onnx', 'deep', 'model.onnx'))).toBeUndefined();
    writeFileSync(at('small.tokenizer.json'), JSON.stringify(PLAIN));
    for (const name of ['small.onnx', 'small.snp.onnx', 'small.snp.int8.onnx'])
      expect(await tokenizerBeside(at(name))).toBe(at('small.tokenizer.json'));
    expect(await tokenizerBeside(at('smaller.onnx'))).toBe(at('tokenizer.json'));
  });
});
