import type { Graph } from '../ir/graph.js';
import type { Tensor } from '../tensor/tensor.js';

/** Every tensor of a graph and of the graphs inside it: initializers, and tensors in attributes. */
export function allTensors(graph: Graph): Tensor[] {
  const tensors: Tensor[] = [];
  replaceTensors(graph, (tensor) => {
    tensors.push(tensor);
    return tensor;
  });
  return tensors;
}

/** Puts `replace(tensor)` in the place of every tensor of a graph and of the graphs inside it. */
export function replaceTensors(graph: Graph, replace: (tensor: Tensor) => Tensor): void {
  for (const value of graph.initializers) value.tensor = replace(value.tensor!);
  for (const node of graph.nodes) {
    for (const [name, attribute] of node.attributes) {
      if (attribute.type === 'TENSOR') node.attributes.set(name, { ...attribute, value: replace(attribute.value) });
    }
    for (const subgraph of node.subgraphs) replaceTensors(subgraph, replace);
  }
}
