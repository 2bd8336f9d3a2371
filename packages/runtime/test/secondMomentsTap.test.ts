import { Graph, Model } from '@snp/onnx';
import { normals, random } from '@snp/testing';
import { describe, expect, it } from 'vitest';
import { onnxRuntime, runTapped, secondMomentsTap, tensors } from '../src/index.js';

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
  ] as const)('gives products, sums and the number of rows with the features %s', async (_, dims, feature) => {
    const samples = Array.from({ length: 5 }, (__, seed) => normals(random(seed), ROWS * WIDTH, 2, 1));
    const model = passThrough(dims);
    const tap = secondMomentsTap(model.graph.value('value'), 3, feature);
    const total = new Float64Array((WIDTH + 2) * WIDTH);
    const calibration = tensors(async function* () {
      for (const data of samples) yield { x: { type: 'FLOAT', dims: [1, ...dims], data } };
    });
    await runTapped({ model, taps: [tap], runtime: onnxRuntime(), calibration, batchSize: 2 }, (outputs) => {
      expect(outputs[tap.name].dims).toEqual([WIDTH + 2, WIDTH]);
      (outputs[tap.name].data as Float32Array).forEach((number, at) => {
        total[at] += number;
      });
    });
    const at = (data: Float32Array, row: number, column: number) =>
      feature === 2 ? data[row * WIDTH + column] : data[column * ROWS + row];
    for (let i = 0; i < WIDTH; i++) {
      for (let j = 0; j < WIDTH; j++) {
        let product = 0;
        for (const data of samples) for (let row = 0; row < ROWS; row++) product += at(data, row, i) * at(data, row, j);
        expect(total[i * WIDTH + j]).toBeCloseTo(product, 2);
      }
      let sum = 0;
      for (const data of samples) for (let row = 0; row < ROWS; row++) sum += at(data, row, i);
      expect(total[WIDTH * WIDTH + i]).toBeCloseTo(sum, 3);
      expect(total[(WIDTH + 1) * WIDTH + i]).toBe(5 * ROWS);
    }
  });
});
