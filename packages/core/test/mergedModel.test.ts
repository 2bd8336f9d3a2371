import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Model, Tensor } from '@snp/onnx';
import { readModel, writeModel } from '@snp/onnx/node';
import { type Calibration, encoderBeside, type Feeds, onnxRuntime, openCalibration, tensorInputs } from '@snp/runtime';
import { buildMergedDecoder, buildSeq2seq, random, relativeError, runModel } from '@snp/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { apply, mergedModel, prune, verifyMerged } from './support/core.js';
import { smallVit } from './support/smallVit.js';

const SIZES = { vocabulary: 30, width: 16, depth: 2, heads: 2, headSize: 8, hidden: 24 };
const MERGED = 'decoder_model_merged.onnx';
const folder = mkdtempSync(join(tmpdir(), 'snp-merged-'));
const at = (name: string) => join(folder, name);
const draw = random(3, 'texts');
const budget = { macs: 0.8 };

beforeAll(async () => {
  await writeModel(buildSeq2seq('encoder', SIZES), at('encoder_model.onnx'));
  await writeModel(buildSeq2seq('decoder', SIZES), at('decoder_model.onnx'));
  await writeModel(buildMergedDecoder(SIZES), at(MERGED));
  const texts = Array.from({ length: 24 }, () => Array.from({ length: 8 }, () => draw.integer(SIZES.vocabulary)));
  writeFileSync(at('texts.json'), JSON.stringify(texts));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function textsFor(file: string): Promise<Calibration> {
  const inputs = tensorInputs(await readModel(at(file)));
  return openCalibration(at('texts.json'), { inputs, encoder: await encoderBeside(at(file)) });
}

const numbers = (dims: number[], data: Float32Array) => ({ type: 'FLOAT' as const, dims, data });
const wholes = (ids: readonly number[]) => ({
  type: 'INT64' as const,
  dims: [1, ids.length],
  data: BigInt64Array.from(ids, BigInt),
});
const flag = (on: boolean) => ({ type: 'BOOL' as const, dims: [1], data: Uint8Array.of(on ? 1 : 0) });
const ids = [4, 9, 17, 2, 21];
const memory = numbers(
  [1, 6, SIZES.width],
  Float32Array.from({ length: 6 * SIZES.width }, () => draw.normal()),
);
const given = { encoder_attention_mask: wholes([1, 1, 1, 1, 1, 1]), encoder_hidden_states: memory };
const lastScores = ({ logits }: Feeds) => Array.from(logits.data as Float32Array).slice(-SIZES.vocabulary);

/** An empty past of a model. */
function noPast(model: Model): Feeds {
  const past = model.graph.inputs.filter(({ name }) => name.startsWith('past_key_values.'));
  return Object.fromEntries(
    past.map(({ name }) => [name, numbers([1, SIZES.heads, 0, SIZES.headSize], new Float32Array(0))]),
  );
}

const reading = (model: Model, tokens: readonly number[]) =>
  runModel(model, { ...given, ...noPast(model), input_ids: wholes(tokens), use_cache_branch: flag(false) });

/** Scores of the last token by going on from what the model keeps of those before. */
async function goingOn(model: Model): Promise<number[]> {
  const before = await reading(model, ids.slice(0, -1));
  const past = Object.entries(before).flatMap(([name, tensor]) =>
    name.startsWith('present.') ? [[name.replace('present.', 'past_key_values.'), tensor]] : [],
  );
  const next = { ...given, input_ids: wholes(ids.slice(-1)), use_cache_branch: flag(true) };
  return lastScores(await runModel(model, { ...next, ...Object.fromEntries(past) }));
}

describe('both decoders in one file', () => {
  it('are pruned in step, as the decoder without a past is by itself', async () => {
    const calibration = await textsFor(MERGED);
    const { model, report, write, companions } = await prune(at(MERGED), { calibration, budget });
    expect(report.verified).toMatchObject({ passed: true });
    expect(companions).toEqual([]);
    const whole = lastScores(await reading(model, ids));
    expect(relativeError(await goingOn(model), whole)).toBeLessThan(1e-5);
    await write(at('pruned.onnx'));
    expect(lastScores(await reading(await readModel(at('pruned.onnx')), ids))).toEqual(whole);

    const alone = await prune(at('decoder_model.onnx'), {
      calibration: await textsFor('decoder_model.onnx'),
      budget,
      companions: [buildSeq2seq('decoder-with-past', SIZES)],
    });
    const { logits } = await runModel(alone.model, { ...given, input_ids: wholes(ids) });
    expect(relativeError(whole, lastScores({ logits }))).toBeLessThan(1e-6);
  });

  it('have each weight once, and inputs and outputs as they were', async () => {
    const original = await readModel(at(MERGED));
    const { model } = await prune(original, { ratios: { ffn: 0.5 } });
    const names = (values: readonly { name: string }[]) => values.map(({ name }) => name);
    expect(names(model.graph.inputs)).toEqual(names(original.graph.inputs));
    expect(names(model.graph.outputs)).toEqual(names(original.graph.outputs));
    const matrices = (graph: Model['graph']) => graph.initializers.filter(({ tensor }) => tensor!.size >= 64);
    expect(names(matrices(model.graph)).sort()).toEqual(names(matrices(original.graph)).sort());
    expect(model.graph.nodes).toHaveLength(1);
    for (const branch of model.graph.nodes[0].subgraphs) expect(matrices(branch)).toEqual([]);
  });

  it('are made again by their plan, and verified', async () => {
    const original = await readModel(at(MERGED));
    const calibration = await textsFor(MERGED);
    const { model, plan } = await prune(original, { calibration, budget });
    const again = await apply(original, plan, { calibration });
    expect(await reading(again.model, ids)).toEqual(await reading(model, ids));

    const parts = () => mergedModel(model)!;
    const verified = () => verifyMerged(mergedModel(original)!, wrong, plan, { runtime: onnxRuntime() });
    let wrong = parts();
    expect((await verified()).passed).toBe(true);
    // A gain of the decoder with a past that is another than that of the one without.
    wrong = parts();
    const gain = wrong.second.graph.initializers.find(({ name }) => name.includes('norm3'))!;
    const halved = Array.from(gain.tensor!.numbers(), (number) => number / 2);
    gain.tensor = Tensor.fromNumbers('FLOAT', gain.tensor!.dims, halved);
    const ffn = wrong.second.graph.nodes.find(({ opType }) => opType === 'Relu')!;
    ffn.opType = 'Abs';
    expect(await verified()).toMatchObject({ passed: false });
  });

  it('are no others than files that are nothing but a choice between two models', async () => {
    expect(mergedModel(smallVit())).toBeUndefined();
    const more = buildMergedDecoder(SIZES);
    const { graph } = more;
    const logits = graph.outputs[0];
    const { outputs } = graph.addNode({ op: 'Neg', inputs: [logits] });
    outputs[0]!.type = logits.type;
    graph.outputs[0] = outputs[0]!;
    expect(mergedModel(more)).toBeUndefined();
  });
});
