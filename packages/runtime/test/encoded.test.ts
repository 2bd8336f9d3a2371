import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeModel } from '@snp/onnx/node';
import { buildSeq2seq, type Feeds, runModel, type Seq2seqPart } from '@snp/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encoderBeside, onnxRuntime, openCalibration, type Sample } from '../src/index.js';

const SIZES = { vocabulary: 20, width: 12, depth: 2, heads: 2, headSize: 4, hidden: 16 };
const FILES: Readonly<Record<Seq2seqPart, string>> = {
  encoder: 'encoder_model.onnx',
  decoder: 'decoder_model.onnx',
  'decoder-with-past': 'decoder_with_past_model.onnx',
};
const folder = mkdtempSync(join(tmpdir(), 'snp-encoded-'));
const at = (name: string) => join(folder, name);
const texts = [
  [3, 4, 5, 6, 7],
  [8, 9, 1],
];

beforeAll(async () => {
  for (const [part, file] of Object.entries(FILES))
    await writeModel(buildSeq2seq(part as Seq2seqPart, SIZES), at(file));
  writeFileSync(at('texts.json'), JSON.stringify(texts));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function samplesFor(file: string): Promise<Sample[]> {
  const session = await onnxRuntime().open(at(file));
  const { inputs } = session;
  await session.close();
  const calibration = await openCalibration(at('texts.json'), { inputs, encoder: await encoderBeside(at(file)) });
  const samples: Sample[] = [];
  for await (const sample of calibration.samples()) samples.push(sample);
  return samples;
}

const whole = (numbers: readonly number[]) => ({
  type: 'INT64' as const,
  dims: [1, numbers.length],
  data: BigInt64Array.from(numbers, BigInt),
});
const ones = (ids: readonly number[]) => whole(ids.map(() => 1));
const read = async (ids: readonly number[]) =>
  (await runModel(at(FILES.encoder), { input_ids: whole(ids), attention_mask: ones(ids) })).last_hidden_state;

describe('texts for a decoder in a file of its own', () => {
  it('are read by the encoder beside it', async () => {
    const samples = await samplesFor(FILES.decoder);
    for (const [text, ids] of texts.entries()) {
      const { encoder_hidden_states: memory, encoder_attention_mask: mask, input_ids } = samples[text].feeds;
      const want = await read(ids);
      expect(memory.dims).toEqual(want.dims);
      for (const [place, number] of (memory.data as Float32Array).entries())
        expect(Math.abs(number - (want.data as Float32Array)[place])).toBeLessThan(1e-5);
      expect([mask, input_ids]).toEqual([ones(ids), whole(ids)]);
    }
  });

  it('come to one that goes on from a past with the keys and values of the other decoder: it says the same', async () => {
    const samples = await samplesFor(FILES['decoder-with-past']);
    for (const [text, ids] of texts.entries()) {
      const { logits } = await runModel(at(FILES['decoder-with-past']), samples[text].feeds as Feeds);
      const feeds = {
        input_ids: whole(ids),
        encoder_attention_mask: ones(ids),
        encoder_hidden_states: await read(ids),
      };
      const want = (await runModel(at(FILES.decoder), feeds)).logits;
      expect(logits.dims).toEqual(want.dims);
      for (const [place, number] of (logits.data as Float32Array).entries())
        expect(Math.abs(number - (want.data as Float32Array)[place])).toBeLessThan(1e-4);
    }
  });

  it('are refused where the encoder is missing or another, with what to do', async () => {
    const session = await onnxRuntime().open(at(FILES.decoder));
    const { inputs } = session;
    await session.close();
    const first = async (encoder: string | undefined) => {
      const calibration = await openCalibration(at('texts.json'), {
        inputs,
        encoder: encoder ? { encoder } : undefined,
      });
      for await (const sample of calibration.samples()) return sample;
    };
    await expect(first(undefined)).rejects.toThrow(/encoder_hidden_states.*encoder_model\.onnx/);
    await writeModel(buildSeq2seq('encoder', { ...SIZES, width: 8 }), at('other.onnx'));
    await expect(first(at('other.onnx'))).rejects.toThrow(/encoder_hidden_states.*another model/);
  });

  it('are found by the names of the files', async () => {
    expect(await encoderBeside(at('encoder_model.onnx'))).toBeUndefined();
    expect(await encoderBeside(at('decoder_model.onnx'))).toEqual({ encoder: at(FILES.encoder), decoder: undefined });
    expect(await encoderBeside(at('decoder_with_past_model.onnx'))).toEqual({
      encoder: at(FILES.encoder),
      decoder: at(FILES.decoder),
    });
    expect(await encoderBeside(at('decoder_model.snp.onnx'))).toMatchObject({ encoder: at(FILES.encoder) });
    expect(await encoderBeside(at('decoder_model_fp16.onnx'))).toBeUndefined();
  });
});
