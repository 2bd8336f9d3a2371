import type { Graph, Node, Value } from '@snp/onnx';

/**
 * Adds nodes to a graph once more, on other inputs: those that read something that is replaced, or what hangs on it.
 *
 * @param nodes In the order of a graph: this one, or one that it is a copy of.
 * @param replaced Values by the names of those that they stand for. What the copies give is put into it.
 */
export function copyNodes(graph: Graph, nodes: readonly Node[], replaced: Map<string, Value>): void {
  for (const node of nodes) {
    if (!node.inputs.some((value) => value && replaced.has(value.name))) continue;
    const copy = graph.addCopy(node, {
      inputs: node.inputs.map((value) => value && (replaced.get(value.name) ?? graph.value(value.name))),
      outputs: node.outputs.map((value) => value?.name ?? 'unused'),
    });
    for (const [at, value] of node.outputs.entries()) if (value) replaced.set(value.name, copy.outputs[at]!);
  }
}
