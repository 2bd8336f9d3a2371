import { defineOperator, pointwise } from '@snp/graph';
import { encodeModel, type Model, type Node, Tensor, type Value } from '@snp/onnx';
import { onnxRuntime, tensors } from '@snp/runtime';
import { relativeError, runModel } from '@snp/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { apply, maskedModel, prune, removedSlices } from '../support/core.js';
import { smallVit, smallVitFeeds } from '../support/smallVit.js';

const HIDDEN = 48;

type Mix = (model: Model, hidden: Value, before: Node) => Value;

/** Whatever a rule says of them, these operators tell the neurons of a hidden layer by their places, or count on their number. */
const MIXING: Readonly<Record<string, Mix>> = {
  // Some neurons of some tokens become zero: the answers differ.
  Trilu: ({ graph }, hidden, before) =>
    graph.addNode({ op: 'Trilu', inputs: [hidden], outputs: ['mixed'], before }).outputs[0]!,
  // As many as there were are turned round: there are no such many any more, and the model does not run.
  ReverseSequence: ({ graph }, hidden, before) => {
    const add = (op: string, inputs: Value[], attributes: Record<string, number | number[]>) =>
      graph.addNode({ op, inputs, outputs: ['mixed'], attributes, before }).outputs[0]!;
    const lengths = graph.addInitializer('lengths', Tensor.int64([17], new Array(17).fill(HIDDEN)));
    const first = add('Transpose', [hidden], { perm: [2, 1, 0] });
    return add('Transpose', [add('ReverseSequence', [first, lengths], { time_axis: 0, batch_axis: 1 })], {
      perm: [2, 1, 0],
    });
  },
};

/** A Vision Transformer with such an operator in the FFN of some blocks. */
function vitWith(operator: string, blocks: readonly number[]): Model {
  const model = smallVit({ ffn: HIDDEN });
  for (const block of blocks) {
    const reader = model.graph.nodes.find(({ name }) => name === `/blocks/blocks.${block}/mlp/fc2/MatMul`)!;
    reader.setInput(0, MIXING[operator](model, reader.inputs[0]!, reader));
  }
  return model;
}

const defined: (() => void)[] = [];
afterEach(() => {
  for (const undo of defined.splice(0)) undo();
});

/** A rule that takes the operator for one that leaves every position where it is. */
function believe(operator: string): void {
  const form = { inputs: 2, outputs: 'all', attributes: 'any' } as const;
  const { propagate, ...rest } = pointwise({ [operator]: form }, 'any', 'a wrong rule');
  defined.push(
    defineOperator({
      ...rest,
      propagate(node, walk) {
        walk.setOutput(node, 0, walk.input(node, 0));
      },
    }),
  );
}

describe.each(['Trilu', 'ReverseSequence'])('with a wrong rule for %s', (operator) => {
  it('prune leaves the group to blame as it is, says so, and prunes the rest rightly', async () => {
    believe(operator);
    const model = vitWith(operator, [1]);
    const ratios = { ffn: 0.5, residual: 0.25, value: 0.25 };
    const { model: pruned, plan, report, analysis } = await prune(model, { ratios });
    const cut = report.groups.filter(({ before, after }) => after < before).map(({ id }) => id);
    expect(cut.filter((id) => id.endsWith('ffn'))).toEqual(['blocks.0.ffn', 'blocks.2.ffn']);
    expect(cut).toContain('residual');
    expect(report.warnings.join()).toMatch(/'blocks.1.ffn' was left as it is/);
    expect(report.frozen.map(({ reason }) => reason).join()).toMatch(/comes out wrong when it is cut/);
    expect(report.verified).toMatchObject({ passed: true, inputs: 'random' });
    const masked = maskedModel(analysis.model, removedSlices(plan, analysis));
    const [want, got] = [await runModel(masked, smallVitFeeds(5)), await runModel(pruned, smallVitFeeds(5))];
    const [a, b] = [want, got].map((answers) => Object.values(answers)[0].data as Float32Array);
    expect(relativeError(b, a)).toBeLessThan(1e-5);
  });

  it('prune divides a budget over the rest', async () => {
    believe(operator);
    const { report } = await prune(vitWith(operator, [0, 1]), { budget: { macs: 0.8 } });
    expect(report.cost.after.macs).toBeLessThanOrEqual(0.8 * report.cost.before.macs);
    expect(report.groups.map(({ id }) => id).filter((id) => id.endsWith('ffn'))).toEqual(['blocks.2.ffn']);
    expect(report.verified).toMatchObject({ passed: true });
  });

  it('prune writes nothing where nothing else was asked for', async () => {
    believe(operator);
    await expect(
      prune(vitWith(operator, [0, 1]), { ratios: { 'blocks.0.ffn': 0.5, 'blocks.1.ffn': 0.5 } }),
    ).rejects.toMatchObject({
      code: 'not-prunable',
      message: expect.stringMatching(/Nothing was written.*'blocks.0.ffn'/),
    });
  });
});

describe('prune', () => {
  it('nothing is proven for whoever says so', async () => {
    believe('Trilu');
    const { report } = await prune(vitWith('Trilu', [1]), { ratios: { ffn: 0.5 }, verify: false });
    expect(report.verified).toBe(false);
    expect(report.groups.find(({ id }) => id === 'blocks.1.ffn')).toMatchObject({ before: HIDDEN, after: HIDDEN / 2 });
  });

  it('finds the group to blame with calibration and compensation too, and cuts weights that were not rewritten for it', async () => {
    believe('Trilu');
    const calibration = tensors(Array.from({ length: 24 }, (_, at) => smallVitFeeds(at)));
    const options = { calibration, ratios: { ffn: 0.5, 'query-key': 0.5 }, runtime: onnxRuntime() };
    const { report } = await prune(vitWith('Trilu', [1]), options);
    expect(report.warnings.join()).toMatch(/'blocks.1.ffn' was left as it is/);
    expect(report.verified).toMatchObject({ passed: true, inputs: 'data' });
    expect(report.compensation).toBe('full');
  }, 20_000);

  it('makes a plan anew from the statistics that it has, whose recipe is that of the data', async () => {
    believe('Trilu');
    const calibration = tensors(Array.from({ length: 24 }, (_, at) => smallVitFeeds(at)));
    const options = { calibration, runtime: onnxRuntime() };
    const model = vitWith('Trilu', [1]);
    const made = await prune(model, { ...options, budget: { macs: 0.8 } });
    expect(made.report.warnings.join()).toMatch(/'blocks.1.ffn' was left as it is/);
    expect(made.plan.compensation).toMatchObject({ kind: 'full', data: { heldBack: false } });
    expect(made.plan.compensation!.statistics).toBeUndefined();
    const again = await apply(model, made.plan, options);
    expect(again.report.warnings).toEqual([]);
    expect(encodeModel(again.model)).toEqual(encodeModel(made.model));
  });
});
