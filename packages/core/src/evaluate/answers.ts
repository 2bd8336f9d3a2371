import type { Model } from '@snp/onnx';
import { answerOutputs, type Calibration, type Feeds, floatsOf, type Runtime, runSamples } from '@snp/runtime';
import { FidelityMeter } from './fidelity.js';

/** What to run, and where. */
export interface AnswerOptions {
  runtime: Runtime;
  data: Calibration;
  batchSize?: number | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((done: number, total: number | undefined) => void) | undefined;
}

/** Scores of an output in one batch: rows along its last axis, each one answer. */
interface Rows {
  numbers: Float32Array | Float64Array;
  width: number;
  /** Rows of each sample. */
  perSample: number;
}

/** What a model answered in one batch. */
export interface BatchAnswers {
  samples: number;
  outputs: Readonly<Record<string, Rows>>;
}

/** What a model answered, batch by batch. */
export type Answers = readonly BatchAnswers[];

/** Numbers that are looked at of one output for one sample: of longer ones every so many-th row is, such as every seventh token of 256 with 50,000 scores each. */
const MOST_PER_SAMPLE = 2e6;

/** Runs a model on samples and keeps its answers. */
export async function recordAnswers(model: Model, { data, ...rest }: AnswerOptions): Promise<Answers> {
  const answers: BatchAnswers[] = [];
  const fetches = answerOutputs(model.graph.outputs);
  await runSamples({ ...rest, model, calibration: data, fetches }, (outputs, samples, size) => {
    answers.push(answersIn(outputs, { count: samples.length, size }));
  });
  return answers;
}

/** Runs a model on the same samples; returns the mean divergence of its answers from those of another. */
export async function divergenceFrom(
  answers: Answers,
  model: Model,
  { data, ...rest }: AnswerOptions,
): Promise<number> {
  const meter = new FidelityMeter();
  let batch = 0;
  const fetches = answerOutputs(model.graph.outputs);
  await runSamples({ ...rest, model, calibration: data, fetches }, (outputs, samples, size) => {
    addAnswers(answers[batch++], answersIn(outputs, { count: samples.length, size }), meter);
  });
  return meter.divergence;
}

/** The answers to so many samples of a batch that may have been filled up with more: those whose rows an output has first. */
export function answersIn(outputs: Feeds, { count, size }: { count: number; size: number }): BatchAnswers {
  const rows = Object.entries(outputs).flatMap(([name, output]): [string, Rows][] => {
    const numbers = floatsOf(output);
    if (!numbers) return [];
    const apart = (output.dims[0] ?? 1) % size === 0;
    const samples = apart ? size : 1;
    const width = Math.max(1, output.dims.at(-1) ?? 1);
    const own = apart ? numbers.subarray(0, (numbers.length / size) * count) : numbers;
    return [[name, thinned({ numbers: own, width, perSample: numbers.length / samples / width })]];
  });
  return { samples: count, outputs: Object.fromEntries(rows) };
}

/** Every so many-th row of each sample, where there are very many numbers. */
function thinned({ numbers, width, perSample }: Rows): Rows {
  const every = Math.ceil((perSample * width) / MOST_PER_SAMPLE);
  if (every <= 1 || perSample <= 1) return { numbers, width, perSample };
  const kept = Math.ceil(perSample / every);
  const samples = numbers.length / (perSample * width);
  const few = new Float32Array(samples * kept * width);
  for (let to = 0; to < samples * kept; to++) {
    const from = (Math.floor(to / kept) * perSample + (to % kept) * every) * width;
    few.set(numbers.subarray(from, from + width), to * width);
  }
  return { numbers: few, width, perSample: kept };
}

/** Adds every row of scores along the last axis of every output as one answer. */
export function addAnswers(before: BatchAnswers, after: BatchAnswers, meter: FidelityMeter): void {
  meter.begin(after.samples);
  for (const [name, { numbers, width, perSample }] of Object.entries(after.outputs)) {
    const original = before.outputs[name];
    if (!original) continue;
    for (let at = 0, row = 0; at < numbers.length; at += width, row++) {
      const sample = Math.min(after.samples - 1, Math.floor(row / perSample));
      meter.add(original.numbers.subarray(at, at + width), numbers.subarray(at, at + width), sample);
    }
  }
}
