import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeModel, type Model, Tensor } from '@snp/onnx';
import { readModel } from '@snp/onnx/node';
import { buildLlama, buildVit, GraphBuilder, normals, random, runModel } from '@snp/testing';
import { InferenceSession } from 'onnxruntime-node';
import { afterAll, describe, expect, it } from 'vitest';
import { quantize } from '../src/index.js';

const [ROWS, INNER, COLUMNS] = [5, 64, 48];
const folder = mkdtempSync(join(tmpdir(), 'snp-quantize-'));
afterAll(() => rmSync(folder, { recursive: true }));

const numbers = (name: string, size: number) => normals(random(1, name), size);
const x = { type: 'FLOAT' as const, dims: [ROWS, INNER], data: numbers('x', ROWS * INNER) };

/** y = x w + b, spelled in one of several ways. */
function product(spelling: string): Model {
  const builder = new GraphBuilder('product', { opset: 17 });
  const input = builder.input('x', 'FLOAT', ['rows', INNER]);
  const w = numbers('w', INNER * COLUMNS);
  const turned = Float32Array.from({ length: w.length }, (_, at) => w[(at % INNER) * COLUMNS + Math.floor(at / INNER)]);
  const bias = builder.weight('b', [COLUMNS], numbers('b', COLUMNS));
  const straight = () => builder.weight('w', [INNER, COLUMNS], w);
  const other = () => builder.weight('w', [COLUMNS, INNER], turned);
  const added = (second: ReturnType<typeof straight>) =>
    builder.op('', 'Add', [builder.op('', 'MatMul', [input, second]), bias]);
  const SPELLINGS: Record<string, () => ReturnType<typeof straight>> = {
    MatMul: () => added(straight()),
    'MatMul with a transposed weight': () => added(builder.op('', 'Transpose', [other()], { perm: [1, 0] })),
    Gemm: () => builder.op('', 'Gemm', [input, straight(), bias]),
    'Gemm with a transposed weight': () => builder.op('', 'Gemm', [input, other(), bias], { transB: 1 }),
  };
  builder.output(SPELLINGS[spelling](), 'y', 'FLOAT', ['rows', COLUMNS]);
  return builder.model;
}

/** The same by the formulas of DynamicQuantizeLinear and MatMulInteger, in float64. */
function naive(): Float64Array {
  const w = numbers('w', INNER * COLUMNS);
  const b = numbers('b', COLUMNS);
  const [low, high] = [Math.min(0, ...x.data), Math.max(0, ...x.data)];
  const scale = Math.fround(Math.fround(high - low) / 255);
  const zero = Math.max(0, Math.min(255, Math.round(-low / scale)));
  const even = (value: number) => {
    const floor = Math.floor(value);
    return value - floor === 0.5 ? floor + (floor % 2) : Math.round(value);
  };
  const q = x.data.map((own) => Math.max(0, Math.min(255, even(Math.fround(own / scale)) + zero)));
  const y = new Float64Array(ROWS * COLUMNS);
  for (let column = 0; column < COLUMNS; column++) {
    let most = 0;
    for (let at = 0; at < INNER; at++) most = Math.max(most, Math.abs(w[at * COLUMNS + column]));
    const own = Math.fround(most / 127);
    for (let row = 0; row < ROWS; row++) {
      let sum = 0;
      for (let at = 0; at < INNER; at++)
        sum += (q[row * INNER + at] - zero) * Math.round(w[at * COLUMNS + column] / own);
      y[row * COLUMNS + column] = sum * scale * own + b[column];
    }
  }
  return y;
}

/** Length of the difference, as a share of the second's. */
function distance(one: ArrayLike<number | bigint>, other: ArrayLike<number | bigint>): number {
  const [found, wanted] = [one, other].map((all) => Array.from(all, Number));
  return Math.hypot(...found.map((own, at) => own - wanted[at])) / Math.hypot(...wanted);
}

/** Operators that onnxruntime runs of a model. */
async function operatorsOf(model: Model): Promise<string[]> {
  const optimizedModelFilePath = join(folder, 'optimised.onnx');
  const session = await InferenceSession.create(Buffer.concat(encodeModel(model)), {
    graphOptimizationLevel: 'extended',
    optimizedModelFilePath,
  });
  await session.release();
  return (await readModel(optimizedModelFilePath)).graph.nodes.map(({ op }) => op);
}

describe.each(['MatMul', 'MatMul with a transposed weight', 'Gemm', 'Gemm with a transposed weight'])(
  '%s',
  (spelling) => {
    it('is what the formulas of rounding give', async () => {
      const source = product(spelling);
      const before = Buffer.concat(encodeModel(source));
      const { model, weights, left } = quantize(source, { to: 'int8' });
      expect(Buffer.concat(encodeModel(source))).toEqual(before);
      expect([weights.map(({ use }) => use), left]).toEqual([['product'], []]);
      const large = model.graph.initializers.filter(({ tensor }) => tensor!.size > COLUMNS);
      expect(large.map(({ tensor }) => tensor!.dataType)).toEqual(['INT8']);
      const { y } = await runModel(model, { x });
      for (const [at, wanted] of naive().entries()) expect(Math.abs(Number(y.data[at]) - wanted)).toBeLessThan(2e-4);
      const { y: exact } = await runModel(source, { x });
      expect(distance(y.data, exact.data)).toBeLessThan(0.02);
    });

    it('is one operator in onnxruntime', async () => {
      const operators = await operatorsOf(quantize(product(spelling), { to: 'int8' }).model);
      expect(operators.filter((op) => !op.startsWith('Identity'))).toEqual(['com.microsoft.DynamicQuantizeMatMul']);
    });
  },
);

it('tells the signal to noise of each weight', () => {
  const [{ signalToNoise }] = quantize(product('MatMul'), { to: 'int8' }).weights;
  const w = numbers('w', INNER * COLUMNS);
  let [signal, noise] = [0, 0];
  for (let column = 0; column < COLUMNS; column++) {
    const own = Array.from({ length: INNER }, (_, at) => w[at * COLUMNS + column]);
    const scale = Math.max(...own.map(Math.abs)) / 127;
    for (const one of own) {
      signal += one ** 2;
      noise += (one - scale * Math.round(one / scale)) ** 2;
    }
  }
  expect(signalToNoise).toBeCloseTo(10 * Math.log10(signal / noise), 2);
});

/** Scores of tokens by the table that they are embedded with, as many language models have it. */
function tied(): Model {
  const [vocabulary, width] = [1200, 64];
  const builder = new GraphBuilder('tied', { opset: 17 });
  const ids = builder.input('ids', 'INT64', ['batch', 'tokens']);
  const table = builder.weight('table', [vocabulary, width], numbers('table', vocabulary * width));
  const rows = builder.op('', 'Gather', [table, ids]);
  builder.output(rows, 'rows', 'FLOAT', ['batch', 'tokens', width]);
  const seen = builder.op('', 'Tanh', [builder.op('', 'Mul', [rows, rows])]);
  const head = builder.op('', 'Transpose', [table], { perm: [1, 0] });
  builder.output(builder.op('', 'MatMul', [seen, head]), 'scores', 'FLOAT', ['batch', 'tokens', vocabulary]);
  return builder.model;
}

it('a table that is read as rows and as a matrix is stored once', async () => {
  const source = tied();
  source.graph.outputs.shift();
  const { model, weights } = quantize(source, { to: 'int8' });
  expect(weights).toHaveLength(1);
  const stored = model.graph.initializers.filter(({ tensor }) => tensor!.size >= 1200 * 64);
  expect(stored.map(({ tensor }) => tensor!.dataType)).toEqual(['INT8']);
  const ids = { type: 'INT64' as const, dims: [1, 3], data: BigInt64Array.of(3n, 1199n, 40n) };
  const [{ scores }, { scores: exact }] = [await runModel(model, { ids }), await runModel(source, { ids })];
  expect(distance(scores.data, exact.data)).toBeLessThan(0.02);
});

it('rows may leave the model', async () => {
  const { model } = quantize(tied(), { to: 'int8' });
  const ids = { type: 'INT64' as const, dims: [1, 2], data: BigInt64Array.of(3n, 1199n) };
  const { rows } = await runModel(model, { ids });
  const table = numbers('table', 1200 * 64);
  for (const [at, id] of [3, 1199].entries()) {
    const own = table.subarray(64 * id, 64 * (id + 1));
    const half = Math.max(...own.map(Math.abs)) / 127 / 2;
    for (const [place, wanted] of own.entries())
      expect(Math.abs(Number(rows.data[64 * at + place]) - wanted)).toBeLessThan(1.001 * half);
  }
});

describe('whole models', () => {
  it.each<[string, () => Model]>([
    [
      'a Vision Transformer',
      () =>
        buildVit({
          image: 32,
          patch: 8,
          residual: 96,
          depth: 2,
          heads: 3,
          classes: 40,
          qkv: 'fused',
          blocks: { queryKey: 16, value: 16, ffn: 384 },
        }),
    ],
    [
      'a decoder',
      () => buildLlama({ vocabulary: 1100, width: 64, depth: 2, heads: 4, keyHeads: 2, headSize: 16, hidden: 128 }),
    ],
  ])('%s keeps inputs, outputs and operators, and is far smaller', async (_, build) => {
    const source = build();
    const { model } = quantize(source, { to: 'int8' });
    const names = ({ graph }: Model) => [graph.inputs, graph.outputs].map((all) => all.map(({ name }) => name));
    expect(names(model)).toEqual(names(source));
    const size = (own: Model) => Buffer.concat(encodeModel(own)).length;
    expect(size(model) / size(source)).toBeLessThan(0.4);
    const operators = await operatorsOf(model);
    expect(operators.filter((op) => op === 'MatMulInteger')).toEqual([]);
    expect(operators.filter((op) => /DynamicQuantizeMatMul|MatMulIntegerToFloat/.test(op)).length).toBeGreaterThan(6);
  });
});

it('weights that callers may give stay: they are defaults of inputs', () => {
  const source = tied();
  source.graph.outputs.shift();
  const table = source.graph.value('table');
  table.type = { elementType: 'FLOAT', shape: [...table.tensor!.dims] };
  source.graph.inputs.push(table);
  expect(() => quantize(source, { to: 'int8' })).toThrow(/its weight is an input of the model, which callers may give/);
});

describe('what cannot be quantised is refused', () => {
  const half = product('MatMul');
  half.graph.value('w').tensor = Tensor.fromNumbers('FLOAT16', [INNER, COLUMNS], numbers('w', INNER * COLUMNS));
  const old = product('MatMul');
  old.opsets.set('', 9);

  it.each<[string, Model, object, RegExp]>([
    ['weights of 16 bits', half, { to: 'int8' }, /its weight holds FLOAT16 numbers/],
    ['an old operator set', old, { to: 'int8' }, /operator set 9; integer products need 11/],
    ['a form that is none', product('MatMul'), { to: 'int3' }, /'to' must be 'int8', not "int3"/],
    ['an unknown option', product('MatMul'), { to: 'int8', bits: 8 }, /no option 'bits'/],
  ])('%s', (_, model, options, message) => {
    expect(() => quantize(model, options as never)).toThrow(message);
  });
});
