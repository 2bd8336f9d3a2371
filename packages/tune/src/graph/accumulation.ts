import { GraphWriter } from '@snp/gradient';
import { Graph, Model, type Value } from '@snp/onnx';
import { type AdamWOptions, addAdamW, giveOut, type OptimiserNames, stateInput, weightInput } from './adamW.js';
import type { Trainable } from './trainable.js';

/** Names of the sum of a weight's gradients, as input and output of a model. */
export interface SumNames {
  input: string;
  output: string;
}

/** The optimiser by itself: it takes the state and the sums of gradients, and gives the state after it and sums of nothing. */
export interface UpdateModel {
  model: Model;
  /** Of the model that adds gradients up, and of this one, by weights. */
  added: ReadonlyMap<string, SumNames>;
  emptied: ReadonlyMap<string, SumNames>;
}

const sumName = (weight: string) => `tune/sum/${weight}`;

/** Gives out sums of gradients in place of gradients. Weights become inputs. */
export function addSums(
  writer: GraphWriter,
  gradients: readonly { weight: Trainable; gradient: Value }[],
  parts: number,
): Map<string, SumNames> {
  const { graph } = writer;
  const names = new Map<string, SumNames>();
  for (const { weight, gradient } of gradients) {
    const { name, tensor } = weight;
    weightInput(graph, name);
    const sum = stateInput(graph, sumName(name), tensor.dims);
    const next = writer.add(sum, writer.mul(gradient, writer.number(1 / parts, 'FLOAT')));
    giveOut(graph, next, tensor.dims);
    names.set(name, { input: sum.name, output: next.name });
  }
  return names;
}

/** Builds the model of the optimiser, in the operator set of another. */
export function updateModel(
  { opset, irVersion }: Model,
  weights: readonly Trainable[],
  { added, ...options }: AdamWOptions & { added: ReadonlyMap<string, SumNames> },
): { update: UpdateModel; state: OptimiserNames } {
  const model = new Model(new Graph('update'));
  model.opsets.set('', opset);
  model.irVersion = irVersion;
  const { graph } = model;
  const writer = new GraphWriter(graph, opset);
  const gradients = weights.map((weight) => {
    graph.addInitializer(weight.name, weight.tensor);
    return { weight, gradient: stateInput(graph, sumName(weight.name), weight.tensor.dims) };
  });
  const state = addAdamW(writer, gradients, options);
  const emptied = new Map<string, SumNames>();
  for (const { weight, gradient } of gradients) {
    const nothing = writer.sub(gradient, gradient);
    giveOut(graph, nothing, weight.tensor.dims);
    emptied.set(weight.name, { input: gradient.name, output: nothing.name });
  }
  return { update: { model, added, emptied }, state };
}
