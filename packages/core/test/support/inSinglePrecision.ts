import { cloneModel, dataTypeCode, type Graph, type Model, type Node, Tensor } from '@snp/onnx';

const HALF = dataTypeCode('FLOAT16');
const SINGLE = dataTypeCode('FLOAT');

/** A copy of a model whose float16 numbers are float32: the same file without the rounding of its arithmetic. */
export function inSinglePrecision(model: Model): Model {
  const copy = cloneModel(model);
  widenGraph(copy.graph);
  return copy;
}

function widenGraph(graph: Graph): void {
  for (const value of graph.values.values()) {
    if (value.tensor) value.tensor = widened(value.tensor);
    if (value.type?.elementType === 'FLOAT16') value.type = { ...value.type, elementType: 'FLOAT' };
  }
  for (const node of graph.nodes) widenNode(node);
}

function widenNode(node: Node): void {
  for (const [name, attribute] of node.attributes) {
    if (attribute.type === 'TENSOR') node.set(name, widened(attribute.value));
  }
  for (const name of ['to', 'dtype']) if (node.int(name) === HALF) node.set(name, SINGLE);
  for (const graph of node.subgraphs) widenGraph(graph);
}

function widened(tensor: Tensor): Tensor {
  return tensor.dataType === 'FLOAT16' ? Tensor.float32(tensor.dims, tensor.numbers() as Float32Array) : tensor;
}
