import type { Model } from '@snp/onnx';
import type { RuntimeTensor, Sample } from '@snp/runtime';
import { type Comparison, prepared } from './prepared.js';

/** Bytes that a training takes at most, by estimate: whatever the batch, and for each sample that runs at once. */
export interface TrainingBytes {
  fixed: number;
  each: number;
}

/** What both processes and their arenas take beside all that is counted: measured, DeiT-Tiny in one to four parts of a batch. */
const PROCESSES = 600e6;

/** Copies of the weights: a step reads and writes four (weights, both moments, average), gradients, the teacher, and the best state beside what is being written. */
const COPIES = 12;

/** What runs back takes beside the values that it reads. */
const BACK = 1.4;

/**
 * What running back reads lies in memory until then: all values of the model.
 *
 * @param options.inputShapes Those of one sample.
 */
export function trainingBytes(
  student: Model,
  samples: readonly Sample[],
  { outputs, inputShapes }: { outputs: readonly string[]; inputShapes: Comparison['inputShapes'] },
): TrainingBytes {
  const answers = outputs.map((output) => ({ output, loss: 'error' as const, variance: 1 }));
  const { model, shapes } = prepared(student, { answers, temperature: 1, labels: undefined, inputShapes });
  let values = 0;
  for (const node of model.graph.nodes)
    for (const output of node.outputs) {
      const shape = output && shapes.shape(output);
      if (shape?.every((dim) => typeof dim === 'number')) values += 4 * shape.reduce((size, dim) => size * dim, 1);
    }
  const weights = model.graph.initializers.reduce((sum, { tensor }) => sum + 4 * tensor!.size, 0);
  return { fixed: PROCESSES + COPIES * weights + bytesOf(samples), each: BACK * values };
}

function bytesOf(samples: readonly Sample[]): number {
  const size = ({ data }: RuntimeTensor) => (Array.isArray(data) ? 0 : data.byteLength);
  return samples.reduce((sum, { feeds }) => sum + Object.values(feeds).reduce((all, own) => all + size(own), 0), 0);
}
