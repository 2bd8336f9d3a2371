import type { Model, Value } from '@snp/onnx';
import { weightInput } from './adamW.js';
import { agreementSum, labelSums, lossSums } from './losses.js';
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
  /** The name of the output that holds sums: for each answer its loss, what its rows count, and how much of them has the same highest score, [answers, 3]; and at last, where there are labels, their loss, count, and how many are right. */
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
  const sums = comparedIn({ ...ready, shapes: known }, comparison, samples).map((compared) => {
    const { loss, count } = lossSums(writer, compared);
    const agreed = compared.answer.loss === 'divergence' ? agreementSum(writer, compared) : writer.number(0, 'FLOAT');
    return [loss, count, agreed];
  });
  const { labels } = ready;
  if (labels) {
    const own = graph.value(comparison.labels!.output);
    const { loss, count, correct } = labelSums(writer, { student: own, labels, samples });
    sums.push([loss, count, correct]);
  }
  const rows = sums.map((three) =>
    writer.op(
      'Concat',
      three.map((scalar) => writer.reshape(scalar, [1, 1])),
      { axis: 1 },
    ),
  );
  const joined = writer.op('Concat', rows, { axis: 0 });
  joined.type = { elementType: 'FLOAT', shape: [rows.length, 3] };
  graph.outputs.splice(0, graph.outputs.length, joined);
  graph.removeDead();
  for (const name of weights) weightInput(graph, name);
  return { model, teacher: ready.teacher, labels: labels?.name, samples: samples.name, sums: joined.name };
}
