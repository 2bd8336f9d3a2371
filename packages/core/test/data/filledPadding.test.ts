import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Calibration, type RuntimeTensor, tensors } from '@snp/runtime';
import { buildEncoder, random } from '@snp/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { filledPadding } from '../../src/data/filledPadding.js';
import { prune } from '../support/core.js';

const [TOKENS, VOCABULARY] = [12, 40];
const folder = mkdtempSync(join(tmpdir(), 'snp-padding-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** An encoder that takes one length. */
function fixedLength() {
  const model = buildEncoder({
    vocabulary: VOCABULARY,
    positions: TOKENS,
    residual: 16,
    depth: 2,
    heads: 2,
    labels: 4,
    blocks: { queryKey: 8, value: 8, ffn: 32 },
  });
  for (const { type } of model.graph.inputs) type!.shape = ['batch', TOKENS];
  return model;
}

const row = (numbers: readonly number[]): RuntimeTensor => ({
  type: 'INT64',
  dims: [1, numbers.length],
  data: BigInt64Array.from(numbers, BigInt),
});

/** Texts of 3 to 12 tokens, padded with a token. */
function padded(token: number): Calibration {
  const draw = random(4);
  const samples = Array.from({ length: 24 }, (_, at) => {
    const length = 3 + (at % 10);
    const ids = Array.from({ length: TOKENS }, () => draw.integer(VOCABULARY));
    return {
      input_ids: row(ids.map((id, place) => (place < length ? id : token))),
      attention_mask: row(ids.map((_, place) => Number(place < length))),
    };
  });
  return tensors(samples, { count: samples.length });
}

describe('padding of models that take one length', () => {
  it('has no say in what is pruned and how it is made up for', async () => {
    const written: Buffer[] = [];
    for (const token of [0, 31]) {
      const { write } = await prune(fixedLength(), { budget: { macs: 0.7 }, calibration: padded(token) });
      const path = join(folder, `${token}.onnx`);
      await write(path);
      written.push(readFileSync(path));
    }
    expect(written[0].equals(written[1])).toBe(true);
  });

  it('is the text once more', async () => {
    const model = fixedLength();
    const ids = [0, 5, 6, 7, 0, 0, 0, 0, 0, 0, 0, 0];
    const feeds = { input_ids: row(ids), attention_mask: row(ids.map((id) => Number(id > 0))) };
    for await (const sample of filledPadding(tensors([feeds]), model).samples()) {
      expect(Array.from(sample.feeds.input_ids.data as BigInt64Array, Number)).toEqual([
        5, 5, 6, 7, 6, 7, 5, 6, 7, 5, 6, 7,
      ]);
      expect(sample.feeds.attention_mask).toBe(feeds.attention_mask);
    }
  });

  it('stays where no mask goes with the tokens', async () => {
    const model = fixedLength();
    model.graph.inputs[0].name = 'decoder_input_ids';
    const feeds = { decoder_input_ids: row([5, 6, 0]), attention_mask: row([1, 1, 0]) };
    for await (const sample of filledPadding(tensors([feeds]), model).samples())
      expect(sample.feeds.decoder_input_ids).toBe(feeds.decoder_input_ids);
  });
});
