import { gradientModel } from '@snp/gradient';
import { cloneModel, dataTypeCode, type Model, type ShapeInfo, Tensor, type Value } from '@snp/onnx';
import { addAnswerDirections } from './answerDirections.js';
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
  const shapes = factsOfCopies(whole);
  const outputs = whole.model.graph.outputs.map(({ name }) => name);
  const ends = [...new Set(changes.map(({ reach }) => reach.end.name))];
  let model = cloneModel(whole.model);
  let answers: string[] = [];
  const gradients = Array.from({ length: count }, (_, at) => {
    const directions = addAnswerDirections(model, { outputs, shapes, count, at });
    answers = Object.keys(directions);
    const found = gradientModel(model, { by: ends, outputs: answers, directions });
    model = found.model;
    return found.gradients;
  });
  const { graph } = model;
  const rows = answers.map((name) => rowsOf(model, graph.value(name)));
  const products = changes.map(({ reach, weights }) =>
    weights.map((own) => {
      const difference = op(model, 'Sub', [endWith(model, reach, own), graph.value(reach.end.name)]);
      return gradients.map((byName) => {
        const product = op(model, 'Mul', [difference, graph.value(byName[reach.end.name])]);
        return sumOf(model, product, bySample);
      });
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

/** Facts about a model, also for values of copies of it. */
function factsOfCopies({ model, shapes }: { model: Model; shapes: ShapeInfo }): ShapeInfo {
  const home = ({ name }: Value) => model.graph.value(name);
  return {
    shape: (value) => shapes.shape(home(value)),
    elementType: (value) => shapes.elementType(home(value)),
    content: (value) => shapes.content(home(value)),
  };
}

function op({ graph }: Model, name: string, inputs: readonly Value[], attributes = {}): Value {
  return graph.addNode({ op: name, inputs, attributes, outputs: [`sensitivity_${name}`] }).outputs[0]!;
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
function sumOf(model: Model, value: Value, bySample: boolean): Value {
  const single = op(model, 'Cast', [value], { to: dataTypeCode('FLOAT') });
  const flat = op(model, 'Flatten', [single], { axis: bySample ? 1 : 0 });
  const sum =
    model.opset >= 13
      ? op(model, 'ReduceSum', [flat, model.graph.addInitializer('sensitivity_axis', AXIS)], { keepdims: 0 })
      : op(model, 'ReduceSum', [flat], { keepdims: 0, axes: [1] });
  sum.type = { elementType: 'FLOAT', shape: undefined };
  return sum;
}

const AXIS = Tensor.int64([1], [1]);
const LAST = Tensor.int64([], [-1]);

/** How many rows of scores an output has, as a number that the model gives. */
function rowsOf(model: Model, output: Value): Value {
  const sizes = op(model, 'Shape', [output]);
  const last = op(model, 'Gather', [sizes, model.graph.addInitializer('sensitivity_last', LAST)]);
  const rows = op(model, 'Div', [op(model, 'Size', [output]), last]);
  rows.type = { elementType: 'INT64', shape: undefined };
  return rows;
}
