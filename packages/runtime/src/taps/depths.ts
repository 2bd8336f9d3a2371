import { type Graph, type Node, topologicalOrder, type Value } from '@snp/onnx';

/** For the values of a graph: how many nodes the longest chain has that leads to one. */
export function depthsOf(graph: Graph): (value: Value) => number {
  const depths = new Map<Node, number>();
  const depthOf = ({ producer }: Value) => (producer && depths.get(producer)) ?? 0;
  for (const node of topologicalOrder(graph)) {
    const before = node.inputs.map((input) => (input ? depthOf(input) : 0));
    depths.set(node, 1 + Math.max(0, ...before));
  }
  return depthOf;
}
