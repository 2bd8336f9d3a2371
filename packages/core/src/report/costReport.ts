import type { Analysis, Block } from '@snp/graph';
import { costOf, type Model, type ModelCost } from '@snp/onnx';
import type { CostReport, PruneReport } from './report.js';

/** Cost of a model as a whole. */
export function wholeCost(cost: ModelCost): CostReport {
  return { macs: cost.macs, params: cost.params, bytes: cost.bytes };
}

/** Cost of each Transformer block before and after, and of the rest; both models must have been analysed alike. */
export function costPerBlock(before: Analysis, after: Analysis): PruneReport['blocks'] {
  const [first, second] = [partition(before), partition(after)];
  const blocks: PruneReport['blocks'] = before.blocks.map((block) => ({
    block: block.index,
    heads: block.heads,
    before: first.blocks[block.index],
    after: second.blocks[block.index] ?? EMPTY,
  }));
  return [...blocks, { before: first.rest, after: second.rest }];
}

const EMPTY: CostReport = { macs: 0, params: 0, bytes: 0 };

function partition({ model, blocks, shapes }: { model: Model; blocks: readonly Block[]; shapes: Analysis['shapes'] }) {
  const cost = costOf(model, { shapes });
  const position = new Map(model.graph.nodes.map((node, at) => [node, at]));
  const parts = blocks.map(() => ({ ...EMPTY }));
  const rest = { ...EMPTY };
  for (const item of cost.nodes) {
    const at = position.get(item.node) ?? -1;
    const block = blocks.find(({ nodes: [from, to] }) => at >= from && at <= to);
    const part = block ? parts[block.index] : rest;
    part.macs += item.macs ?? 0;
    part.params += item.params;
    part.bytes += item.bytes;
  }
  return { blocks: parts, rest };
}
