import { type AttributeInit, type DataType, type FileDim, Graph, Model, Tensor, type Value } from '../../src/index.js';

/** An input of a one-operator model: a constant, or a graph input by type and dimensions. */
export type OperandInit = Tensor | { type?: DataType; shape: FileDim[] } | undefined;

export interface OperatorInit {
  op: string;
  opset?: number;
  domain?: string;
  inputs: OperandInit[];
  attributes?: Record<string, AttributeInit>;
  /** Number of outputs, default 1. */
  outputs?: number;
}

/** A model of one operator, its graph inputs named x0, x1, ... and its outputs y0, y1, ... */
export function operatorModel(init: OperatorInit): Model {
  const model = emptyModel(init.opset ?? 17);
  if (init.domain) model.opsets.set(init.domain, 1);
  const { graph } = model;
  const inputs = init.inputs.map((operand, index) => {
    if (!operand) return undefined;
    if (operand instanceof Tensor) return graph.addInitializer(`c${index}`, operand);
    return addInput(model, `x${index}`, operand.shape, operand.type);
  });
  const outputs = Array.from({ length: init.outputs ?? 1 }, (_, index) => `y${index}`);
  const node = graph.addNode({
    op: init.op,
    domain: init.domain ?? '',
    inputs,
    outputs,
    attributes: init.attributes ?? {},
  });
  for (const output of node.outputs) graph.outputs.push(output!);
  return model;
}

export function emptyModel(opset = 17): Model {
  const model = new Model(new Graph('test'));
  model.opsets.set('', opset);
  return model;
}

export function addInput(model: Model, name: string, shape: FileDim[], elementType: DataType = 'FLOAT'): Value {
  const value = model.graph.addValue(name);
  value.type = { elementType, shape };
  model.graph.inputs.push(value);
  return value;
}

/** Adds a node with one output and returns the output. */
export function apply(
  model: Model,
  op: string,
  inputs: (Value | undefined)[],
  attributes: Record<string, AttributeInit> = {},
  output = `${op.toLowerCase()}_out`,
): Value {
  return model.graph.addNode({ op, inputs, attributes, outputs: [output] }).outputs[0]!;
}

export const ints = (...items: number[]): Tensor => Tensor.int64([items.length], items);
export const int = (item: number): Tensor => Tensor.int64([], [item]);
export const floats = (dims: number[], items: number[]): Tensor => Tensor.float32(dims, items);
