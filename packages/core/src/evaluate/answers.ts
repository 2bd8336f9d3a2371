import type { Model } from '@snp/onnx';
import { type Feeds, floatsOf, runSamples } from '@snp/runtime';
import type { EvaluateOptions } from './evaluate.js';
import { type Fidelity, FidelityMeter } from './fidelity.js';

/** What to run, and where. */
export type AnswerOptions = Pick<EvaluateOptions, 'runtime' | 'data' | 'batchSize' | 'signal' | 'onProgress'>;

/** What a model answered in one batch: floating-point outputs by name. */
export type BatchAnswers = Readonly<Record<string, Float32Array | Float64Array>>;

/** What a model answered, batch by batch. */
export type Answers = readonly BatchAnswers[];

/** Runs a model on samples and keeps its answers. */
export async function recordAnswers(model: Model | string, { data, ...rest }: AnswerOptions): Promise<Answers> {
  const answers: BatchAnswers[] = [];
  await runSamples({ ...rest, model, calibration: data, fetches: undefined }, (outputs, samples, size) => {
    answers.push(answersIn(outputs, { count: samples.length, size }));
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
  await runSamples({ ...rest, model, calibration: data, fetches: undefined }, (outputs, samples, size) => {
    const own = answersIn(outputs, { count: samples.length, size });
    addAnswers(answers[batch++], own, outputs, meter);
    done += samples.length;
  });
  return { ...meter.result, samples: done };
}

/** The answers to so many samples of a batch that may have been filled up with more: those whose rows an output has first. */
export function answersIn(outputs: Feeds, { count, size }: { count: number; size: number }): BatchAnswers {
  return Object.fromEntries(
    Object.entries(outputs).flatMap(([name, output]) => {
      const numbers = floatsOf(output);
      if (!numbers) return [];
      const whole = count === size || (output.dims[0] ?? 1) % size !== 0;
      return [[name, whole ? numbers : numbers.subarray(0, (numbers.length / size) * count)]];
    }),
  );
}

/** Adds every row of scores along the last axis of every output as one answer. */
export function addAnswers(before: BatchAnswers, after: BatchAnswers, shapes: Feeds, meter: FidelityMeter): void {
  for (const [name, numbers] of Object.entries(after)) {
    const original = before[name];
    if (!original) continue;
    const width = shapes[name].dims.at(-1) ?? 1;
    for (let at = 0; at < numbers.length; at += width)
      meter.add(original.subarray(at, at + width), numbers.subarray(at, at + width));
  }
}
