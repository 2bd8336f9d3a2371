import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Model } from '@snp/onnx';
import { writeModel } from '@snp/onnx/node';
import { onnxRuntime, type Sample, tensors } from '@snp/runtime';
import { GraphBuilder, random, runModel } from '@snp/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { compare, compareModels, evaluate } from '../support/core.js';

const [VOCABULARY, WIDTH, TOKENS] = [11, 6, 7];
const folder = mkdtempSync(join(tmpdir(), 'snp-evaluate-'));
afterAll(() => rmSync(folder, { recursive: true }));

function numbersOf(count: number, seed: number): number[] {
  const draw = random(seed);
  return Array.from({ length: count }, () => draw.normal());
}

/** Scores of the next token from each token alone, or from all; and an output that is fed back. */
function languageModel({ noise = 0, looksBack = false } = {}): Model {
  const builder = new GraphBuilder('lm');
  const ids = builder.input('input_ids', 'INT64', ['batch', 'tokens']);
  const table = numbersOf(VOCABULARY * WIDTH, 1);
  const head = numbersOf(WIDTH * VOCABULARY, 2);
  const shaken = numbersOf(WIDTH * VOCABULARY, 3);
  const weight = (name: string, dims: number[], numbers: Iterable<number>) =>
    builder.weight(name, dims, Float32Array.from(numbers));
  let x = builder.op('', 'Gather', [weight('table', [VOCABULARY, WIDTH], table), ids], { axis: 0 });
  if (looksBack) x = builder.op('', 'Add', [x, builder.op('', 'ReduceMean', [x], { axes: [1], keepdims: 1 })]);
  const numbers = Array.from(head, (number, at) => 2 * number + noise * shaken[at]);
  const scores = builder.op('', 'MatMul', [x, weight('head', [WIDTH, VOCABULARY], numbers)]);
  const cache = builder.op('', 'Mul', [x, weight('scale', [1], [1000 * noise + 1])]);
  builder.output(cache, 'present.0.key', 'FLOAT', ['batch', 'tokens', WIDTH]);
  builder.output(scores, 'logits', 'FLOAT', ['batch', 'tokens', VOCABULARY]);
  return builder.model;
}

const ids = Array.from({ length: 9 }, (_, sample) =>
  Array.from({ length: TOKENS }, (_, at) => (sample * 5 + at * at * 3) % VOCABULARY),
);
const data = {
  count: ids.length,
  skipped: [],
  async *samples(): AsyncGenerator<Sample> {
    for (const [at, own] of ids.entries())
      yield {
        name: String(at),
        feeds: { input_ids: { type: 'INT64', dims: [1, TOKENS], data: BigInt64Array.from(own, BigInt) } },
        following: { ids: [...own.slice(1), -1], bytes: 12, words: 3 },
      };
  },
};
const runtime = onnxRuntime();

async function rowsOf(model: Model): Promise<number[][]> {
  const rows: number[][] = [];
  for (const own of ids) {
    const feeds = { input_ids: { type: 'INT64', dims: [1, TOKENS], data: BigInt64Array.from(own, BigInt) } } as const;
    const { logits } = await runModel(model, feeds, ['logits']);
    for (let at = 0; at < TOKENS; at++)
      rows.push(Array.from((logits.data as Float32Array).slice(at * VOCABULARY, (at + 1) * VOCABULARY)));
  }
  return rows;
}
const soft = (row: readonly number[]) => {
  const sum = row.reduce((total, score) => total + Math.exp(score), 0);
  return row.map((score) => Math.exp(score) / sum);
};

async function file(name: string, model: Model): Promise<string> {
  const path = join(folder, name);
  await writeModel(model, path);
  return path;
}

describe('of a language model', () => {
  it('perplexity is that of the tokens that follow', async () => {
    const model = languageModel();
    const { perplexity } = await evaluate(await file('lm.onnx', model), { runtime, data });
    const rows = await rowsOf(model);
    let [nats, right, count] = [0, 0, 0];
    for (const [sample, own] of ids.entries())
      for (let at = 0; at + 1 < TOKENS; at++) {
        const p = soft(rows[sample * TOKENS + at]);
        nats -= Math.log(p[own[at + 1]]);
        right += Number(p.indexOf(Math.max(...p)) === own[at + 1]);
        count++;
      }
    expect(perplexity).toMatchObject({ tokens: count, right: right / count });
    expect(Math.abs(perplexity!.perToken / Math.exp(nats / count) - 1)).toBeLessThan(1e-5);
    expect(Math.abs(perplexity!.perByte! / Math.exp(nats / (12 * 9)) - 1)).toBeLessThan(1e-5);
    expect(Math.abs(perplexity!.perWord! / Math.exp(nats / (3 * 9)) - 1)).toBeLessThan(1e-5);
  });

  it('is told per token alone where the text is not known', async () => {
    const tokensAlone = {
      ...data,
      async *samples(): AsyncGenerator<Sample> {
        for await (const sample of data.samples())
          yield { ...sample, following: { ...sample.following!, bytes: 0, words: 0 } };
      },
    };
    const { perplexity } = await evaluate(await file('lm.onnx', languageModel()), { runtime, data: tokensAlone });
    expect(Object.keys(perplexity!).sort()).toEqual(['perToken', 'right', 'tokens']);
  });

  it('that sees all tokens there is none', async () => {
    const path = await file('both-ways.onnx', languageModel({ looksBack: true }));
    expect((await evaluate(path, { runtime, data })).perplexity).toBeUndefined();
  });

  it('answers are compared token by token, and what is fed back is no answer', async () => {
    const [model, other] = [languageModel(), languageModel({ noise: 0.3 })];
    const [a, b] = [await rowsOf(model), await rowsOf(other)];
    const divergences = a.map((row, at) => {
      const [p, q] = [soft(row), soft(b[at])];
      return p.reduce((sum, own, each) => sum + own * Math.log(own / q[each]), 0);
    });
    const mean = divergences.reduce((sum, own) => sum + own, 0) / a.length;
    const whole = await compareModels(model, other, { runtime, data });
    const files = await compare(await file('a.onnx', model), await file('b.onnx', other), { runtime, data });
    for (const fidelity of [whole, files.fidelity]) {
      expect([fidelity.samples, fidelity.answers]).toEqual([ids.length, a.length]);
      expect(Math.abs(fidelity.divergence / mean - 1)).toBeLessThan(1e-5);
    }
    expect(files.first.perplexity!.tokens).toBe(ids.length * (TOKENS - 1));
  });

  it('very many scores are compared at every so many-th token', async () => {
    const wide = (scale: number) => {
      const builder = new GraphBuilder('wide');
      const x = builder.input('x', 'FLOAT', ['batch', 40, 1]);
      const weight = builder.weight(
        'w',
        [1, 100_000],
        Float32Array.from({ length: 100_000 }, (_, at) => scale * Math.sin(at)),
      );
      builder.output(builder.op('', 'MatMul', [x, weight]), 'y', 'FLOAT', ['batch', 40, 100_000]);
      return builder.model;
    };
    const rows = tensors(
      [0, 1].map(() => ({
        x: { type: 'FLOAT' as const, dims: [1, 40, 1], data: Float32Array.from({ length: 40 }, (_, at) => at) },
      })),
      { count: 2 },
    );
    const fidelity = await compareModels(wide(1), wide(1), { runtime, data: rows });
    expect(fidelity).toMatchObject({ samples: 2, answers: 40, divergence: 0 });
  });
});
