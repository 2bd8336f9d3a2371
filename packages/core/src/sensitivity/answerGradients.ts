import { gradientModel } from '@snp/gradient';
import { cloneModel, type Model, type ShapeInfo, type Value } from '@snp/onnx';
import { answerOutputs } from '../evaluate/answerOutputs.js';
import { addAnswerDirections } from './answerDirections.js';

/** A model that runs forth and back. */
export interface AnswerGradients {
  model: Model;
  /** Of each direction: names of the outputs that hold the gradients, by what was asked for. */
  gradients: readonly Readonly<Record<string, string>>[];
  /** Names of the outputs that hold scores. */
  answers: readonly string[];
}

/**
 * Builds a model that gives the gradients of a model's answers in random directions (`addAnswerDirections`) by some of its values.
 *
 * @param whole In standard form.
 * @param options.by Names of values.
 */
export function answerGradients(
  whole: { model: Model; shapes: ShapeInfo },
  { by, directions: count }: { by: readonly string[]; directions: number },
): AnswerGradients {
  const shapes = factsOfCopies(whole);
  const outputs = answerOutputs(whole.model.graph.outputs);
  let model = cloneModel(whole.model);
  let answers: string[] = [];
  const gradients = Array.from({ length: count }, (_, at) => {
    const directions = addAnswerDirections(model, { outputs, shapes, count, at });
    answers = Object.keys(directions);
    const found = gradientModel(model, { by, outputs: answers, directions });
    model = found.model;
    return found.gradients;
  });
  return { model, gradients, answers };
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
