import { cloneModel, type DataType, dataTypeCode, type Graph, type Model, type Node, Tensor } from '@snp/onnx';

/** Types of floating-point numbers. */
type Floats = Extract<DataType, 'FLOAT' | 'FLOAT16' | 'DOUBLE'>;

/** The largest number of float16. */
const LARGEST_HALF = 65504;

/**
 * A copy of a model whose floating-point numbers of one type are of another: weights, inputs, outputs and arithmetic. What is too large for float16 becomes its largest number, as exporters do with masks.
 *
 * @example
 * const sizes = { vocabulary: 40, width: 24, depth: 2, heads: 4, keyHeads: 2, headSize: 8, hidden: 32 };
 * const half = retyped(buildLlama(sizes), 'FLOAT', 'FLOAT16');
 */
export function retyped(model: Model, from: Floats, to: Floats): Model {
  const copy = cloneModel(model);
  retypeGraph(copy.graph, from, to);
  return copy;
}

function retypeGraph(graph: Graph, from: Floats, to: Floats): void {
  for (const value of graph.values.values()) {
    if (value.tensor) value.tensor = converted(value.tensor, from, to);
    if (value.type?.elementType === from) value.type = { ...value.type, elementType: to };
  }
  for (const node of graph.nodes) retypeNode(node, from, to);
}

function retypeNode(node: Node, from: Floats, to: Floats): void {
  for (const [name, attribute] of node.attributes) {
    if (attribute.type === 'TENSOR') node.set(name, converted(attribute.value, from, to));
  }
  for (const name of ['to', 'dtype']) if (node.int(name) === dataTypeCode(from)) node.set(name, dataTypeCode(to));
  for (const graph of node.subgraphs) retypeGraph(graph, from, to);
}

function converted(tensor: Tensor, from: Floats, to: Floats): Tensor {
  if (tensor.dataType !== from) return tensor;
  const numbers = Float64Array.from(tensor.numbers());
  const held = (number: number) => Math.max(-LARGEST_HALF, Math.min(LARGEST_HALF, number));
  return Tensor.fromNumbers(to, tensor.dims, to === 'FLOAT16' ? numbers.map(held) : numbers);
}
