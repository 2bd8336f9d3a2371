import { cloneModel } from '@snp/onnx';
import { buildVit, inputs, runModel } from '@snp/testing';
import { describe, expect, it } from 'vitest';
import { type Calibration, gramTap, momentsTap, onnxRuntime, runTapped, tensors } from '../src/index.js';

const [TOKENS, HEADS, WIDTH] = [17, 3, 8];
const model = buildVit({
  image: 16,
  patch: 4,
  residual: 24,
  depth: 1,
  heads: HEADS,
  blocks: { queryKey: WIDTH, value: WIDTH, ffn: 48 },
  classes: 7,
});
const runtime = onnxRuntime();

/** The attention's query [batch, heads, tokens, width], found as the left side of the product under the softmax. */
const softmax = model.graph.nodes.find((node) => node.opType === 'Softmax')!;
const [query, key] = softmax.inputs[0]!.producer!.inputs.map((value) => value!);
const feedsOf = (sample: number) =>
  inputs([{ name: 'input', dtype: 'float', shape: [1, 3, 16, 16], fill: 'normal' }], { seed: sample });

const calibration = (count: number): Calibration =>
  tensors(async function* () {
    for (let sample = 0; sample < count; sample++) yield feedsOf(sample);
  });

/** The values of an intermediate value for one sample, computed in this process. */
async function valuesOf(name: string, sample: number): Promise<Float32Array> {
  const copy = cloneModel(model);
  const value = copy.graph.value(name);
  value.type = { elementType: 'FLOAT', shape: undefined };
  copy.graph.outputs.push(value);
  const outputs = await runModel(copy, feedsOf(sample), [name]);
  return outputs[name].data as Float32Array;
}

async function tapped(tap: ReturnType<typeof gramTap>, count: number, batchSize: number) {
  const rows: number[][] = [];
  await runTapped({ model, taps: [tap], runtime, calibration: calibration(count), batchSize }, (outputs) => {
    rows.push([...(outputs[tap.name].data as Float64Array)]);
  });
  return rows;
}

describe('gramTap', () => {
  it.each([1, 2, 5])('gives X^T X per sample and head, in batches of %i', async (batchSize) => {
    const tap = gramTap(query, { rank: 4, feature: 3, head: 1, heads: HEADS });
    const all = (await tapped(tap, 5, batchSize)).flat();
    for (let sample = 0; sample < 5; sample++) {
      const x = await valuesOf(query.name, sample);
      for (let head = 0; head < HEADS; head++) {
        for (let i = 0; i < WIDTH; i++) {
          for (let j = 0; j < WIDTH; j++) {
            let sum = 0;
            for (let t = 0; t < TOKENS; t++) {
              const row = (head * TOKENS + t) * WIDTH;
              sum += x[row + i] * x[row + j];
            }
            const got = all[((sample * HEADS + head) * WIDTH + i) * WIDTH + j];
            expect(Math.abs(got - sum)).toBeLessThan(1e-5 * (1 + Math.abs(sum)));
          }
        }
      }
    }
  });

  it('reads a transposed key by its axes', async () => {
    const tap = gramTap(key, { rank: 4, feature: 2, head: 1, heads: HEADS });
    const [first] = await tapped(tap, 1, 1);
    const k = await valuesOf(key.name, 0);
    let sum = 0;
    for (let t = 0; t < TOKENS; t++) sum += k[t] * k[TOKENS + t];
    expect(first[1]).toBeCloseTo(sum, 3);
  });
});

describe('momentsTap', () => {
  it('gives sums, sums of squares and counts of every position', async () => {
    const tap = momentsTap(query, 4, [1, 3]);
    const batches = await tapped(tap, 3, 2);
    const length = HEADS * WIDTH;
    const add = (offset: number, at: number) => batches.reduce((sum, batch) => sum + batch[offset * length + at], 0);
    for (let head = 0; head < HEADS; head++) {
      for (let i = 0; i < WIDTH; i++) {
        let [sum, squares] = [0, 0];
        for (let sample = 0; sample < 3; sample++) {
          const x = await valuesOf(query.name, sample);
          for (let t = 0; t < TOKENS; t++) {
            const element = x[(head * TOKENS + t) * WIDTH + i];
            sum += element;
            squares += element * element;
          }
        }
        expect(add(0, head * WIDTH + i)).toBeCloseTo(sum, 3);
        expect(add(1, head * WIDTH + i)).toBeCloseTo(squares, 3);
        expect(add(2, head * WIDTH + i)).toBe(3 * TOKENS);
      }
    }
  });
});
