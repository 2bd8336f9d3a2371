import { gradientModel } from '@snp/gradient';
import { cloneModel, type Graph, type Model, type ShapeInfo, type Value } from '@snp/onnx';
import { type AnswerKind, answerOutputs } from '@snp/runtime';
import { addAnswerDirections } from './answerDirections.js';
import { copyNodes } from './copyNodes.js';

/** A model that runs forth and back. */
export interface AnswerGradients {
  model: Model;
  /** Of each direction: names of the outputs that hold the gradients, by what was asked for. */
  gradients: readonly Readonly<Record<string, string>>[];
  /** Names of the outputs that hold answers. */
  answers: readonly string[];
}

/** Options of `answerGradients`. */
export interface AnswerGradientsOptions {
  /** Names of the values whose gradients are wanted. */
  by: readonly string[];
  /** How many directions, a power of two. */
  directions: number;
  /** What the outputs are. Default: by their names. */
  kind?: AnswerKind | undefined;
}

/**
 * Builds a model that gives the gradients of a model's answers in random directions (`addAnswerDirections`) by some of its values.
 *
 * @param whole In standard form.
 */
export function answerGradients(
  whole: { model: Model; shapes: ShapeInfo },
  { by, directions: count, kind: given }: AnswerGradientsOptions,
): AnswerGradients {
  const shapes = factsOfCopies(whole);
  const { kind, names: outputs } = answerOutputs(whole.model.graph.outputs, given);
  const source = cloneModel(whole.model);
  const directions = Array.from({ length: count }, (_, at) =>
    addAnswerDirections(source, { outputs, kind, shapes, count, at }),
  );
  const [first, ...others] = directions;
  const answers = Object.keys(first);
  // What is no output is removed where nothing reads it yet.
  for (const [answer, name] of others.flatMap((own) => Object.entries(own))) {
    const value = source.graph.value(name);
    value.type = { elementType: shapes.elementType(whole.model.graph.value(answer)) ?? 'FLOAT', shape: undefined };
    source.graph.outputs.push(value);
  }
  let { model, gradients } = gradientModel(source, { by, outputs: answers, directions: first });
  const all = [gradients];
  // Graphs inside of nodes are not copied: there, all is differentiated anew.
  const flat = model.graph.nodes.every(({ subgraphs }) => subgraphs.length === 0);
  for (const own of others) {
    if (flat) all.push(walkedAgain(model.graph, gradients, new Map(answers.map((name) => [first[name], own[name]]))));
    else {
      ({ model, gradients } = gradientModel(model, { by, outputs: answers, directions: own }));
      all.push(gradients);
    }
  }
  return { model, gradients: all, answers };
}

/**
 * Walks back once more, from other directions: what hangs on the first ones is copied, the rest is shared.
 *
 * @param gradients Names of what the first walk found.
 * @param directions Names of the other directions by those of the first.
 * @returns Names of what this walk finds.
 */
function walkedAgain(
  graph: Graph,
  gradients: Readonly<Record<string, string>>,
  directions: ReadonlyMap<string, string>,
): Record<string, string> {
  const copies = new Map([...directions].map(([first, other]) => [first, graph.value(other)]));
  copyNodes(graph, [...graph.nodes], copies);
  return Object.fromEntries(
    Object.entries(gradients).map(([name, gradient]) => [name, copies.get(gradient)?.name ?? gradient]),
  );
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
