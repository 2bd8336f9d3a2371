import { costOf, type Model, SnpError } from '@snp/onnx';
import type { Sample, TensorInfo } from '@snp/runtime';
import { Stacking } from '../data/stacking.js';
import { type TrainingBytes, trainingBytes } from '../graph/trainingBytes.js';

/** How many samples a step takes, and how they become the parts of it that run one after the other. */
export interface BatchSizes {
  stacking: Stacking;
  parts: number;
}

/** Multiply-accumulates of a step's forward pass that are worth a step. */
const STEP_MACS = 10e9;

/**
 * @param given.batchSize Samples of a step. Default: as many as take about 10 G multiply-accumulates, from 8 to 128, but no more than there are.
 * @param given.memory Bytes that training may take. Default: any.
 * @throws SnpError `invalid-argument` if the model cannot be given so many samples; `limit` if one sample takes too much memory.
 */
export function batchSizes(
  student: Model,
  samples: readonly Sample[],
  given: {
    inputs: readonly TensorInfo[];
    outputs: readonly string[];
    trained: number;
    batchSize: number | undefined;
    memory: number | undefined;
  },
): BatchSizes {
  const { inputs, outputs, trained, batchSize, memory } = given;
  const wanted = batchSize ?? Math.min(trained, defaultBatch(student));
  const stacking = new Stacking(samples, inputs, wanted);
  if (stacking.size !== wanted) {
    if (batchSize !== undefined && batchSize % stacking.size !== 0)
      throw new SnpError(
        'invalid-argument',
        `The model takes ${stacking.size} samples at a time, no more and no less: a batch of ${batchSize} is no multiple of it.`,
      );
    return { stacking, parts: Math.max(1, Math.round(wanted / stacking.size)) };
  }
  if (memory === undefined) return { stacking, parts: 1 };
  const { inputShapes } = new Stacking(samples, inputs, 1);
  const most = samplesWithin(memory, trainingBytes(student, samples, { outputs, inputShapes }));
  const part = largestDivisor(wanted, most);
  return { stacking: new Stacking(samples, inputs, part), parts: wanted / part };
}

function defaultBatch(student: Model): number {
  const each = costOf(student).macs;
  return Math.min(128, Math.max(8, 2 ** Math.round(Math.log2(STEP_MACS / Math.max(1, each)))));
}

function samplesWithin(memory: number, { fixed, each }: TrainingBytes): number {
  const most = Math.floor((memory - fixed) / each);
  if (most >= 1) return most;
  const gigabytes = (bytes: number) => (bytes / 1e9).toFixed(1);
  throw new SnpError(
    'limit',
    `Training takes about ${gigabytes(fixed + each)} GB with one sample at a time, more than the ${gigabytes(memory)} GB that it may take.`,
  );
}

function largestDivisor(of: number, most: number): number {
  for (let divisor = Math.min(of, most); ; divisor--) if (of % divisor === 0) return divisor;
}
