import type { Analysis, Branch } from '@snp/graph';
import type { Node } from '@snp/onnx';

/** The branches that each node leaves with, in the order of the analysis. */
export function branchesByNode({ branches }: Analysis): (node: Node) => readonly Branch[] {
  const found = new Map<Node, Branch[]>();
  for (const branch of branches) {
    for (const node of branch.nodes) {
      const own = found.get(node);
      if (own) own.push(branch);
      else found.set(node, [branch]);
    }
  }
  return (node) => found.get(node) ?? [];
}
