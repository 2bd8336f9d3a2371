import { gradientModel } from '@snp/gradient';
import { cloneModel, type Model, type ShapeInfo, Tensor, type Value } from '@snp/onnx';
import { addAnswerDirections } from './answerDirections.js';

/** A model that goes forth and back. */
export interface RecordingModel {
  model: Model;
  /** Of each direction, names of the outputs that hold gradients, by the names of the values. */
  gradients: readonly Readonly<Record<string, string>>[];
  /** Names of outputs that tell how many answers a run gave: rows of scores. */
  rows: readonly string[];
}

/** What is wanted of it. */
interface RecordingOptions {
  shapes: ShapeInfo;
  /** Names of values whose gradients are given. */
  ends: readonly string[];
  /** Names of values that are given as they are. */
  kept: readonly string[];
  /** How many directions the answers are looked at in. */
  directions: number;
}

/** Builds a model that gives values of its middle, and gradients of its answers there, in random directions. */
export function recordingModel(
  whole: Model,
  { shapes, ends, kept, directions: count }: RecordingOptions,
): RecordingModel {
  const named = { ...shapes, shape: atHome(whole, shapes.shape), elementType: atHome(whole, shapes.elementType) };
  const outputs = whole.graph.outputs.map(({ name }) => name);
  let model = cloneModel(whole);
  let answers: string[] = [];
  const gradients = Array.from({ length: count }, (_, at) => {
    const directions = addAnswerDirections(model, { outputs, shapes: named, seed: 1 + at * outputs.length });
    answers = Object.keys(directions);
    const found = gradientModel(model, { by: ends, outputs: answers, directions });
    model = found.model;
    return found.gradients;
  });
  const { graph } = model;
  const rows = answers.map((name) => rowsOf(model, graph.value(name)).name);
  const given = new Set([...kept, ...rows, ...gradients.flatMap((byName) => Object.values(byName))]);
  graph.outputs.length = 0;
  const inputs = new Set(graph.inputs);
  for (const name of given) {
    const value = graph.value(name);
    if (inputs.has(value)) continue;
    value.type ??= { elementType: shapes.elementType(whole.graph.value(name)) ?? 'FLOAT', shape: undefined };
    graph.outputs.push(value);
  }
  graph.removeDead();
  return { model, gradients, rows };
}

/** Facts about a model, asked by values of a copy. */
function atHome<T>(model: Model, fact: (value: Value) => T): (value: Value) => T {
  return ({ name }) => fact(model.graph.value(name));
}

const LAST = Tensor.int64([], [-1]);

/** How many rows of scores an output has, as a number that the model gives. */
function rowsOf({ graph }: Model, output: Value): Value {
  const op = (name: string, inputs: Value[], attributes = {}) =>
    graph.addNode({ op: name, inputs, attributes, outputs: [`answers_${name}`] }).outputs[0]!;
  const last = op('Gather', [op('Shape', [output]), graph.addInitializer('answers_axis', LAST)]);
  const rows = op('Div', [op('Size', [output]), last]);
  rows.type = { elementType: 'INT64', shape: undefined };
  return rows;
}
