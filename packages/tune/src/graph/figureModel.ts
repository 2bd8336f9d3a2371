import type { Model, Value } from '@snp/onnx';
import { weightInput } from './adamW.js';
import { labelSampleSums, sampleSums } from './losses.js';
import { type Comparison, comparedIn, prepared } from './prepared.js';

/** A student beside its teacher's answers: how far it is from them. */
export interface FigureModel {
  model: Model;
  /** Names of the inputs that take the teacher's answers, by the name of the output. */
  teacher: ReadonlyMap<string, string>;
  /** The name of the input that takes labels; undefined: there is none. */
  labels: string | undefined;
  /** The name of the input that says how much each sample counts: FLOAT, [samples]. */
  samples: string;
  /** The name of the output that holds sums of each sample, [answers, 3, samples]: of each answer its loss, what its rows count, and how much of them has the same highest score; and at last, where there are labels, their loss, count, and what is right. */
  sums: string;
}

/**
 * Builds the model that tells how far a student is from its teacher.
 *
 * @param weights Names of weights that are inputs in it.
 * @param batch Samples of a run.
 */
export function figureModel(
  student: Model,
  comparison: Comparison,
  { weights, batch }: { weights: readonly string[]; batch: number },
): FigureModel {
  const ready = prepared(student, comparison);
  const { model, writer } = ready;
  const { graph } = model;
  const samples = graph.addValue(graph.uniqueName('tune/samples'));
  samples.type = { elementType: 'FLOAT', shape: [batch] };
  graph.inputs.push(samples);
  const { shapes } = ready;
  const known = {
    ...shapes,
    shape: (value: Value) => (value === samples ? [batch] : shapes.shape(value)),
  };
  const sums = comparedIn({ ...ready, shapes: known }, comparison, samples).map((compared) =>
    sampleSums(writer, compared, batch),
  );
  const { labels } = ready;
  if (labels) {
    const own = graph.value(comparison.labels!.output);
    sums.push(labelSampleSums(writer, { student: own, labels, samples }));
  }
  const rows = sums.flatMap(({ loss, count, right }) => [loss, count, right]);
  const joined = writer.reshape(writer.concat(rows, 0), [sums.length, 3, batch]);
  joined.type = { elementType: 'FLOAT', shape: [sums.length, 3, batch] };
  graph.outputs.splice(0, graph.outputs.length, joined);
  graph.removeDead();
  for (const name of weights) weightInput(graph, name);
  return { model, teacher: ready.teacher, labels: labels?.name, samples: samples.name, sums: joined.name };
}
