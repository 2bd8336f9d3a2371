import type { Model } from '@snp/onnx';
import { runSamples } from '@snp/runtime';
import type { EvaluateOptions } from './evaluate.js';
import { type Fidelity, FidelityMeter } from './fidelity.js';

/** What to run, and where. */
export type AnswerOptions = Pick<EvaluateOptions, 'runtime' | 'data' | 'batchSize' | 'signal' | 'onProgress'>;

/** What a model answered, batch by batch: floating-point outputs by name. */
export type Answers = readonly Readonly<Record<string, Float32Array>>[];

/** Runs a model on samples and keeps its answers. */
export async function recordAnswers(model: Model | string, { data, ...rest }: AnswerOptions): Promise<Answers> {
  const answers: Record<string, Float32Array>[] = [];
  await runSamples({ ...rest, model, calibration: data, fetches: undefined }, (outputs) => {
    answers.push(
      Object.fromEntries(
        Object.entries(outputs).flatMap(([name, { data: scores }]) =>
          scores instanceof Float32Array ? [[name, Float32Array.from(scores)]] : [],
        ),
      ),
    );
  });
  return answers;
}

/** Runs a model on the same samples, and compares its answers with those of another. */
export async function compareAnswers(
  answers: Answers,
  model: Model | string,
  { data, ...rest }: AnswerOptions,
): Promise<Fidelity> {
  const meter = new FidelityMeter();
  let [batch, done] = [0, 0];
  await runSamples({ ...rest, model, calibration: data, fetches: undefined }, (outputs, samples) => {
    addAnswers(answers[batch++], outputs, meter);
    done += samples.length;
  });
  return { ...meter.result, samples: done };
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
