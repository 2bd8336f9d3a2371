import { GraphWriter } from '@snp/gradient';
import type { Model, ShapeInfo, Tensor, Value } from '@snp/onnx';
import { answerGradients } from './answerGradients.js';
import type { Reach } from './reach.js';

/** Weights by name. */
export type ChangedWeights = ReadonlyMap<string, Tensor>;

/** Changes of some weights, each by itself, that have one reach. */
export interface Changes {
  reach: Reach;
  weights: readonly ChangedWeights[];
}

/** A model that tells what changes of weights do to its answers. */
export interface SensitivityModel {
  model: Model;
  /** Of each of the changes, of each weights, of each direction: name of the output that holds the product of change and gradient, for each sample. */
  products: readonly (readonly (readonly string[])[])[];
  /** Names of outputs that tell how many answers a run gave: rows of scores. */
  rows: readonly string[];
}

/**
 * Builds a model that runs forth and back, and from there what each change does at the end of its reach, times the gradients of the answers, in random directions.
 *
 * @param bySample Whether the first axis of the ends counts samples; else all samples of a run lie together.
 */
export function sensitivityModel(
  whole: { model: Model; shapes: ShapeInfo },
  changes: readonly Changes[],
  { directions: count, bySample }: { directions: number; bySample: boolean },
): SensitivityModel {
  const ends = changes.map(({ reach }) => reach.end.name);
  const { model, gradients, answers } = answerGradients(whole, { by: ends, directions: count });
  const { graph } = model;
  const writer = new GraphWriter(graph, model.opset);
  const rows = answers.map((name) => rowsOf(writer, graph.value(name)));
  const products = changes.map(({ reach, weights }) =>
    weights.map((own) => {
      const difference = writer.sub(endWith(model, reach, own), graph.value(reach.end.name));
      return gradients.map((byName) =>
        sumOf(writer, writer.mul(difference, graph.value(byName[reach.end.name])), bySample),
      );
    }),
  );
  graph.outputs.splice(0, graph.outputs.length, ...rows, ...products.flat(2));
  graph.removeDead();
  return {
    model,
    products: products.map((each) => each.map((own) => own.map(({ name }) => name))),
    rows: rows.map(({ name }) => name),
  };
}

/** Computes the end of a reach once more, with other weights. */
function endWith({ graph }: Model, { nodes, end }: Reach, weights: ChangedWeights): Value {
  const copies = new Map<string, Value>();
  const copyOf = (name: string): Value => {
    const changed = weights.get(name);
    if (changed && !copies.has(name)) copies.set(name, graph.addInitializer(name, changed));
    return copies.get(name) ?? graph.value(name);
  };
  for (const node of nodes) {
    const copy = graph.addCopy(node, {
      inputs: node.inputs.map((value) => value && copyOf(value.name)),
      outputs: node.outputs.map((value) => `changed/${value?.name ?? 'unused'}`),
    });
    for (const [at, value] of node.outputs.entries()) if (value) copies.set(value.name, copy.outputs[at]!);
  }
  return copies.get(end.name)!;
}

/** Sums over all but the samples, in float32. */
function sumOf(writer: GraphWriter, value: Value, bySample: boolean): Value {
  const flat = writer.op('Flatten', [writer.cast(value, 'FLOAT')], { axis: bySample ? 1 : 0 });
  const sum = writer.sum(flat, [1], false);
  sum.type = { elementType: 'FLOAT', shape: undefined };
  return sum;
}

/** How many rows of scores an output has, as a number that the model gives. */
function rowsOf(writer: GraphWriter, output: Value): Value {
  const last = writer.op('Gather', [writer.shapeOf(output), writer.int(-1)]);
  const rows = writer.div(writer.op('Size', [output]), last);
  rows.type = { elementType: 'INT64', shape: undefined };
  return rows;
}
