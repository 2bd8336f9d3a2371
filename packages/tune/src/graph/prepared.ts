import { GraphWriter, standardForm } from '@snp/gradient';
import { type Dim, type Graph, inferShapes, type Model, type ShapeInfo, type Value } from '@snp/onnx';
import { type Answer, type Compared, rowCounts } from './losses.js';

/** What of a student is compared with its teacher, and for which sizes. */
export interface Comparison {
  answers: readonly Answer[];
  temperature: number;
  /** The output [samples, classes] whose classes labels name, and the share of the loss that they make up; undefined: labels are not looked at. */
  labels: { output: string; share: number } | undefined;
  /** Sizes of inputs; those that are not known here stay as the model states them. */
  inputShapes: Readonly<Record<string, readonly (number | undefined)[]>>;
}

/** A student in standard form, with its teacher's answers as inputs. */
export interface Prepared {
  model: Model;
  writer: GraphWriter;
  shapes: ShapeInfo;
  /** Names of the inputs that take the teacher's answers, by the name of the output. */
  teacher: ReadonlyMap<string, string>;
  /** The input that takes labels: INT64, [samples]. */
  labels: Value | undefined;
}

/** Brings a student into standard form, for inputs of known sizes, and adds inputs for its teacher's answers. */
export function prepared(student: Model, { answers, inputShapes, labels }: Comparison): Prepared {
  const model = standardForm(
    student,
    answers.map(({ output }) => output),
  );
  const { graph } = model;
  for (const input of graph.inputs) {
    const sizes = inputShapes[input.name];
    if (sizes && input.type) input.type.shape = sizes.map((size, axis) => size ?? input.type?.shape?.[axis]);
  }
  const shapes = inferShapes(model);
  const teacher = new Map<string, string>();
  for (const { output } of answers) {
    const own = graph.value(output);
    const input = graph.addValue(graph.uniqueName(`teacher/${output}`));
    const shape = shapes.shape(own)?.map((dim) => (typeof dim === 'number' ? dim : undefined));
    input.type = { elementType: 'FLOAT', shape };
    graph.inputs.push(input);
    teacher.set(output, input.name);
  }
  return {
    model,
    writer: new GraphWriter(graph, model.opset),
    shapes,
    teacher,
    labels: labels && labelsInput(graph, shapes.shape(graph.value(labels.output))?.[0]),
  };
}

function labelsInput(graph: Graph, samples: Dim | undefined): Value {
  const input = graph.addValue(graph.uniqueName('tune/labels'));
  input.type = { elementType: 'INT64', shape: [typeof samples === 'number' ? samples : undefined] };
  graph.inputs.push(input);
  return input;
}

/** The student's answers beside the teacher's. */
export function comparedIn(
  { model: { graph }, writer, shapes, teacher }: Prepared,
  { answers, temperature }: Comparison,
  samples?: Value,
): Compared[] {
  const masks = graph.inputs.filter(({ name, tensor }) => /mask/i.test(name) && !tensor);
  return answers.map((answer) => {
    const student = graph.value(answer.output);
    const counts = rowCounts(writer, student, { shapes, masks, samples });
    const given = graph.value(teacher.get(answer.output)!);
    return { student, teacher: given, answer, temperature, counts, shapes };
  });
}
