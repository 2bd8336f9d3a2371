import { GraphWriter, gradientModel } from '@snp/gradient';
import type { Model, Value } from '@snp/onnx';
import { addSums, type UpdateModel, updateModel } from './accumulation.js';
import { type AdamWOptions, addAdamW, type OptimiserNames } from './adamW.js';
import { type LossSums, labelSums, lossSums } from './losses.js';
import { type Comparison, comparedIn, type Prepared, prepared } from './prepared.js';
import { type Trainable, trainableWeights } from './trainable.js';

/**
 * A step of training as a model: it takes a batch, the teacher's answers and the state, and gives the loss and the state after it. Where a batch has several parts, this model takes one of them, and adds
 * its gradients up.
 */
export interface StepModel {
  model: Model;
  /** Of a batch in parts: the model of the optimiser, which follows the last of them. */
  update: UpdateModel | undefined;
  weights: readonly Trainable[];
  /** Names of the inputs that take the teacher's answers, by the name of the output. */
  teacher: ReadonlyMap<string, string>;
  /** The name of the input that takes labels; undefined: there is none. */
  labels: string | undefined;
  /** The name of the output that gives the loss before the step. */
  loss: string;
  /** Of `model`, or of `update` where there is one. */
  state: OptimiserNames;
}

/**
 * Builds the model of a training step: the student forward and back, the mean loss of its answers, AdamW.
 *
 * @param options.parts Parts of a batch, whose gradients count alike. Default 1.
 * @throws SnpError `unsupported` if there is nothing to train, or the gradient passes an operator without a rule.
 */
export function stepModel(
  student: Model,
  comparison: Comparison,
  { parts = 1, ...options }: AdamWOptions & { parts?: number | undefined },
): StepModel {
  const ready = prepared(student, comparison);
  const weights = trainableWeights(
    ready.model,
    comparison.answers.map(({ output }) => output),
  );
  const { writer, labels } = ready;
  const { graph } = ready.model;
  const distilled = meanLoss(
    writer,
    comparedIn(ready, comparison).map((own) => lossSums(writer, own)),
  );
  const loss = labels ? withLabels(ready, comparison, distilled) : distilled;
  loss.type = { elementType: 'FLOAT', shape: [] };
  graph.outputs.splice(0, graph.outputs.length, loss);
  const { model, gradients } = gradientModel(ready.model, {
    by: weights.map(({ name }) => name),
    outputs: [loss.name],
    directions: 'ones',
  });
  const given = weights.map((weight) => ({ weight, gradient: model.graph.value(gradients[weight.name]) }));
  model.graph.outputs.splice(0, model.graph.outputs.length, model.graph.value(loss.name));
  const names = { weights, teacher: ready.teacher, labels: labels?.name, loss: loss.name };
  const own = new GraphWriter(model.graph, model.opset);
  if (parts === 1) return { model, update: undefined, ...names, state: addAdamW(own, given, options) };
  const added = addSums(own, given, parts);
  const { update, state } = updateModel(model, weights, { added, ...options });
  return { model, update, ...names, state };
}

/** The mean of the losses of all outputs, which count alike. */
function meanLoss(writer: GraphWriter, sums: readonly { loss: Value; count: Value }[]): Value {
  const means = sums.map((own) => meanOf(writer, own));
  const sum = means.reduce((one, other) => writer.add(one, other));
  return writer.mul(sum, writer.number(1 / means.length, 'FLOAT'));
}

const meanOf = (writer: GraphWriter, { loss, count }: LossSums) =>
  writer.div(loss, writer.op('Max', [count, writer.number(1, 'FLOAT')]));

/** The loss towards the teacher and that of labels, each with its share. */
function withLabels({ model, writer, labels }: Prepared, comparison: Comparison, distilled: Value): Value {
  const { output, share } = comparison.labels!;
  const sums = labelSums(writer, { student: model.graph.value(output), labels: labels! });
  const parts = [
    [meanOf(writer, sums), share],
    [distilled, 1 - share],
  ] as const;
  const [own, other] = parts.map(([loss, part]) => writer.mul(loss, writer.number(part, 'FLOAT')));
  return writer.add(own, other);
}
