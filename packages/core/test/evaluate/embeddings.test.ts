import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Model } from '@snp/onnx';
import { writeModel } from '@snp/onnx/node';
import { onnxRuntime, type RuntimeTensor, type Sample, tensors } from '@snp/runtime';
import { buildEncoder, GraphBuilder, random } from '@snp/testing';
import { afterAll, describe, expect, it } from 'vitest';
import type { EmbeddingFidelity } from '../../src/evaluate/fidelity.js';
import {
  calibrate,
  compare,
  compareModels,
  estimateSensitivity,
  evaluate,
  open,
  prune,
  renderReport,
  solveCompensation,
} from '../support/core.js';

const [TOKENS, WIDTH, SAMPLES] = [4, 5, 12];
const runtime = onnxRuntime();
const folder = mkdtempSync(join(tmpdir(), 'snp-embeddings-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Gives back its inputs, moved by so much noise. */
function shaken(noise: number): Model {
  const builder = new GraphBuilder('shaken');
  const x = builder.input('x', 'FLOAT', ['batch', TOKENS, WIDTH]);
  builder.input('attention_mask', 'INT64', ['batch', TOKENS]);
  const draw = random(5);
  const weight = builder.weight(
    'w',
    [WIDTH, WIDTH],
    Float32Array.from({ length: WIDTH * WIDTH }, (_, at) => Number(at % (WIDTH + 1) === 0) + noise * draw.normal()),
  );
  builder.output(builder.op('', 'MatMul', [x, weight]), 'last_hidden_state', 'FLOAT', ['batch', TOKENS, WIDTH]);
  return builder.model;
}

const draw = random(2);
const rows = Array.from({ length: SAMPLES }, (_, sample) => {
  const numbers = Float32Array.from({ length: TOKENS * WIDTH }, () => draw.normal());
  const kept = 2 + (sample % 3);
  return { numbers, kept };
});
const data = {
  count: SAMPLES,
  skipped: [],
  async *samples(): AsyncGenerator<Sample> {
    for (const [at, { numbers, kept }] of rows.entries()) {
      const mask = BigInt64Array.from({ length: TOKENS }, (_, token) => BigInt(Number(token < kept)));
      const x: RuntimeTensor = { type: 'FLOAT', dims: [1, TOKENS, WIDTH], data: numbers };
      yield {
        name: String(at),
        label: 1,
        feeds: { x, attention_mask: { type: 'INT64', dims: [1, TOKENS], data: mask } },
      };
    }
  },
};

const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, x, at) => sum + x * b[at], 0);
const cosineOf = (a: readonly number[], b: readonly number[]) => dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
const meanOf = (values: readonly number[]) => values.reduce((sum, x) => sum + x, 0) / values.length;

/** By its textbook form for ranks without ties: 1 - 6 sum d^2 / (n (n^2 - 1)). */
function rankCorrelation(a: readonly number[], b: readonly number[]): number {
  const rank = (values: readonly number[]) => values.map((x) => values.filter((other) => other < x).length);
  const [ra, rb] = [rank(a), rank(b)];
  const squares = ra.reduce((sum, x, at) => sum + (x - rb[at]) ** 2, 0);
  return 1 - (6 * squares) / (a.length * (a.length ** 2 - 1));
}

describe('embeddings', () => {
  const [first, second] = [shaken(0), shaken(0.2)];

  it('are compared by cosine, squared error and the ranks of similarities, without padding', async () => {
    const weight = Array.from(second.graph.initializers[0].tensor!.numbers());
    const tokens = rows.map(({ numbers, kept }) =>
      Array.from({ length: kept }, (_, token) => Array.from(numbers.slice(token * WIDTH, (token + 1) * WIDTH))),
    );
    const moved = tokens.map((own) =>
      own.map((row) => row.map((_, to) => row.reduce((sum, x, from) => sum + x * weight[from * WIDTH + to], 0))),
    );
    const pairs = tokens.flatMap((own, sample) => own.map((row, token) => [row, moved[sample][token]] as const));
    const cosines = pairs.map(([a, b]) => cosineOf(a, b));
    const errors = pairs.map(([a, b]) => {
      const centre = meanOf(a);
      return a.reduce((sum, x, at) => sum + (x - b[at]) ** 2, 0) / a.reduce((sum, x) => sum + (x - centre) ** 2, 0);
    });
    const pooled = (all: readonly number[][][]) =>
      all.map((own) => own[0].map((_, at) => meanOf(own.map((row) => row[at]))));
    const similarities = (all: readonly number[][]) =>
      all.flatMap((a, at) => all.slice(0, at).map((b) => cosineOf(a, b)));
    const want = {
      cosine: meanOf(cosines),
      lowCosine: cosines.toSorted((a, b) => a - b)[Math.floor(0.05 * cosines.length)],
      divergence: meanOf(errors),
      rankCorrelation: rankCorrelation(similarities(pooled(tokens)), similarities(pooled(moved))),
    };
    const paths = [join(folder, 'a.onnx'), join(folder, 'b.onnx')];
    await writeModel(first, paths[0]);
    await writeModel(second, paths[1]);
    const files = await compare(paths[0], paths[1], { runtime, data });
    for (const found of [await compareModels(first, second, { runtime, data, batchSize: 5 }), files.fidelity]) {
      const got = found as EmbeddingFidelity;
      expect(got.kind).toBe('embeddings');
      expect([got.samples, got.answers]).toEqual([SAMPLES, pairs.length]);
      for (const key of ['cosine', 'lowCosine', 'divergence', 'rankCorrelation'] as const)
        expect(Math.abs(got[key]! - want[key]), key).toBeLessThan(1e-5);
      expect(got.interval!.cosine.low).toBeLessThan(got.cosine);
      expect(got.interval!.cosine.high).toBeGreaterThan(got.cosine);
    }
    // Labels of what gives no scores are neither right nor wrong.
    expect(await evaluate(paths[0], { runtime, data })).toMatchObject({ kind: 'embeddings', top1: undefined });
  });

  it('are scores where somebody says so', async () => {
    const found = await compareModels(first, second, { runtime, data, answers: 'scores' });
    expect(found).toMatchObject({ kind: 'scores', agreement: expect.any(Number) });
  });
});

describe('a model that gives hidden states', () => {
  const scores = buildEncoder({
    vocabulary: 30,
    positions: 12,
    residual: 16,
    depth: 2,
    heads: 2,
    blocks: { queryKey: 8, value: 8, ffn: 32 },
    labels: 6,
  });
  const [output] = scores.graph.outputs;
  const named = () => {
    const builder = scores;
    builder.graph.values.delete(output.name);
    output.name = 'last_hidden_state';
    builder.graph.values.set(output.name, output);
    return builder;
  };
  const model = named();
  const text = random(7);
  const calibration = tensors(
    Array.from({ length: 24 }, () => ({
      input_ids: {
        type: 'INT64' as const,
        dims: [1, 8],
        data: BigInt64Array.from({ length: 8 }, () => BigInt(text.integer(30))),
      },
      attention_mask: { type: 'INT64' as const, dims: [1, 8], data: new BigInt64Array(8).fill(1n) },
    })),
    { count: 24 },
  );

  it('is planned by squared errors as shares of the variance: estimates are near what is measured', async () => {
    const sensitivity = async (method: 'runs' | 'gradients') => {
      const context = await open(model, { calibration, runtime });
      return estimateSensitivity(context, await solveCompensation(context, await calibrate(context)), { method });
    };
    const [estimated, measured] = [await sensitivity('gradients'), await sensitivity('runs')];
    const ratios = Object.entries(measured).flatMap(([id, points]) =>
      points.flatMap(({ divergence }, at) =>
        estimated[id][at].estimated ? [Math.log(estimated[id][at].divergence / divergence)] : [],
      ),
    );
    expect(ratios.length).toBeGreaterThan(12);
    expect(Math.abs(meanOf(ratios))).toBeLessThan(Math.log(1.3));
  });

  it('is reported by its cosines', async () => {
    const { report } = await prune(model, { calibration, budget: { macs: 0.7 }, runtime });
    expect(report.fidelity).toMatchObject({ kind: 'embeddings', samples: 3 });
    expect(renderReport(report)).toMatch(/cosine of embeddings 0\.\d+/);
    expect(renderReport(report)).not.toMatch(/same answer/);
  });
});
