import type { Graph } from '@snp/onnx';
import type { Branch } from './branches.js';
import type { Block } from './group.js';

/** Blocks from the first node that reads the residual stream for them to the last sum that writes to it, where these are known: with norms in front and biases at the end, whether neurons can be pruned or not. */
export function withBounds(blocks: readonly Block[], branches: readonly Branch[], { nodes }: Graph): Block[] {
  const position = new Map(nodes.map((node, at) => [node, at]));
  const bounded: Block[] = [];
  for (const block of blocks) {
    const own = branches.filter((branch) => branch.block === block.index);
    const readers = own.flatMap(({ sum, stream }) => sum.inputs[stream]!.consumers);
    const first = Math.min(block.nodes[0], ...readers.flatMap((node) => position.get(node) ?? []));
    const last = Math.max(block.nodes[1], ...own.flatMap(({ sum }) => position.get(sum) ?? []));
    const previous = bounded.at(-1);
    bounded.push({ ...block, nodes: [previous ? Math.min(last, previous.nodes[1] + 1) : first, last] });
  }
  return bounded;
}
