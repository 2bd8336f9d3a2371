import type { Model } from '@snp/onnx';
import { onnxRuntime, type RuntimeTensor, type Sample, tensorInputs, textFeeds } from '@snp/runtime';
import { buildLlama, retyped } from '@snp/testing';
import { describe, expect, it } from 'vitest';
import { continueGreedily } from '../../src/generate/continueGreedily.js';
import { prune, verify } from '../support/core.js';

const VOCABULARY = 40;
const SIZES = { vocabulary: VOCABULARY, width: 24, depth: 2, heads: 4, keyHeads: 2, headSize: 8, hidden: 32 };
const runtime = onnxRuntime();

/** Texts of a chain of tokens that is no cycle of the models'. */
const textsOf = (count: number, tokens: number) =>
  Array.from({ length: count }, (_, text) =>
    Array.from({ length: tokens }, (_, at) => (text * 7 + at * at * 3 + at * (text % 5)) % VOCABULARY),
  );

function dataFor(model: Model) {
  const inputs = tensorInputs(model);
  const texts = textsOf(64, 12);
  return {
    count: texts.length,
    skipped: [],
    async *samples(): AsyncGenerator<Sample> {
      for (const [at, ids] of texts.entries()) yield { name: String(at), feeds: textFeeds(ids, inputs) };
    },
  };
}

async function written(model: Model, cache: boolean, count = 12): Promise<number[][]> {
  const session = await runtime.open(model);
  try {
    const all: number[][] = [];
    for (const ids of textsOf(4, 5)) all.push(await continueGreedily(session, ids, { count, output: 'logits', cache }));
    return all;
  } finally {
    await session.close();
  }
}

describe('a text is continued', () => {
  it('by the likeliest token of the whole text, again and again', async () => {
    const model = buildLlama({ ...SIZES, cache: false });
    const session = await runtime.open(model);
    const ids = [...textsOf(1, 5)[0]];
    const got = await continueGreedily(session, ids, { count: 4, output: 'logits' });
    for (const id of got) {
      const feeds = (data: readonly number[]): RuntimeTensor => ({
        type: 'INT64',
        dims: [1, ids.length],
        data: BigInt64Array.from(data, BigInt),
      });
      const { logits } = await session.run({
        input_ids: feeds(ids),
        attention_mask: feeds(ids.map(() => 1)),
        position_ids: feeds(ids.map((_, at) => at)),
      });
      const row = Array.from((logits.data as Float32Array).slice(-VOCABULARY));
      expect(row.indexOf(Math.max(...row))).toBe(id);
      ids.push(id);
    }
    await session.close();
    expect(got).toHaveLength(4);
  });

  it('alike with a cache, read whole each time, and by the model without one', async () => {
    const model = buildLlama(SIZES);
    const kept = await written(model, true);
    expect(new Set(kept.map(String)).size).toBeGreaterThan(2);
    expect(kept).toEqual(await written(model, false));
    expect(kept).toEqual(await written(buildLlama({ ...SIZES, cache: false }), true));
  });

  it('by a model that takes a fixed number of tokens, as far as there is room', async () => {
    const free = buildLlama({ ...SIZES, cache: false });
    const fixed = buildLlama({ ...SIZES, cache: false });
    for (const { type } of fixed.graph.inputs) if (type) type.shape = [1, 12];
    expect(await written(fixed, true)).toEqual(await written(free, true, 7));
  });
});

describe.each([
  ['with an unchanged interface', false],
  ['with a narrower cache', true],
])('a float16 model with a cache, pruned %s', (_, narrowCache) => {
  const original = retyped(buildLlama(SIZES), 'FLOAT', 'FLOAT16');
  const pruned = prune(original, {
    calibration: dataFor(original),
    budget: { macs: 0.75 },
    count: 'body',
    narrowCache,
    runtime,
  });

  it('is compensated and proven, and keeps its types', async () => {
    const { model, report, plan, analysis } = await pruned;
    expect(report.verified).toMatchObject({ passed: true });
    expect((await verify(analysis, model, plan, { runtime })).passed).toBe(true);
    const cut = report.groups.filter(({ removed }) => removed.length > 0);
    expect(cut.map(({ compensation }) => compensation)).toContain('done');
    expect(report.fidelity!.samples).toBe(8);
    const types = ({ graph }: Model) =>
      [...graph.inputs, ...graph.outputs].map(({ name, type }) => [name, type?.elementType]);
    expect(types(model)).toEqual(types(original));
    const shapes = ({ graph }: Model) => graph.inputs.map(({ type }) => type?.shape);
    if (!narrowCache) expect(shapes(model)).toEqual(shapes(original));
    else expect(report.forms!.length).toBeGreaterThan(0);
  });

  it('writes with its cache what it writes without', async () => {
    const { model } = await pruned;
    const kept = await written(model, true);
    expect(new Set(kept.map(String)).size).toBeGreaterThan(2);
    expect(kept).toEqual(await written(model, false));
  });
});
