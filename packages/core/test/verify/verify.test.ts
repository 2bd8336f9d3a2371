import { type Model, type Node, Tensor, type Value } from '@snp/onnx';
import { onnxRuntime, type Runtime, tensors } from '@snp/runtime';
import { GraphBuilder, normals, random } from '@snp/testing';
import { describe, expect, it } from 'vitest';
import { applyPlan, type Plan, prepare, prune, verify } from '../support/core.js';
import { randomPlan } from '../support/equivalence.js';
import { smallVit, smallVitFeeds } from '../support/smallVit.js';

const runtime = onnxRuntime();

/** A Vision Transformer with something behind its answers, or in front of them. */
function ending(
  op: string,
  attributes: Parameters<GraphBuilder['op']>[3],
  more: (model: Model) => Value[] = () => [],
): Model {
  const model = smallVit();
  const { graph } = model;
  const [logits] = graph.outputs;
  const node = graph.addNode({ op, inputs: [logits, ...more(model)], outputs: ['ending'], attributes });
  graph.outputs[0] = node.outputs[0]!;
  return model;
}

/** A runtime that tells which models are open, and may open another one in place of one. */
function counting(
  opened: string[],
  instead: (model: Parameters<Runtime['open']>[0], at: number) => Parameters<Runtime['open']>[0] = (model) => model,
): Runtime {
  return {
    async open(model, options) {
      const at = opened.push('open') - 1;
      const session = await runtime.open(instead(model, at), options);
      const close = async () => {
        await session.close();
        opened[at] = 'closed';
      };
      return { ...session, close };
    },
  };
}

/** Adds to the last bias of a pruned model. */
function shifted(model: Model, by: number): Model {
  const bias = model.graph.nodes.findLast(
    ({ op, inputs }) =>
      (op === 'Gemm' && inputs[2]?.tensor) ||
      (op === 'Add' && inputs.some((value) => value?.tensor?.dims.join() === '7')),
  )!;
  const value = bias.inputs.find((own) => own?.tensor?.dims.join() === '7')!;
  const numbers = value.tensor!.numbers();
  value.tensor = Tensor.fromNumbers(
    value.tensor!.dataType,
    value.tensor!.dims,
    Array.from(numbers, (number: number, at: number) => (at === 3 ? number + by : number)),
  );
  return model;
}

function halfPlan(model: Model): { analysis: ReturnType<typeof prepare>; plan: Plan; pruned: Model } {
  const analysis = prepare(model);
  const plan = randomPlan(analysis, () => true, 0.5, 3);
  return { analysis, plan, pruned: applyPlan(analysis, plan) };
}

describe('verify', () => {
  it('passes a right file and tells its tolerance, and not a file that was changed afterwards', async () => {
    const model = smallVit();
    const { analysis, plan, pruned } = halfPlan(model);
    expect(await verify(analysis, pruned, plan, { runtime, original: model })).toMatchObject({
      passed: true,
      tolerance: 1e-4,
      runs: 2,
      inputs: 'random',
    });
    expect(await verify(analysis, shifted(pruned, 0.01), plan, { runtime })).toMatchObject({
      passed: false,
      reason: expect.stringMatching(/differ by/),
    });
  });

  it('reads halves as numbers', async () => {
    const model = ending('Cast', { to: 10 });
    const { analysis, plan, pruned } = halfPlan(model);
    const right = await verify(analysis, pruned, plan, { runtime, original: model });
    expect(right).toMatchObject({ passed: true, tolerance: 2e-2 });
    expect(right.difference).toBeLessThan(2e-3);
    expect(await verify(analysis, shifted(pruned, 0.5), plan, { runtime })).toMatchObject({ passed: false });
  });

  it('compares whole numbers, but for ties', async () => {
    const model = ending('ArgMax', { axis: 1 });
    const { analysis, plan, pruned } = halfPlan(model);
    expect(await verify(analysis, pruned, plan, { runtime, original: model })).toMatchObject({ passed: true });
    expect(await verify(analysis, shifted(pruned, 100), plan, { runtime })).toMatchObject({
      passed: false,
      reason: expect.stringMatching(/whole numbers/),
    });
  });

  it('passes whole numbers that a tie decides', async () => {
    // Classes 0 and 3 have the same weights: rounding decides which one is the largest.
    const tied = (by: number) => {
      const builder = new GraphBuilder('tied');
      const w = normals(random(4), 6 * 4).map((number, at) => (at % 4 === 3 ? 0 : number));
      const column = w.map((_, at) => w[at - (at % 4)]);
      const weights = Float32Array.from(w, (number, at) =>
        at % 4 === 3 ? column[at] : number - (at % 4 === 0 ? 0 : 9),
      );
      const x = builder.op('', 'MatMul', [
        builder.op('', 'Abs', [builder.input('x', 'FLOAT', ['b', 6])]),
        builder.weight('w', [6, 4], weights),
      ]);
      const scores = builder.op('', 'Add', [x, builder.weight('bias', [4], Float32Array.of(0, 0, 0, by))]);
      builder.output(builder.op('', 'ArgMax', [scores], { axis: 1 }), 'y', 'INT64', ['b', 1]);
      return builder.model;
    };
    const analysis = prepare(tied(-1e-7), { allowNothing: true });
    const plan = randomPlan(analysis, () => false, 1, 0);
    expect(await verify(analysis, tied(1e-6), plan, { runtime })).toMatchObject({ passed: true });
    expect(await verify(analysis, tied(1), plan, { runtime })).toMatchObject({ passed: false });
  });

  it('takes no answers for proof that are the same everywhere', async () => {
    const model = ending('Mul', {}, ({ graph }) => [graph.addInitializer('zero', Tensor.float32([], [0]))]);
    const { analysis, plan, pruned } = halfPlan(model);
    await expect(verify(analysis, pruned, plan, { runtime })).rejects.toThrow(
      /same number everywhere.*nothing can be proven/,
    );
    await expect(prune(model, { ratios: { ffn: 0.5 } })).rejects.toThrow(/nothing can be proven/);
    expect((await prune(model, { ratios: { ffn: 0.5 }, verify: false })).report.verified).toBe(false);
  });

  it('tells a file that does not run from one that differs', async () => {
    const { analysis, plan, pruned } = halfPlan(smallVit());
    const reader = pruned.graph.nodes.find(({ inputs }: Node) => inputs[1]?.tensor?.dims.length === 2)!;
    reader.inputs[1]!.tensor = Tensor.float32([3, 5], new Float32Array(15));
    expect(await verify(analysis, pruned, plan, { runtime })).toMatchObject({
      passed: false,
      reason: expect.stringMatching(/does not run/),
    });
  });

  it('holds the model that was analysed against the original', async () => {
    const model = smallVit();
    const { analysis, plan, pruned } = halfPlan(model);
    await expect(verify(analysis, pruned, plan, { runtime, original: shifted(smallVit(), 1) })).rejects.toThrow(
      /no longer what it was/,
    );
  });

  it('does so before long work, and leaves no model open', async () => {
    const opened: string[] = [];
    // The original is opened first, then the model as it was analysed.
    const changing = counting(opened, (model, at) => (at === 1 ? shifted(smallVit(), 1) : model));
    const calibration = tensors([smallVitFeeds(1), smallVitFeeds(2)]);
    await expect(prune(smallVit(), { budget: { macs: 0.6 }, calibration, runtime: changing })).rejects.toThrow(
      /no longer what it was/,
    );
    expect(opened).toEqual(['closed', 'closed']);
  });

  it('leaves the original not open where nothing can be pruned', async () => {
    const opened: string[] = [];
    const builder = new GraphBuilder('nothing');
    const x = builder.input('x', 'FLOAT', ['b', 4]);
    builder.output(builder.op('', 'Softmax', [x]), 'y', 'FLOAT', ['b', 4]);
    const pruning = prune(builder.model, { ratios: { ffn: 0.5 }, runtime: counting(opened) });
    await expect(pruning).rejects.toMatchObject({ code: 'not-prunable' });
    expect(opened).toEqual(['closed']);
  });

  it('compares models that were exported while training as if they were not', async () => {
    const model = ending('Dropout', {}, ({ graph }) => [
      graph.addInitializer('share', Tensor.float32([], [0.5])),
      graph.addInitializer('training', Tensor.of('BOOL', [], Uint8Array.of(1))),
    ]);
    const { analysis, plan, pruned } = halfPlan(model);
    expect(await verify(analysis, pruned, plan, { runtime, original: model })).toMatchObject({ passed: true });
  });
});
