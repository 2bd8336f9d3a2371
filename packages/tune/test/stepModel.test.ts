import type { Model } from '@snp/onnx';
import { type Feed, type Feeds, GraphBuilder, normals, random, relativeError, withSession } from '@snp/testing';
import { describe, expect, it } from 'vitest';
import type { AdamWOptions } from '../src/graph/adamW.js';
import type { Answer } from '../src/graph/losses.js';
import type { LossKind } from '../src/graph/lossKind.js';
import { type StepModel, stepModel } from '../src/graph/stepModel.js';
import { AdamW, backward, divergence, forward } from './support/byHand.js';
import { net, SIZES, weightsOf } from './support/net.js';

const SAMPLES = 6;
const floats = (dims: readonly number[], data: ArrayLike<number>): Feed => ({
  type: 'FLOAT',
  dims,
  data: Float32Array.from(data),
});
const scalar = (number: number): Feed => ({ type: 'DOUBLE', dims: [], data: Float64Array.of(number) });
const doubles = ({ data }: Feed) => Float64Array.from(data as Float32Array);

/** Runs a step over and over, each from the state that the one before left. */
async function train(
  { model, weights, state, loss }: StepModel,
  steps: readonly { rate: number; share: number; feeds: Feeds }[],
): Promise<{ losses: number[]; states: Record<string, Record<string, Float64Array>>[] }> {
  const held: Feeds = {};
  for (const { name, tensor } of weights) {
    const names = state.inputs.get(name)!;
    for (const kind of ['weight', 'average'] as const) held[names[kind]] = floats(tensor.dims, tensor.numbers());
    for (const kind of ['first', 'second'] as const)
      held[names[kind]] = floats(tensor.dims, new Float32Array(tensor.size));
  }
  return withSession(model, async (run) => {
    const losses: number[] = [];
    const states: Record<string, Record<string, Float64Array>>[] = [];
    for (const [at, { rate, share, feeds }] of steps.entries()) {
      const numbers = { [state.rate]: scalar(rate), [state.step]: scalar(at + 1), [state.share]: scalar(share) };
      const given = await run({ ...feeds, ...held, ...numbers });
      losses.push(Number(given[loss].data[0]));
      const found: Record<string, Record<string, Float64Array>> = {};
      for (const { name } of weights) {
        found[name] = {};
        for (const kind of ['weight', 'first', 'second', 'average'] as const) {
          const output = given[state.outputs.get(name)![kind]];
          held[state.inputs.get(name)![kind]] = output;
          found[name][kind] = doubles(output);
        }
      }
      states.push(found);
    }
    return { losses, states };
  });
}

const comparison = (
  answers: readonly Partial<Answer>[],
  temperature = 1,
  inputShapes = {},
  labels?: { output: string; share: number },
) => ({
  answers: answers.map((own) => ({ output: 'logits', loss: 'divergence' as LossKind, variance: 1, ...own })),
  temperature,
  labels,
  inputShapes,
});

const PLAIN: AdamWOptions = { weightDecay: 0, clip: 1e9 };

describe('a step of training', () => {
  const batches = Array.from({ length: 8 }, (_, at) => normals(random(at, 'x'), SAMPLES * SIZES.inputs, 2));

  it.each([
    { temperature: 1, weightDecay: 0, clip: 1e9 },
    { temperature: 3, weightDecay: 0.1, clip: 1e9 },
    { temperature: 1, weightDecay: 0, clip: 0.05 },
  ])('is what backpropagation and AdamW written out in float64 give: %o', async ({ temperature, ...options }) => {
    const [student, teacher] = [net(1), net(2, { deviation: 2 })];
    const step = stepModel(student, comparison([{}], temperature, { x: [SAMPLES, SIZES.inputs] }), options);
    const wanted = new AdamW(weightsOf(student), {
      decay: options.weightDecay,
      clip: options.clip,
      decaying: ['v', 'w'],
    });
    const answersOf = (x: Float32Array) => forward(weightsOf(teacher), Float64Array.from(x)).logits;
    const rates = batches.map((_, at) => 0.05 / (at + 1));
    const found = await train(
      step,
      batches.map((x, at) => ({
        rate: rates[at],
        share: 0.3,
        feeds: {
          x: floats([SAMPLES, SIZES.inputs], x),
          [step.teacher.get('logits')!]: floats([SAMPLES, SIZES.classes], answersOf(x)),
        },
      })),
    );
    const averages = weightsOf(student);
    let shortened = 0;
    for (const [at, single] of batches.entries()) {
      const [x, answers] = [Float64Array.from(single), answersOf(single)];
      const loss = divergence(forward(wanted.weights, x).logits, answers, temperature);
      expect(Math.abs(found.losses[at] / loss - 1)).toBeLessThan(1e-5);
      const gradients = backward(wanted.weights, x, answers, temperature);
      const length = Math.hypot(...Object.values(gradients).flatMap((own) => [...own]));
      if (length > options.clip) shortened++;
      wanted.step(gradients, rates[at]);
      for (const name of ['v', 'a', 'w', 'b']) {
        const state = found.states[at][name];
        averages[name] = averages[name].map((own, place) => own + 0.3 * (wanted.weights[name][place] - own));
        expect(relativeError(state.weight, wanted.weights[name])).toBeLessThan(1e-5);
        expect(relativeError(state.first, wanted.first[name])).toBeLessThan(2e-5);
        expect(relativeError(state.second, wanted.second[name])).toBeLessThan(2e-5);
        expect(relativeError(state.average, averages[name])).toBeLessThan(1e-5);
      }
    }
    // The case is one of clipping, or it is not.
    expect(shortened).toBe(options.clip < 1 ? batches.length : 0);
  });

  it('goes towards labels by their share: as towards a teacher whose answers are mixed with them', async () => {
    const share = 0.3;
    const [student, teacher] = [net(1), net(2)];
    const step = stepModel(
      student,
      comparison([{}], 1, { x: [SAMPLES, SIZES.inputs] }, { output: 'logits', share }),
      PLAIN,
    );
    const [single] = batches;
    const x = Float64Array.from(single);
    const answers = forward(weightsOf(teacher), x).logits;
    const labels = Array.from({ length: SAMPLES }, (_, at) => (2 * at) % SIZES.classes);
    const found = await train(step, [
      {
        rate: 0.05,
        share: 1,
        feeds: {
          x: floats([SAMPLES, SIZES.inputs], single),
          [step.teacher.get('logits')!]: floats([SAMPLES, SIZES.classes], answers),
          [step.labels!]: { type: 'INT64', dims: [SAMPLES], data: BigInt64Array.from(labels, BigInt) },
        },
      },
    ]);
    const mixed = Float64Array.from(answers);
    let entropy = 0;
    for (const [row, label] of labels.entries()) {
      const own = mixed.subarray(row * SIZES.classes, (row + 1) * SIZES.classes);
      const sum = own.reduce((all, one) => all + Math.exp(one), 0);
      for (const [at, one] of own.entries())
        own[at] = Math.log(((1 - share) * Math.exp(one)) / sum + (at === label ? share : 0));
      const scores = forward(weightsOf(student), x).logits.subarray(row * SIZES.classes, (row + 1) * SIZES.classes);
      entropy += Math.log(scores.reduce((all, one) => all + Math.exp(one), 0)) - scores[label];
    }
    const wanted = new AdamW(weightsOf(student), { decay: 0, clip: 1e9, decaying: [] });
    const towards = divergence(forward(wanted.weights, x).logits, answers, 1);
    expect(found.losses[0]).toBeCloseTo((share * entropy) / SAMPLES + (1 - share) * towards, 5);
    wanted.step(backward(wanted.weights, x, mixed, 1), 0.05);
    for (const name of ['v', 'a', 'w', 'b']) {
      expect(relativeError(found.states[0][name].first, wanted.first[name])).toBeLessThan(2e-5);
      expect(relativeError(found.states[0][name].weight, wanted.weights[name])).toBeLessThan(1e-5);
    }
  });

  it('samples without a label count in the divergence alone', async () => {
    const labelled = { output: 'logits', share: 0.5 };
    const step = stepModel(net(1), comparison([{}], 1, { x: [SAMPLES, SIZES.inputs] }, labelled), PLAIN);
    const x = floats([SAMPLES, SIZES.inputs], batches[0]);
    const answers = forward(weightsOf(net(2)), Float64Array.from(batches[0])).logits;
    const lossFor = async (labels: readonly bigint[]) => {
      const feeds = {
        x,
        [step.teacher.get('logits')!]: floats([SAMPLES, SIZES.classes], answers),
        [step.labels!]: { type: 'INT64' as const, dims: [SAMPLES], data: BigInt64Array.from(labels) },
      };
      return (await train(step, [{ rate: 0, share: 1, feeds }])).losses[0];
    };
    const none = await lossFor(Array(SAMPLES).fill(-1n));
    const towards = divergence(forward(weightsOf(net(1)), Float64Array.from(batches[0])).logits, answers, 1);
    expect(none).toBeCloseTo(0.5 * towards, 5);
    const scores = forward(weightsOf(net(1)), Float64Array.from(batches[0])).logits.subarray(0, SIZES.classes);
    const entropy = Math.log(scores.reduce((all, one) => all + Math.exp(one), 0)) - scores[2];
    expect(await lossFor([2n, ...Array(SAMPLES - 1).fill(-1n)])).toBeCloseTo(0.5 * towards + 0.5 * entropy, 5);
  });

  it('the gradients written out are those of central differences', () => {
    const weights = weightsOf(net(1));
    const x = Float64Array.from(batches[0]);
    const answers = forward(weightsOf(net(2)), x).logits;
    const gradients = backward(weights, x, answers, 2);
    for (const [name, own] of Object.entries(weights))
      for (let at = 0; at < own.length; at++) {
        const moved = (by: number) => {
          const other = { ...weights, [name]: own.map((number, place) => (place === at ? number + by : number)) };
          return divergence(forward(other, x).logits, answers, 2);
        };
        const quotient = (moved(1e-5) - moved(-1e-5)) / 2e-5;
        expect(Math.abs(quotient - gradients[name][at])).toBeLessThan(1e-8);
      }
  });
});

/** scores [batch, tokens, 3] = embeddings of ids times a matrix, with a mask that the model does not read otherwise. */
function tokenModel(): Model {
  const builder = new GraphBuilder('tokens', { opset: 18 });
  const ids = builder.input('input_ids', 'INT64', ['batch', 'tokens']);
  builder.input('attention_mask', 'INT64', ['batch', 'tokens']);
  const table = builder.weight('table', [7, 4], normals(random(1, 'table'), 28));
  const embedded = builder.op('', 'Gather', [table, ids]);
  const head = builder.weight('head', [4, 3], normals(random(1, 'head'), 12));
  builder.output(builder.op('', 'MatMul', [embedded, head]), 'logits', 'FLOAT', ['batch', 'tokens', 3]);
  return builder.model;
}

describe('losses', () => {
  it('of tokens leave out what the mask leaves out', async () => {
    const step = stepModel(tokenModel(), comparison([{}]), PLAIN);
    const int64 = (dims: readonly number[], data: readonly number[]): Feed => ({
      type: 'INT64',
      dims,
      data: BigInt64Array.from(data, BigInt),
    });
    const one = (ids: number[][], masks: number[][], scores: Float32Array) => ({
      rate: 0.01,
      share: 1,
      feeds: {
        input_ids: int64([ids.length, ids[0].length], ids.flat()),
        attention_mask: int64([ids.length, ids[0].length], masks.flat()),
        [step.teacher.get('logits')!]: floats([ids.length, ids[0].length, 3], scores),
      },
    });
    const scores = normals(random(3, 'scores'), 18, 2);
    // Two texts of three and one tokens, filled up; and the same four tokens as four texts of one.
    const filled = await train(step, [
      one(
        [
          [1, 2, 3],
          [4, 6, 5],
        ],
        [
          [1, 1, 1],
          [1, 0, 0],
        ],
        scores,
      ),
    ]);
    const alone = await train(step, [one([[1], [2], [3], [4]], [[1], [1], [1], [1]], scores.subarray(0, 12))]);
    expect(filled.losses[0]).toBeCloseTo(alone.losses[0], 6);
    for (const name of ['table', 'head'])
      expect(relativeError(filled.states[0][name].first, alone.states[0][name].first)).toBeLessThan(1e-5);
  });

  it('of numbers are shares of their variance, and those of several outputs count alike', async () => {
    const model = net(1);
    const hidden = model.graph.nodes.find(({ op }) => op === 'Tanh')!.outputs[0]!;
    hidden.type = { elementType: 'FLOAT', shape: ['batch', SIZES.hidden] };
    model.graph.outputs.push(hidden);
    const answers = [{}, { output: hidden.name, loss: 'error' as LossKind, variance: 0.25 }];
    const step = stepModel(model, comparison(answers), PLAIN);
    const x = normals(random(5, 'x'), SAMPLES * SIZES.inputs);
    const wanted = {
      logits: normals(random(6, 'l'), SAMPLES * SIZES.classes),
      hidden: normals(random(6, 'h'), SAMPLES * SIZES.hidden),
    };
    const found = await train(step, [
      {
        rate: 0,
        share: 1,
        feeds: {
          x: floats([SAMPLES, SIZES.inputs], x),
          [step.teacher.get('logits')!]: floats([SAMPLES, SIZES.classes], wanted.logits),
          [step.teacher.get(hidden.name)!]: floats([SAMPLES, SIZES.hidden], wanted.hidden),
        },
      },
    ]);
    const { logits, hiddens } = forward(weightsOf(model), Float64Array.from(x));
    const error = hiddens.reduce((sum, own, at) => sum + (own - wanted.hidden[at]) ** 2, 0) / hiddens.length / 0.25;
    const loss = (divergence(logits, Float64Array.from(wanted.logits), 1) + error) / 2;
    expect(Math.abs(found.losses[0] / loss - 1)).toBeLessThan(1e-5);
  });
});
