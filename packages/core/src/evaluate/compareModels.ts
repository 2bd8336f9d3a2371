import type { Model } from '@snp/onnx';
import { runSamples } from '@snp/runtime';
import type { EvaluateOptions } from './evaluate.js';
import { type Fidelity, FidelityMeter } from './fidelity.js';

/**
 * How alike two models answer the same samples, without labels: every row of scores along the last axis of every output counts as
 * one answer.
 */
export async function compareModels(
  first: Model | string,
  second: Model | string,
  { data, onProgress, ...rest }: Pick<EvaluateOptions, 'runtime' | 'data' | 'batchSize' | 'signal' | 'onProgress'>,
): Promise<Fidelity> {
  const meter = new FidelityMeter();
  const answers: Record<string, Float32Array>[] = [];
  let [batch, done] = [0, 0];
  await runSamples({ ...rest, model: first, calibration: data, fetches: undefined, onProgress: half(0) }, (outputs) => {
    answers.push(
      Object.fromEntries(
        Object.entries(outputs).flatMap(([name, { data: scores }]) =>
          scores instanceof Float32Array ? [[name, Float32Array.from(scores)]] : [],
        ),
      ),
    );
  });
  await runSamples(
    { ...rest, model: second, calibration: data, fetches: undefined, onProgress: half(1) },
    (outputs, samples) => {
      addAnswers(answers[batch++], outputs, meter);
      done += samples.length;
    },
  );
  return { ...meter.result, samples: done };

  function half(part: number) {
    return (count: number, total: number | undefined) =>
      onProgress?.(count + (part && total ? total : 0), total && 2 * total);
  }
}

/** Adds every row of scores along the last axis of every output as one answer. */
export function addAnswers(
  before: Readonly<Record<string, ArrayLike<number> | undefined>>,
  after: Readonly<Record<string, { dims: readonly number[]; data: unknown }>>,
  meter: FidelityMeter,
): void {
  for (const [name, { dims, data }] of Object.entries(after)) {
    const original = before[name];
    if (!(data instanceof Float32Array && original instanceof Float32Array)) continue;
    const width = dims[dims.length - 1] ?? 1;
    for (let at = 0; at < data.length; at += width)
      meter.add(original.subarray(at, at + width), data.subarray(at, at + width));
  }
}
