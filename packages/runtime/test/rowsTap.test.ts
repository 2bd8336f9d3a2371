import { Graph, Model } from '@snp/onnx';
import { normals, random } from '@snp/testing';
import { describe, expect, it } from 'vitest';
import { type Moments, onnxRuntime, type RowsAxes, rowsTap, runTapped, tensors } from '../src/index.js';

const ROWS = 7;

/** One value [batch, ...] that goes through Identity: the value to tap. */
function passThrough(dims: readonly number[]): Model {
  const graph = new Graph('pass-through');
  const x = graph.addValue('x');
  x.type = { elementType: 'FLOAT', shape: ['batch', ...dims] };
  graph.inputs.push(x);
  const [value] = graph.addNode({ op: 'Identity', inputs: [x], outputs: ['value'] }).outputs;
  value!.type = { elementType: 'FLOAT', shape: ['batch', ...dims] };
  graph.outputs.push(value!);
  const model = new Model(graph);
  model.opsets.set('', 17);
  return model;
}

/** Of rows x [rows, 1, width] those that `keep` names: how many there are depends on the data. */
function someRows(width: number): Model {
  const graph = new Graph('some-rows');
  const x = graph.addValue('x');
  x.type = { elementType: 'FLOAT', shape: ['rows', 1, width] };
  graph.inputs.push(x);
  const keep = graph.addValue('keep');
  keep.type = { elementType: 'BOOL', shape: ['rows'] };
  graph.inputs.push(keep);
  const [value] = graph.addNode({
    op: 'Compress',
    inputs: [x, keep],
    outputs: ['value'],
    attributes: { axis: 0 },
  }).outputs;
  value!.type = { elementType: 'FLOAT', shape: undefined };
  graph.outputs.push(value!);
  const model = new Model(graph);
  model.opsets.set('', 17);
  return model;
}

/** Second moments of the rows [head][row][column], one product after the other: of each head row by row up to the diagonal. */
function naive(heads: readonly (readonly number[][])[]): Moments {
  const width = heads[0][0].length;
  const columns = Array.from({ length: width }, (_, column) => column);
  const over = (rows: readonly number[][], of: (row: number[]) => number) =>
    rows.reduce((sum, row) => sum + of(row), 0);
  return {
    count: heads[0].length,
    sums: Float64Array.from(heads.flatMap((rows) => columns.map((i) => over(rows, (row) => row[i])))),
    products: Float64Array.from(
      heads.flatMap((rows) =>
        columns.flatMap((i) => columns.slice(0, i + 1).map((j) => over(rows, (row) => row[i] * row[j]))),
      ),
    ),
  };
}

function expectMoments(moments: Moments, rows: readonly (readonly number[][])[], digits = 2): void {
  const wanted = naive(rows);
  expect(moments.count).toBe(wanted.count);
  expect(moments.products.length).toBe(wanted.products.length);
  for (const [at, sum] of wanted.sums.entries()) expect(moments.sums[at]).toBeCloseTo(sum, digits);
  const off = wanted.products.map((product, at) => Math.abs(moments.products[at] - product));
  expect(off.reduce((most, own) => Math.max(most, own), 0)).toBeLessThan(10 ** -digits);
}

describe('the moments of rows', () => {
  const cases: Record<string, [number[], RowsAxes, (head: number, row: number, column: number) => number]> = {
    'with the features last': [[ROWS, 5], { rank: 3, feature: 2, width: 5 }, (_, row, i) => row * 5 + i],
    'with the features in the middle': [[5, ROWS], { rank: 3, feature: 1, width: 5 }, (_, row, i) => i * ROWS + row],
    'with so many features that products come in blocks': [
      [ROWS, 411],
      { rank: 3, feature: 2, width: 411 },
      (_, row, i) => row * 411 + i,
    ],
    'of heads that have an axis': [
      [3, 4, ROWS],
      { rank: 4, feature: 2, width: 4, head: 1, heads: 3 },
      (head, row, i) => (head * 4 + i) * ROWS + row,
    ],
    'of heads that follow one another on one axis': [
      [ROWS, 12],
      { rank: 3, feature: 2, width: 4, head: 2, heads: 3 },
      (head, row, i) => row * 12 + head * 4 + i,
    ],
  };
  it.each(Object.entries(cases))('are what one multiplies out by hand (%s)', async (_, [dims, axes, at]) => {
    const size = dims.reduce((a, b) => a * b, 1);
    const samples = Array.from({ length: 5 }, (__, seed) => normals(random(seed), size, 2, 1));
    const rows = Array.from({ length: axes.heads ?? 1 }, (__, head) =>
      samples.flatMap((data) =>
        Array.from({ length: ROWS }, (___, row) =>
          Array.from({ length: axes.width }, (____, column) => data[at(head, row, column)]),
        ),
      ),
    );
    expectMoments(await momentsOf(dims, axes, samples), rows);
  });

  it('count samples with heads on one axis', async () => {
    // [2 samples x 3 heads, rows, 4 features] in one run.
    const data = normals(random(1), 6 * ROWS * 4, 2, 1);
    const rows = [0, 1, 2].map((head) =>
      [0, 1].flatMap((sample) =>
        Array.from({ length: ROWS }, (_, row) =>
          [0, 1, 2, 3].map((column) => data[((sample * 3 + head) * ROWS + row) * 4 + column]),
        ),
      ),
    );
    const axes = { rank: 3, feature: 2, width: 4, head: 0, heads: 3 };
    expectMoments(await momentsOf([ROWS, 4], axes, [data], { samples: 6 }), rows);
  });

  it('of many rows are added up as they come', async () => {
    // More than are multiplied at once, in runs that do not divide them.
    const [length, width] = [450, 6];
    const samples = Array.from({ length: 5 }, (_, seed) => normals(random(seed), length * width, 1, 0));
    const rows = samples.flatMap((data) =>
      Array.from({ length }, (_, row) => [...data.subarray(row * width, (row + 1) * width)]),
    );
    const moments = await momentsOf([length, width], { rank: 3, feature: 2, width }, samples, { batchSize: 1 });
    expectMoments(moments, [rows]);
  });

  it('keep what varies little about a large mean', async () => {
    const [length, width] = [400, 5];
    const samples = Array.from({ length: 4 }, (_, seed) => normals(random(seed), length * width, 1, 3000));
    const rows = samples.flatMap((data) =>
      Array.from({ length }, (_, row) => [...data.subarray(row * width, (row + 1) * width)]),
    );
    const { count, sums, products } = await momentsOf([length, width], { rank: 3, feature: 2, width }, samples);
    const wanted = naive([rows]);
    // Products in single precision about zero, near 10^7 each, would be off by more than the variance.
    const covariance = (of: Moments, i: number, j: number) =>
      of.products[(i * (i + 1)) / 2 + j] / of.count - (of.sums[i] * of.sums[j]) / of.count ** 2;
    for (let i = 0; i < width; i++)
      for (let j = 0; j <= i; j++)
        expect(covariance({ count, sums, products }, i, j)).toBeCloseTo(covariance(wanted, i, j), 4);
  });

  it('may be of some of the rows, evenly spread, others in every batch', async () => {
    // Row r of every sample is r everywhere: the rows that were taken tell themselves.
    const [length, runs, wanted] = [20, 40, 6];
    const sample = Float32Array.from({ length }, (_, row) => row);
    const taken: number[][] = [];
    const model = passThrough([length, 1]);
    const tap = rowsTap(model.graph.value('value'), { rank: 3, feature: 2, width: 1, rows: wanted });
    await runTapped(
      { model, taps: [tap], runtime: onnxRuntime(), calibration: repeated([length, 1], [sample], runs), batchSize: 1 },
      (outputs) => {
        expect(outputs[tap.name].dims).toEqual([wanted, 1, 1]);
        taken.push(Array.from(outputs[tap.name].data as Float32Array));
      },
    );
    expect(taken.length).toBe(runs);
    for (const rows of taken) {
      // One of each stretch of 20 / 6 rows.
      for (const [stretch, row] of rows.entries())
        expect(Math.floor(((row + 1 - 1e-9) * wanted) / length)).toBeGreaterThanOrEqual(stretch);
      for (const [stretch, row] of rows.entries()) expect((row * wanted) / length).toBeLessThan(stretch + 1);
    }
    const counts = Array(length).fill(0);
    for (const row of taken.flat()) counts[row]++;
    // In the long run all alike: 40 x 6 / 20.
    for (const count of counts) expect(Math.abs(count - 12)).toBeLessThanOrEqual(2);
  });

  it('are of all rows where fewer are there than wanted', async () => {
    const samples = [normals(random(3), ROWS * 2, 1, 0)];
    const { count } = await momentsOf([ROWS, 2], { rank: 3, feature: 2, width: 2, rows: 100 }, samples);
    expect(count).toBe(ROWS);
  });

  it('may be other numbers of rows in runs that are fed alike, or none', async () => {
    const width = 3;
    const session = await onnxRuntime().open(someRows(width));
    const rows: number[][] = [];
    for (const [run, kept] of [0, 4, 4, 6, 2, 0, 6, 6].entries()) {
      const data = normals(random(run), 6 * width, 1, 0);
      const own = Array.from({ length: 6 }, (_, row) => [...data.subarray(row * width, (row + 1) * width)]);
      const given = await session.run(
        {
          x: { type: 'FLOAT', dims: [6, 1, width], data },
          keep: { type: 'BOOL', dims: [6], data: Uint8Array.from(own, (_, row) => (row < kept ? 1 : 0)) },
        },
        { moments: ['value'] },
      );
      expect(given).toEqual({});
      rows.push(...own.slice(0, kept));
    }
    expectMoments(await session.takeMoments('value'), [rows], 5);
    await session.close();
  });

  it('are those of all runs, also of runs that are asked for at once', async () => {
    const width = 3;
    const session = await onnxRuntime().open(passThrough([1, width]));
    const runs = Array.from({ length: 9 }, (_, run) => normals(random(run), (run + 1) * width, 1, 5));
    const fed = (data: Float32Array) => ({
      x: { type: 'FLOAT' as const, dims: [data.length / width, 1, width], data },
    });
    await Promise.all(runs.map((data) => session.run(fed(data), { moments: ['value'] })));
    const rows = runs.flatMap((data) =>
      Array.from({ length: data.length / width }, (_, row) => [...data.subarray(row * width, (row + 1) * width)]),
    );
    expectMoments(await session.takeMoments('value'), [rows], 3);
    await session.close();
  });

  it('that a value has none of are told by the next question, once', async () => {
    const session = await onnxRuntime().open(passThrough([3]));
    const feeds = { x: { type: 'FLOAT' as const, dims: [2, 3], data: new Float32Array(6) } };
    expect(await session.run(feeds, { moments: ['value'] })).toEqual({});
    await expect(session.run(feeds)).rejects.toThrow("output 'value' has no second moments: it is not float32");
    expect((await session.run(feeds)).value.dims).toEqual([2, 3]);
    await session.close();
  });
});

function repeated(dims: readonly number[], samples: readonly Float32Array[], times = 1, first = 1) {
  return tensors(async function* () {
    for (let time = 0; time < times; time++)
      for (const data of samples) yield { x: { type: 'FLOAT', dims: [first, ...dims], data } };
  });
}

async function momentsOf(
  dims: readonly number[],
  axes: RowsAxes,
  given: readonly Float32Array[],
  { samples = 1, batchSize = 2 }: { samples?: number; batchSize?: number } = {},
): Promise<Moments> {
  const model = passThrough(dims);
  const tap = rowsTap(model.graph.value('value'), axes);
  const found: Moments[] = [];
  await runTapped(
    {
      model,
      taps: [tap],
      runtime: onnxRuntime(),
      calibration: repeated(dims, given, 1, samples),
      batchSize,
      moments: [tap.name],
      onMoments: (name, moments) => {
        expect(name).toBe(tap.name);
        found.push(moments);
      },
    },
    (outputs) => expect(outputs).toEqual({}),
  );
  expect(found.length).toBe(1);
  return found[0];
}
