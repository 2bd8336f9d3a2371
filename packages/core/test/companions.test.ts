import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Model } from '@snp/onnx';
import { readModel, writeModel } from '@snp/onnx/node';
import { encoderBeside, openCalibration, tensorInputs } from '@snp/runtime';
import { buildSeq2seq, random, relativeError, runModel } from '@snp/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { apply, emptyPlan, type PruneOptions, type PruneResult, prepare, prune } from './support/core.js';
import { smallVit } from './support/smallVit.js';

const VOCABULARY = 30;
const SIZES = { vocabulary: VOCABULARY, width: 16, depth: 2, heads: 2, headSize: 8, hidden: 24 };
const [ENCODER, DECODER, WITH_PAST] = ['encoder_model.onnx', 'decoder_model.onnx', 'decoder_with_past_model.onnx'];
const folder = mkdtempSync(join(tmpdir(), 'snp-companions-'));
const at = (name: string) => join(folder, name);
const draw = random(3, 'texts');

beforeAll(async () => {
  await writeModel(buildSeq2seq('encoder', SIZES), at(ENCODER));
  await writeModel(buildSeq2seq('decoder', SIZES), at(DECODER));
  await writeModel(buildSeq2seq('decoder-with-past', SIZES), at(WITH_PAST));
  const texts = Array.from({ length: 32 }, () => Array.from({ length: 8 }, () => draw.integer(VOCABULARY)));
  writeFileSync(at('texts.json'), JSON.stringify(texts));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function prunedDecoders(options: Partial<PruneOptions> = {}): Promise<PruneResult> {
  const encoder = await encoderBeside(at(DECODER));
  const inputs = tensorInputs(await readModel(at(DECODER)));
  const calibration = await openCalibration(at('texts.json'), { inputs, encoder });
  return prune(at(DECODER), { calibration, budget: { macs: 0.8 }, companions: [at(WITH_PAST)], ...options });
}

const numbers = (dims: number[], count: () => number) => ({
  type: 'FLOAT' as const,
  dims,
  data: Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, count),
});
const tokens = (ids: readonly number[]) => ({
  type: 'INT64' as const,
  dims: [1, ids.length],
  data: BigInt64Array.from(ids, BigInt),
});

/** Scores of the last token by the decoder that reads all of them, and by the one that goes on from the keys and values of those before. */
async function bothWays(decoder: Model, withPast: Model): Promise<[whole: number[], goingOn: number[]]> {
  const ids = [4, 9, 17, 2, 21];
  const memory = numbers([1, 6, SIZES.width], () => draw.normal());
  const encoder_attention_mask = tokens([1, 1, 1, 1, 1, 1]);
  const given = { encoder_attention_mask, encoder_hidden_states: memory };
  const whole = await runModel(decoder, { input_ids: tokens(ids), ...given });
  const before = await runModel(decoder, { input_ids: tokens(ids.slice(0, -1)), ...given });
  const past = Object.entries(before).flatMap(([name, tensor]) =>
    name.startsWith('present.') ? [[name.replace('present.', 'past_key_values.'), tensor]] : [],
  );
  const next = await runModel(withPast, {
    input_ids: tokens(ids.slice(-1)),
    encoder_attention_mask,
    ...Object.fromEntries(past),
  });
  return [whole, next].map(({ logits }) => Array.from(logits.data, Number).slice(-VOCABULARY)) as [number[], number[]];
}

describe('the two decoders of an encoder-decoder', () => {
  it('go on from each other before', async () => {
    const [whole, goingOn] = await bothWays(await readModel(at(DECODER)), await readModel(at(WITH_PAST)));
    expect(relativeError(goingOn, whole)).toBeLessThan(1e-5);
  });

  it.each([
    ['cut alone', { compensation: 'none', budget: undefined, ratios: { ffn: 0.5, residual: 0.25 } }],
    ['with all that makes up for what leaves', {}],
  ] as const)('go on from each other when they were pruned in step, %s', async (_, options) => {
    const { model, plan, companions, report } = await prunedDecoders(options);
    const [companion] = companions;
    expect(report.verified).toMatchObject({ passed: true });
    expect(companion.verification?.passed).toBe(true);
    expect(Object.keys(companion.plan.groups).length).toBeGreaterThan(0);
    expect(Object.values(companion.plan.groups).map(({ keep }) => keep.length)).toEqual(
      Object.values(plan.groups).map(({ keep }) => keep.length),
    );
    await companion.write(at('pruned_with_past.onnx'));
    const [whole, goingOn] = await bothWays(model, await readModel(at('pruned_with_past.onnx')));
    expect(relativeError(goingOn, whole)).toBeLessThan(1e-5);
  });

  it('are pruned in step where exporters number their weights in another order', async () => {
    const renamed = buildSeq2seq('decoder-with-past', SIZES);
    for (const [number, value] of renamed.graph.initializers.entries()) value.name = `onnx::${number}`;
    await writeModel(renamed, at('renamed.onnx'));
    const { model, companions } = await prunedDecoders({ companions: [at('renamed.onnx')] });
    const [whole, goingOn] = await bothWays(model, companions[0].model);
    expect(relativeError(goingOn, whole)).toBeLessThan(1e-5);
  });
});

it('is refused where it cannot be told which of equal weights was rewritten', async () => {
  const [decoder, other] = (['decoder', 'decoder-with-past'] as const).map((part) => buildSeq2seq(part, SIZES));
  const hidden = SIZES.hidden;
  const last = ({ graph }: Model) => graph.initializers.filter(({ tensor }) => tensor!.dims[0] === hidden);
  // Both FFNs end with the same weights in the first model; one of them is another in the second, under other names.
  const [first, second] = last(decoder);
  second.tensor = first.tensor;
  for (const [number, value] of other.graph.initializers.entries()) value.name = `onnx::${number}`;
  const encoder = await encoderBeside(at(DECODER));
  const calibration = await openCalibration(at('texts.json'), { inputs: tensorInputs(decoder), encoder });
  const pruning = (compensation: 'none' | 'full') =>
    prune(decoder, { calibration, compensation, ratios: { residual: 0.25 }, companions: [other] });
  await expect(pruning('full')).rejects.toThrow(/cannot be told which of them it is/);
  expect((await pruning('none')).companions).toHaveLength(1);
});

describe('what stays in step', () => {
  it('is what one of the models needs whole', async () => {
    const other = buildSeq2seq('decoder-with-past', SIZES);
    // Another model of which the hidden neurons of the first FFN are an output.
    const [neurons] = other.graph.nodes.filter(({ opType }) => opType === 'Relu').map(({ outputs }) => outputs[0]!);
    neurons.type = { elementType: 'FLOAT', shape: undefined };
    other.graph.outputs.push(neurons);
    const { plan, report } = await prunedDecoders({ companions: [other] });
    expect(Object.keys(plan.groups)).not.toContain('blocks.0.ffn');
    expect(JSON.stringify(report)).toContain('is pruned in step with');
  });

  it.each([
    ['a model that shares nothing', { companions: [smallVit()] }, /shares no weights/],
    ['no list', { companions: 'other.onnx' as never }, /companions/],
  ])('%s is refused', async (_, options, message) => {
    await expect(prunedDecoders(options)).rejects.toThrow(message);
  });

  it('takes no plans of heads and branches', async () => {
    const decoder = buildSeq2seq('decoder', SIZES);
    const [branch] = prepare(decoder).branches;
    const plan = emptyPlan(prepare(decoder));
    plan.groups[branch.id] = { units: 1, lanes: 1, keep: [] };
    const applied = apply(decoder, plan, { companions: [at(WITH_PAST)] });
    await expect(applied).rejects.toThrow(/one model at a time/);
    expect((await apply(decoder, plan)).companions).toEqual([]);
  });

  it('takes no plug-ins', async () => {
    const plugins = [{ name: 'any', find: () => [] }] as never;
    await expect(prunedDecoders({ plugins })).rejects.toThrow(/without plug-ins/);
  });
});
