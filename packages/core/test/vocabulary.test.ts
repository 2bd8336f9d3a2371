import { cloneModel, type Model, Tensor } from '@snp/onnx';
import { onnxRuntime } from '@snp/runtime';
import { buildSpelled, GraphBuilder, PLAIN_SPELLED, random, relativeError, runModel } from '@snp/testing';
import { describe, expect, it } from 'vitest';
import { keepVocabulary } from './support/core.js';
import { compareOutputs } from './support/equivalence.js';

const runtime = onnxRuntime();
const [TOKENS, WIDTH, TEXT] = [20, 6, 7];
const KEPT = [0, 3, 4, 9, 13, 19];
const PAD = 4;

type Read = (builder: GraphBuilder, ids: ReturnType<GraphBuilder['input']>) => ReturnType<GraphBuilder['input']>;

/** Scores for each token, of a table, a layer and a head of its own; and a mask made of the tokens. */
function language(mask: Read): Model {
  const draw = random(5);
  const normals = (dims: number[]) =>
    Float32Array.from({ length: dims.reduce((n, dim) => n * dim, 1) }, () => draw.normal());
  const builder = new GraphBuilder('language');
  const weight = (name: string, dims: number[]) => builder.weight(name, dims, normals(dims));
  const ids = builder.input('input_ids', 'INT64', ['batch', 'tokens']);
  const rows = builder.op('', 'Gather', [weight('table', [TOKENS, WIDTH]), ids], { axis: 0 });
  const hidden = builder.op('', 'Tanh', [builder.op('', 'MatMul', [rows, weight('layer', [WIDTH, WIDTH])])]);
  const masked = builder.op('', 'Mul', [hidden, mask(builder, ids)]);
  const scores = builder.op('', 'Add', [
    builder.op('', 'MatMul', [masked, weight('head', [WIDTH, TOKENS])]),
    weight('bias', [TOKENS]),
  ]);
  builder.output(scores, 'logits', 'FLOAT', ['batch', 'tokens', TOKENS]);
  builder.output(masked, 'stream', 'FLOAT', ['batch', 'tokens', WIDTH]);
  return builder.model;
}

/** 1 for each token that is not `token`. */
const unlike =
  (token: number): Read =>
  (builder, ids) => {
    const constant = builder.model.graph.addInitializer('pad', Tensor.int64([], [token]));
    const other = builder.op('', 'Not', [builder.op('', 'Equal', [ids, constant])]);
    return builder.op('', 'Unsqueeze', [builder.op('', 'Cast', [other], { to: 1 }), builder.ints('', [2])]);
  };

const feed = (ids: readonly number[]) => ({
  input_ids: { type: 'INT64' as const, dims: [1, ids.length], data: BigInt64Array.from(ids, BigInt) },
});

describe('a vocabulary of fewer tokens', () => {
  it.each([
    ['compares with a token that stays', PAD],
    ['compares with a token that leaves', 5],
  ])('says the same of tokens that stay; the model %s', async (_, token) => {
    const model = language(unlike(token));
    const before = cloneModel(model);
    const {
      model: narrow,
      kept,
      tables,
      outputs,
      difference,
    } = await keepVocabulary(model, [...KEPT].reverse(), { runtime });
    expect({ kept, tables, outputs }).toEqual({ kept: KEPT, tables: ['table'], outputs: ['logits'] });
    expect(difference).toBeLessThan(1e-6);
    const places = Array.from({ length: TEXT }, (_, at) => (at * 5) % KEPT.length);
    const want = await runModel(before, feed(places.map((place) => KEPT[place])));
    const got = await runModel(narrow, feed(places));
    expect(got.logits.dims).toEqual([1, TEXT, KEPT.length]);
    const all = want.logits.data as Float32Array;
    const scores = places.flatMap((_, row) => KEPT.map((id) => all[row * TOKENS + id]));
    expect(relativeError(got.logits.data as Float32Array, scores)).toBeLessThan(1e-6);
    expect(compareOutputs([got.stream], [want.stream])).toBeLessThan(1e-6);
    // The mask is of use: some tokens are ruled out, others not.
    expect((want.stream.data as Float32Array).some((x) => x === 0)).toBe(token === PAD);
    const sizes = narrow.graph.initializers.map(({ name, tensor }) => [name, tensor!.dims]);
    expect(Object.fromEntries(sizes)).toMatchObject({ table: [6, WIDTH], head: [WIDTH, 6], bias: [6] });
  });

  it('is one of all places where table and head are one weight', async () => {
    const { model } = buildSpelled({ ...PLAIN_SPELLED, input: 'ids', head: 'tied' });
    const { model: narrow, outputs, tables, before } = await keepVocabulary(model, [1, 2, 8], { runtime });
    expect(tables).toHaveLength(1);
    expect(outputs).toHaveLength(1);
    const rows = (own: Model) => own.graph.initializers.filter(({ tensor }) => tensor!.dims.includes(before)).length;
    expect(rows(narrow)).toBe(0);
  });

  it('is refused where something else looks at token numbers, and for tokens that there are not', async () => {
    const later: Read = (builder, ids) => {
      const constant = builder.model.graph.addInitializer('limit', Tensor.int64([], [9]));
      const flag = builder.op('', 'Greater', [ids, constant]);
      return builder.op('', 'Unsqueeze', [builder.op('', 'Cast', [flag], { to: 1 }), builder.ints('', [2])]);
    };
    await expect(keepVocabulary(language(later), KEPT, { runtime })).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining('Greater'),
    });
    const model = language(unlike(PAD));
    await expect(keepVocabulary(model, [3, TOKENS], { runtime })).rejects.toMatchObject({ code: 'invalid-argument' });
    await expect(keepVocabulary(model, [], { runtime })).rejects.toMatchObject({ code: 'invalid-argument' });
    await expect(keepVocabulary(buildSpelled(PLAIN_SPELLED).model, [1], { runtime })).rejects.toMatchObject({
      code: 'unsupported',
    });
  });

  it('is refused where the model answers at random: nothing can be proven', async () => {
    const noise: Read = (builder, ids) => {
      const rows = builder.op('', 'Unsqueeze', [builder.op('', 'Cast', [ids], { to: 1 }), builder.ints('', [2])]);
      return builder.op('', 'RandomNormalLike', [rows]);
    };
    await expect(keepVocabulary(language(noise), KEPT, { runtime })).rejects.toMatchObject({ code: 'unsupported' });
  });
});
