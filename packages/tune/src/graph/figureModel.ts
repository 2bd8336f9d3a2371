import type { Model, Value } from '@snp/onnx';
import { weightInput } from './adamW.js';
import { agreementSum, lossSums } from './losses.js';
import { type Comparison, comparedIn, prepared } from './prepared.js';

/** A student beside its teacher's answers: how far it is from them. */
export interface FigureModel {
  model: Model;
  /** Names of the inputs that take the teacher's answers, by the name of the output. */
  teacher: ReadonlyMap<string, string>;
  /** The name of the input that says how much each sample counts: FLOAT, [samples]. */
  samples: string;
  /** The name of the output that holds sums: for each answer its loss, what its rows count, and how much of them has the same highest score, [answers, 3]. */
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
  const rows = comparedIn({ ...ready, shapes: known }, comparison, samples).map((compared) => {
    const { loss, count } = lossSums(writer, compared);
    const agreed = compared.answer.loss === 'divergence' ? agreementSum(writer, compared) : writer.number(0, 'FLOAT');
    const three = [loss, count, agreed].map((scalar) => writer.reshape(scalar, [1, 1]));
    return writer.op('Concat', three, { axis: 1 });
  });
  const sums = writer.op('Concat', rows, { axis: 0 });
  sums.type = { elementType: 'FLOAT', shape: [rows.length, 3] };
  graph.outputs.splice(0, graph.outputs.length, sums);
  graph.removeDead();
  for (const name of weights) weightInput(graph, name);
  return { model, teacher: ready.teacher, samples: samples.name, sums: sums.name };
}
