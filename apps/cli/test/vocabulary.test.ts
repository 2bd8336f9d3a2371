import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readModel, writeModel } from '@snp/onnx/node';
import { buildSpelled, PLAIN_SPELLED } from '@snp/testing';
import { beforeAll, expect, it } from 'vitest';
import { namesIn, snp, temporaryFolder } from './support/snp.js';

/** As many as the model has rows. */
const WORDS = ['[UNK]', ...'abcdefghi', 'ab'];

let folder: string;
const at = (...names: string[]) => join(folder, ...names);

beforeAll(async () => {
  folder = await temporaryFolder();
  await mkdir(at('model'));
  const { model } = buildSpelled({ ...PLAIN_SPELLED, input: 'ids', head: 'tied' });
  // The names that exporters give.
  model.graph.inputs[0].name = 'input_ids';
  await writeModel(model, at('model', 'model.onnx'));
  await writeFile(
    at('model', 'tokenizer.json'),
    JSON.stringify({
      version: '1.0',
      added_tokens: [{ id: 0, content: '[UNK]', special: true, normalized: false }],
      normalizer: null,
      pre_tokenizer: { type: 'WhitespaceSplit' },
      post_processor: null,
      decoder: null,
      model: { type: 'WordLevel', unk_token: '[UNK]', vocab: Object.fromEntries(WORDS.map((word, id) => [word, id])) },
    }),
  );
  await writeFile(at('texts.txt'), 'a c ab a c ab\nc a g c a g\n');
});

it('takes tokens out of model and tokenizer, which work on together', async () => {
  const done = await snp(
    'vocabulary',
    at('model', 'model.onnx'),
    '--keep',
    at('texts.txt'),
    '-o',
    at('small.onnx'),
    '--json',
  );
  expect(done.stderr).toBe('');
  expect(JSON.parse(done.stdout)).toMatchObject({
    before: WORDS.length,
    kept: ['[UNK]', 'a', 'c', 'g', 'ab'].map((word) => WORDS.indexOf(word)).sort((a, b) => a - b),
    tokenizer: at('small.tokenizer.json'),
    difference: expect.any(Number),
    special: [],
  });
  const { graph } = await readModel(at('small.onnx'));
  expect(graph.outputs.map(({ type }) => type?.shape?.at(-1))).toEqual([5]);
  const { model } = JSON.parse(await readFile(at('small.tokenizer.json'), 'utf8'));
  expect(model.vocab).toEqual({ '[UNK]': 0, a: 1, c: 2, g: 3, ab: 4 });
  const read = await snp('eval', at('small.onnx'), '--data', at('texts.txt'), '--json');
  expect(read.stderr).toContain('12 tokens in all');
  expect(read.code).toBe(0);
});

it('leaves nothing behind where it fails', async () => {
  const before = await namesIn(folder);
  await writeFile(at('ids.json'), '[1, 99]');
  const wrong = await snp('vocabulary', at('model', 'model.onnx'), '--keep', at('ids.json'), '-o', at('other.onnx'));
  expect(wrong.code).toBe(1);
  expect(wrong.stderr).toMatch(/no token 99/);
  const same = await snp(
    'vocabulary',
    at('model', 'model.onnx'),
    '--keep',
    at('texts.txt'),
    '-o',
    at('model', 'model.onnx'),
  );
  expect(same.stderr).toMatch(/is the input itself/);
  expect((await namesIn(folder)).filter((name) => name !== 'ids.json')).toEqual(before);
});
