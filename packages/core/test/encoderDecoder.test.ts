import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeModel } from '@snp/onnx/node';
import { encoderBeside, openCalibration, tensorInputs } from '@snp/runtime';
import { buildSeq2seq, random, type Seq2seqPart } from '@snp/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prune } from './support/core.js';

const VOCABULARY = 30;
const SIZES = { vocabulary: VOCABULARY, width: 16, depth: 2, heads: 2, headSize: 8, hidden: 24 };
const FILES: Readonly<Record<Seq2seqPart, string>> = {
  encoder: 'encoder_model.onnx',
  decoder: 'decoder_model.onnx',
  'decoder-with-past': 'decoder_with_past_model.onnx',
};
const folder = mkdtempSync(join(tmpdir(), 'snp-encoder-decoder-'));
const at = (name: string) => join(folder, name);
const draw = random(3, 'texts');

beforeAll(async () => {
  for (const [part, file] of Object.entries(FILES))
    await writeModel(buildSeq2seq(part as Seq2seqPart, SIZES), at(file));
  const texts = Array.from({ length: 32 }, () => Array.from({ length: 8 }, () => draw.integer(VOCABULARY)));
  writeFileSync(at('texts.json'), JSON.stringify(texts));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What each file can lose: what another one reads, or feeds back, stays whole. */
const CASES: readonly [Seq2seqPart, readonly string[], 'scores' | 'embeddings'][] = [
  ['encoder', ['ffn', 'query-key', 'value'], 'embeddings'],
  ['decoder', ['ffn', 'residual'], 'scores'],
  ['decoder-with-past', ['ffn', 'residual'], 'scores'],
];

describe.each(CASES)('the file of the %s alone', (part, kinds, answers) => {
  it('is pruned on texts that the encoder beside it has read, and keeps what the others read', async () => {
    const model = buildSeq2seq(part, SIZES);
    const calibration = await openCalibration(at('texts.json'), {
      inputs: tensorInputs(model),
      encoder: await encoderBeside(at(FILES[part])),
    });
    const { report, model: pruned } = await prune(model, { calibration, budget: { macs: 0.85 } });
    expect([...new Set(report.groups.map(({ kind }) => kind))].sort()).toEqual(kinds);
    expect(report.verified).toMatchObject({ passed: true });
    expect(report.groups.some(({ compensation }) => compensation === 'done')).toBe(true);
    expect(report.fidelity).toMatchObject({ kind: answers, samples: 4 });
    expect(report.continuations?.length).toBe(answers === 'scores' ? 3 : undefined);
    const forms = ({ graph }: typeof model) =>
      [...graph.inputs, ...graph.outputs].map(({ name, type }) => [name, type]);
    expect(forms(pruned)).toEqual(forms(model));
  });
});
