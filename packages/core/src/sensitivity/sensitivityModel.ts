import { GraphWriter } from '@snp/gradient';
import type { Model, ShapeInfo, Tensor, Value } from '@snp/onnx';
import type { AnswerKind } from '@snp/runtime';
import { answerGradients } from './answerGradients.js';
import { copyNodes } from './copyNodes.js';
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
  /** Of each of the changes: name of the output that holds the products of change and gradient, [samples, weights, directions]; of all samples together where they do not lie apart. */
  products: readonly string[];
  /** Names of outputs that tell how many answers a run gave. */
  rows: readonly string[];
}

/**
 * Builds a model that runs forth and back, and from there what each change does at the end of its reach, times the gradients of the answers, in random directions.
 *
 * @param options.bySample Whether the first axis of the ends counts samples; else all samples of a run lie together.
 */
export function sensitivityModel(
  whole: { model: Model; shapes: ShapeInfo },
  changes: readonly Changes[],
  { directions: count, bySample, kind }: { directions: number; bySample: boolean; kind?: AnswerKind | undefined },
): SensitivityModel {
  const ends = [...new Set(changes.map(({ reach }) => reach.end.name))];
  const { model, gradients, answers } = answerGradients(whole, { by: ends, directions: count, kind });
  const { graph } = model;
  const writer = new GraphWriter(graph, model.opset);
  const rows = answers.map((name) => rowsOf(writer, graph.value(name)));
  const flat = (value: Value) => flattened(writer, value, bySample);
  const walks = new Map(
    ends.map((end) => {
      const all = gradients.map((byName) => flat(graph.value(byName[end])));
      return [end, writer.transpose(writer.op('Concat', all, { axis: 1 }), [0, 2, 1])];
    }),
  );
  const products = changes.map(({ reach, weights }) => {
    const end = graph.value(reach.end.name);
    const differences = weights.map((own) => flat(writer.sub(endWith(model, reach, own), end)));
    const product = writer.matmul(writer.op('Concat', differences, { axis: 1 }), walks.get(end.name)!);
    product.type = { elementType: 'FLOAT', shape: undefined };
    return product;
  });
  graph.outputs.splice(0, graph.outputs.length, ...rows, ...products);
  graph.removeDead();
  return { model, products: products.map(({ name }) => name), rows: rows.map(({ name }) => name) };
}

/** Computes the end of a reach once more, with other weights. */
function endWith({ graph }: Model, { nodes, end }: Reach, weights: ChangedWeights): Value {
  const copies = new Map([...weights].map(([name, changed]) => [name, graph.addInitializer(name, changed)]));
  copyNodes(graph, nodes, copies);
  return copies.get(end.name)!;
}

/** All numbers of each sample in a row, in float32: [samples, 1, numbers]; of all samples together where they do not lie apart. */
function flattened(writer: GraphWriter, value: Value, bySample: boolean): Value {
  return writer.reshape(writer.cast(value, 'FLOAT'), [bySample ? 0 : 1, 1, -1]);
}

/** How many rows an output has, as a number that the model gives. */
function rowsOf(writer: GraphWriter, output: Value): Value {
  const last = writer.op('Gather', [writer.shapeOf(output), writer.int(-1)]);
  const rows = writer.div(writer.op('Size', [output]), last);
  rows.type = { elementType: 'INT64', shape: undefined };
  return rows;
}
