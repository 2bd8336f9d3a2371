import type { Model } from '@snp/onnx';
import {
  type AnswerKind,
  answerOutputs,
  type Calibration,
  type Feeds,
  floatsOf,
  type Runtime,
  runSamples,
  type Sample,
} from '@snp/runtime';
import { FidelityMeter } from './fidelity.js';
import { paddingIn } from './padding.js';

/** What to run, and where. */
export interface AnswerOptions {
  runtime: Runtime;
  data: Calibration;
  /** What the outputs are. Default: by their names (`answerOutputs`). */
  answers?: AnswerKind | undefined;
  batchSize?: number | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((done: number, total: number | undefined) => void) | undefined;
}

/** An output in one batch: rows along its last axis, each one answer. */
interface Rows {
  numbers: Float32Array | Float64Array;
  width: number;
  /** Rows of each sample. */
  perSample: number;
  /** Whether a row is one of padding; undefined where none is. */
  isPadding?: ((row: number) => boolean) | undefined;
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
export async function recordAnswers(model: Model, { data, answers: kind, ...rest }: AnswerOptions): Promise<Answers> {
  const answers: BatchAnswers[] = [];
  const fetches = answerOutputs(model.graph.outputs, kind).names;
  await runSamples({ ...rest, model, calibration: data, fetches }, (outputs, samples, size) => {
    answers.push(answersIn(outputs, { samples, size }));
  });
  return answers;
}

/** Runs a model on the same samples; returns the mean divergence of its answers from those of another. */
export async function divergenceFrom(
  answers: Answers,
  model: Model,
  { data, answers: given, ...rest }: AnswerOptions,
): Promise<number> {
  const { kind, names: fetches } = answerOutputs(model.graph.outputs, given);
  const meter = new FidelityMeter(kind);
  let batch = 0;
  await runSamples({ ...rest, model, calibration: data, fetches }, (outputs, samples, size) => {
    addAnswers(answers[batch++], answersIn(outputs, { samples, size }), meter);
  });
  return meter.divergence;
}

/** The answers to the samples of a batch that may have been filled up to a size with more: those whose rows an output has first. */
export function answersIn(
  outputs: Feeds,
  { samples, size }: { samples: readonly Pick<Sample, 'feeds'>[]; size: number },
): BatchAnswers {
  const rows = Object.entries(outputs).flatMap(([name, output]): [string, Rows][] => {
    const numbers = floatsOf(output);
    if (!numbers) return [];
    const apart = (output.dims[0] ?? 1) % size === 0;
    const parts = apart ? size : 1;
    const width = Math.max(1, output.dims.at(-1) ?? 1);
    const own = apart ? numbers.subarray(0, (numbers.length / size) * samples.length) : numbers;
    const isPadding = apart ? paddingIn(samples, output.dims) : undefined;
    return [[name, thinned({ numbers: own, width, perSample: numbers.length / parts / width, isPadding })]];
  });
  return { samples: samples.length, outputs: Object.fromEntries(rows) };
}

/** Every so many-th row of each sample, where there are very many numbers. */
function thinned(rows: Rows): Rows {
  const { numbers, width, perSample, isPadding } = rows;
  const every = Math.ceil((perSample * width) / MOST_PER_SAMPLE);
  if (every <= 1 || perSample <= 1) return rows;
  const kept = Math.ceil(perSample / every);
  const samples = numbers.length / (perSample * width);
  const few = new Float32Array(samples * kept * width);
  const original = (row: number) => Math.floor(row / kept) * perSample + (row % kept) * every;
  for (let to = 0; to < samples * kept; to++) {
    const from = original(to) * width;
    few.set(numbers.subarray(from, from + width), to * width);
  }
  return { numbers: few, width, perSample: kept, isPadding: isPadding && ((row) => isPadding(original(row))) };
}

/** Adds every row along the last axis of every output as one answer, but those of padding. */
export function addAnswers(before: BatchAnswers, after: BatchAnswers, meter: FidelityMeter): void {
  meter.begin(after.samples);
  for (const [name, { numbers, width, perSample, isPadding }] of Object.entries(after.outputs)) {
    const original = before.outputs[name];
    if (!original) continue;
    for (let at = 0, row = 0; at < numbers.length; at += width, row++) {
      if (isPadding?.(row)) continue;
      const sample = Math.min(after.samples - 1, Math.floor(row / perSample));
      meter.add(original.numbers.subarray(at, at + width), numbers.subarray(at, at + width), sample, name);
    }
  }
}
