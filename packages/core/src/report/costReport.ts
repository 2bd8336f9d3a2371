import type { Analysis } from '@snp/graph';
import { costOf, type ModelCost } from '@snp/onnx';
import type { CostReport, PruneReport } from './report.js';

/** Cost of a model as a whole. */
export function wholeCost(cost: ModelCost): CostReport {
  return { macs: cost.macs, params: cost.params, bytes: cost.bytes };
}

/** Cost of each Transformer block before and after, and of the rest. What is left of a block is told by the names of its values. */
export function costPerBlock(before: Analysis, after: Analysis): PruneReport['blocks'] {
  const { blocks } = before;
  const blockOf = new Map<string, number | undefined>();
  const { nodes } = before.model.graph;
  for (const node of nodes) for (const value of node.outputs) if (value) blockOf.set(value.name, undefined);
  // From the end: where blocks overlap, a node belongs to the first.
  for (const { index, nodes: range } of [...blocks].reverse())
    for (const node of nodes.slice(range[0], range[1] + 1))
      for (const value of node.outputs) if (value) blockOf.set(value.name, index);
  const [first, second] = [partition(before, blockOf, blocks.length), partition(after, blockOf, blocks.length)];
  return [
    ...blocks.map(({ index, heads }) => ({
      block: index,
      heads,
      before: first.blocks[index],
      after: second.blocks[index],
    })),
    { before: first.rest, after: second.rest },
  ];
}

function partition(
  { model, shapes }: Pick<Analysis, 'model' | 'shapes'>,
  blockOf: ReadonlyMap<string, number | undefined>,
  count: number,
) {
  const costs = new Map(costOf(model, { shapes }).nodes.map((cost) => [cost.node, cost]));
  const blocks = Array.from({ length: count }, (): CostReport => ({ macs: 0, params: 0, bytes: 0 }));
  const rest: CostReport = { macs: 0, params: 0, bytes: 0 };
  let block: number | undefined;
  // From the end: parts of a projection that was taken apart have names of their own, and stand in front of those that read them.
  for (const node of [...model.graph.nodes].reverse()) {
    const known = node.outputs.find((value) => value && blockOf.has(value.name));
    if (known) block = blockOf.get(known.name);
    const cost = costs.get(node);
    const part = block === undefined ? rest : blocks[block];
    part.macs += cost?.macs ?? 0;
    part.params += cost?.params ?? 0;
    part.bytes += cost?.bytes ?? 0;
  }
  return { blocks, rest };
}
