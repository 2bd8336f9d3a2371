import { runModel } from '@snp/testing';
import { describe, expect, it } from 'vitest';
import { applyPlan, emptyPlan, type Plan, prepare } from '../support/core.js';
import { difference, randomPlan, withoutHeadsAndBranches } from '../support/equivalence.js';
import {
  ALL,
  APART,
  attention,
  CORES,
  HEADS,
  KERNELS,
  LOOK_ALIKES,
  OUTPUTS,
  SEPARATE,
  SIZE,
  STACKED,
  WIDTH,
  type Writer,
} from './projectionForms.js';

/** Holds plans in which queries and keys, values and heads keep different widths against the masked original. */
async function prove({ builder, feeds }: Writer): Promise<void> {
  const analysis = prepare(builder.model);
  expect(analysis.blocks.length).toBe(1);
  const own = (kind: string) => analysis.groups.filter((group) => group.kind === kind);
  expect(own('query-key').map(({ units, lanes }) => [units, lanes])).toEqual([[HEADS * SIZE, HEADS]]);
  expect(own('value').map(({ units, lanes }) => [units, lanes])).toEqual([[HEADS * SIZE, HEADS]]);
  expect(analysis.heads.map(({ units, frozen }) => [units, frozen])).toEqual([[HEADS, undefined]]);
  const kinds = ['query-key', 'value', 'ffn', 'mixed'];
  const plans = kinds.map((kind) => randomPlan(analysis, (group) => kind === 'mixed' || group.kind === kind, 0.5, 3));
  const uneven: Plan = emptyPlan(analysis);
  for (const [kind, share] of [
    ['query-key', 0.25],
    ['value', 0.75],
  ] as const)
    Object.assign(uneven.groups, randomPlan(analysis, (group) => group.kind === kind, share, 4).groups);
  plans.push(
    uneven,
    ...[plans[3], uneven].map((plan) => withoutHeadsAndBranches(plan, analysis, { heads: 0.5, branches: 1 }, 2)),
  );
  for (const plan of plans) expect(await difference(analysis, plan, feeds)).toBeLessThan(1e-5);
  const nothing = applyPlan(analysis, emptyPlan(analysis));
  expect(nothing.graph.nodes.length).toBe(analysis.model.graph.nodes.length);
  expect((await runModel(nothing, feeds)).y.data).toEqual((await runModel(builder.model, feeds)).y.data);
}

describe('one product for queries, keys and values', () => {
  it.each(Object.keys(STACKED))('%s', async (name) => {
    for (const apart of ['Reshape, Transpose, Gather', 'Split'])
      await prove(attention((w) => APART[apart](w, STACKED[name](w))));
  });

  it.each(Object.keys(APART))('taken apart by %s', async (name) => {
    for (const stacked of ['MatMul', 'weights on the left'])
      await prove(attention((w) => APART[name](w, STACKED[stacked](w))));
  });
});

it('keeps queries and keys to which one number is added for all neurons: they do not become zero with their weights', () => {
  const stacked = (w: Writer) => w.op('Gemm', [w.rows(), w.weight([WIDTH, ALL]), w.weight([1])]);
  const { builder } = attention((w) => w.parts(w.unrows(stacked(w), ALL)));
  const analysis = prepare(builder.model);
  expect(analysis.groups.map(({ kind }) => kind)).not.toContain('query-key');
});

describe('kernels with an axis for heads', () => {
  it.each(Object.keys(KERNELS))('%s', async (name) => prove(attention(KERNELS[name])));
  it.each(Object.keys(OUTPUTS))('the output by %s', async (name) =>
    prove(attention(KERNELS['Einsum, heads first'], OUTPUTS[name])),
  );
});

describe('orders of products', () => {
  it.each(Object.keys(CORES))('%s', async (name) => prove(attention(SEPARATE, undefined, CORES[name])));

  it.each(Object.keys(LOOK_ALIKES))('or what looks like one: %s', async (name) => {
    const { builder, feeds } = attention(SEPARATE, undefined, LOOK_ALIKES[name]);
    const analysis = prepare(builder.model);
    for (const seed of [1, 2, 3, 4]) {
      const neurons = randomPlan(analysis, () => seed > 1, 0.5, seed);
      const plan = withoutHeadsAndBranches(neurons, analysis, { heads: seed > 2 ? 1 : 0.5, branches: 1 }, seed);
      expect(await difference(analysis, plan, feeds)).toBeLessThan(1e-5);
    }
  });
});
