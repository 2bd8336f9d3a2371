import { Graph, Model } from '@snp/onnx';
import { normals, random } from '@snp/testing';
import { describe, expect, it } from 'vitest';
import {
  onnxRuntime,
  type RuntimeTensor,
  runTapped,
  secondMomentsOf,
  secondMomentsTap,
  tensors,
} from '../src/index.js';

const [ROWS, WIDTH] = [7, 5];

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

describe('secondMomentsTap', () => {
  it.each([
    ['last', [ROWS, WIDTH], 2],
    ['in the middle', [WIDTH, ROWS], 1],
    ['so many that products come in blocks', [ROWS, 411], 2],
  ] as const)('gives products, sums and the number of rows with the features %s', async (_, dims, feature) => {
    const width = dims[feature - 1];
    const samples = Array.from({ length: 5 }, (__, seed) => normals(random(seed), ROWS * width, 2, 1));
    const { products, sums, count } = await momentsOf(dims, feature, samples);
    expect(count).toBe(5 * ROWS);
    const at = (data: Float32Array, row: number, column: number) =>
      feature === 2 ? data[row * width + column] : data[column * ROWS + row];
    const columns = Array.from({ length: width }, (__, column) =>
      samples.flatMap((data) => Array.from({ length: ROWS }, (___, row) => at(data, row, column))),
    );
    for (let i = 0; i < width; i += width > 100 ? 17 : 1) {
      for (let j = 0; j < width; j += width > 100 ? 13 : 1) {
        const product = columns[i].reduce((sum, number, row) => sum + number * columns[j][row], 0);
        expect(products[i * width + j]).toBeCloseTo(product, 2);
      }
      expect(sums[i]).toBeCloseTo(
        columns[i].reduce((sum, number) => sum + number, 0),
        3,
      );
    }
  });

  it('takes some of the rows, others in every batch', async () => {
    // Row r of every sample is r + 1 everywhere: sums tell which rows were taken.
    const samples = Array.from({ length: 4 }, () =>
      Float32Array.from({ length: ROWS * WIDTH }, (_, at) => Math.floor(at / WIDTH) + 1),
    );
    const { sums, count } = await momentsOf([ROWS, WIDTH], 2, samples, { rows: 2, batchSize: 1 });
    // Every third row: 1, 4, 7; then 2, 5; then 3, 6; then 1, 4, 7 again.
    expect(count).toBe(10);
    expect([...sums]).toEqual(Array(WIDTH).fill(12 + 7 + 9 + 12));
  });
});

async function momentsOf(
  dims: readonly number[],
  feature: number,
  samples: readonly Float32Array[],
  { rows, batchSize = 2 }: { rows?: number; batchSize?: number } = {},
) {
  const model = passThrough(dims);
  const width = dims[feature - 1];
  const tap = secondMomentsTap(model.graph.value('value'), { rank: 3, feature, width, rows });
  const calibration = tensors(async function* () {
    for (const data of samples) yield { x: { type: 'FLOAT', dims: [1, ...dims], data } };
  });
  let total: RuntimeTensor | undefined;
  await runTapped(
    {
      model,
      taps: [tap],
      runtime: onnxRuntime(),
      calibration,
      batchSize,
      sums: [tap.name],
      onSum: (_, sum) => {
        total = sum;
      },
    },
    (outputs) => expect(outputs).toEqual({}),
  );
  expect(total!.type).toBe('DOUBLE');
  return secondMomentsOf(total!.data as Float64Array, width);
}
