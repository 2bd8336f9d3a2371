import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeModel } from '@snp/onnx/node';
import { buildMergedDecoder, buildSeq2seq, type Seq2seqPart } from '@snp/testing';
import { beforeAll, expect, it } from 'vitest';
import { namesIn, snp, temporaryFolder } from './support/snp.js';

const SIZES = { vocabulary: 30, width: 16, depth: 2, heads: 2, headSize: 8, hidden: 24 };
const FILES: Readonly<Record<string, Seq2seqPart>> = {
  'encoder_model.onnx': 'encoder',
  'decoder_model.onnx': 'decoder',
  'decoder_with_past_model.onnx': 'decoder-with-past',
};

let folder: string;
const at = (...names: string[]) => join(folder, ...names);

beforeAll(async () => {
  folder = await temporaryFolder();
  await mkdir(at('out'));
  for (const [name, part] of Object.entries(FILES)) await writeModel(buildSeq2seq(part, SIZES), at(name));
  const texts = Array.from({ length: 16 }, (_, text) =>
    Array.from({ length: 6 }, (_, token) => (7 * text + 3 * token) % 30),
  );
  await writeFile(at('texts.json'), JSON.stringify(texts));
});

const pruneDecoder = (...more: string[]) =>
  snp('prune', at('decoder_model.onnx'), '--calib', at('texts.json'), '--keep-macs', '0.85', ...more);
const companion = ['--companion', 'decoder_with_past_model.onnx'];

it('prunes both decoders in step, and applies the plan to both again', async () => {
  const given = ['--companion', at('decoder_with_past_model.onnx')];
  const done = await pruneDecoder(...given, '-o', at('out', 'decoder_model.onnx'), '--report', at('out'), '--json');
  expect(done.code).toBe(0);
  expect(JSON.parse(done.stdout).companions).toMatchObject([
    { output: at('out', 'decoder_with_past_model.onnx'), verified: { passed: true } },
  ]);
  const again = await snp(
    'apply',
    at('decoder_model.onnx'),
    ...['--plan', at('out', 'plan.json'), '--calib', at('texts.json'), ...given, '-o', at('out', 'again.onnx')],
  );
  expect(again.stdout).toContain(`in step: ${at('out', 'decoder_with_past_model.snp.onnx')}, proven`);
  const bytes = (name: string) => readFile(at('out', name));
  expect((await bytes('again.onnx')).equals(await bytes('decoder_model.onnx'))).toBe(true);
  const pasts = ['decoder_with_past_model.onnx', 'decoder_with_past_model.snp.onnx'].map(bytes);
  expect((await pasts[0]).equals(await pasts[1])).toBe(true);
});

it('prunes, shows, compares and verifies both decoders in one file', async () => {
  const merged = at('decoder_model_merged.onnx');
  await writeModel(buildMergedDecoder(SIZES), merged);
  const output = at('out', 'decoder_model_merged.onnx');
  const texts = ['--calib', at('texts.json')];
  const done = await snp('prune', merged, ...texts, '--keep-macs', '0.85', '-o', output, '--report', at('out'));
  expect(done.stderr + done.stdout).toMatch(/verified .* equals the masked original/);
  const shown = await snp('inspect', output);
  expect(shown.stdout).toMatch(/two models: what runs where 'use_cache_branch' is false is shown/);
  expect(await snp('compare', merged, output, '--data', at('texts.json'))).toMatchObject({ code: 0 });
  const proof = await snp('verify', merged, output, '--plan', at('out', 'plan.json'));
  expect(proof.stdout).toMatch(/^equal: .* over 4 runs/);
});

it('says so where the other decoder was forgotten', async () => {
  const done = await pruneDecoder('-o', at('out', 'alone.onnx'));
  expect(done.stderr).toContain(`--companion ${at('decoder_with_past_model.onnx')}`);
});

it.each([
  ['two outputs would be one', [...companion, '-o', 'decoder_with_past_model.snp.onnx'], /would be written to/],
  ['a companion would be overwritten', [...companion, '-o', 'decoder_with_past_model.onnx'], /is the input itself/],
  ['a companion shares nothing', ['--companion', 'encoder_model.onnx', '-o', 'x.onnx'], /shares no weights/],
])('writes nothing where %s', async (_, flags, message) => {
  const before = await namesIn(folder);
  const paths = flags.map((flag) => (flag.endsWith('.onnx') ? at(flag) : flag));
  const done = await pruneDecoder(...paths);
  expect([done.code, done.stderr]).toEqual([1, expect.stringMatching(message)]);
  expect(await namesIn(folder)).toEqual(before);
});
