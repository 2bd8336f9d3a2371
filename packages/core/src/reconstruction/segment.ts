import type { Analysis } from '@snp/graph';
import { cloneModel, type DataType, type Model, type Value } from '@snp/onnx';

/** A part of a model: from a value of its middle, or from its inputs, to another value. */
export interface Segment {
  model: Model;
  /** Name of the input that stands for the value it starts from. */
  start: string | undefined;
  /** Names of the model's own inputs that it needs. */
  inputs: readonly string[];
  /** Name of the value it ends with, its one output. */
  end: string;
}

/**
 * Cuts out what leads from one value to another. What does not come from the first is computed from the model's inputs, as in the whole.
 *
 * @param start Where it begins; undefined for the model's inputs.
 */
export function segmentOf({ model, shapes }: Analysis, start: Value | undefined, end: Value): Segment {
  const copy = cloneModel(model);
  const { graph } = copy;
  const last = graph.value(end.name);
  last.type = { elementType: shapes.elementType(end) ?? 'FLOAT', shape: undefined };
  let input: Value | undefined;
  if (start) {
    input = addInput(copy, 'start', shapes.shape(start) ?? [], shapes.elementType(start));
    graph.value(start.name).replaceAllUsesWith(input);
  }
  graph.outputs.splice(0, graph.outputs.length, last);
  graph.removeDead();
  const read = graph.inputs.filter((value) => value.uses.size > 0);
  graph.inputs.splice(0, graph.inputs.length, ...read);
  return {
    model: copy,
    start: input?.name,
    inputs: read.filter((value) => value !== input && !value.tensor).map(({ name }) => name),
    end: end.name,
  };
}

/** An input of this shape: only its first axis, which counts samples, and its rank are relied on. */
export function addInput(
  { graph }: Model,
  name: string,
  shape: readonly unknown[],
  elementType: DataType = 'FLOAT',
): Value {
  const input = graph.addValue(graph.uniqueName(name));
  const dims = shape.map((size, axis) => (axis === 0 && typeof size === 'number' ? size : `${input.name}_${axis}`));
  input.type = { elementType, shape: dims };
  graph.inputs.push(input);
  return input;
}
