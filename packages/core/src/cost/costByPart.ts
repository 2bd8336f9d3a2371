import type { Analysis } from '@snp/graph';
import { type CostOptions, costOf, type NodeCost } from '@snp/onnx';
import type { Cost } from './costModel.js';

/** What a model's parts cost. */
export interface CostByPart {
  /** In front of the first block, such as an embedding. */
  front: Cost;
  /** The Transformer blocks, in their order; together the body. */
  blocks: readonly Cost[];
  /** Behind the last block, such as a head. */
  behind: Cost;
  /** Sizes that were taken for free dimensions. */
  dims: Readonly<Record<string, number>>;
}

/**
 * The cost of a model by its parts. A weight counts where it is read first.
 *
 * @param options.dims Sizes of free dimensions. Default: 1 for the first of an input, 128 for others.
 */
export function costByPart({ model, shapes, blocks }: Analysis, { dims }: Pick<CostOptions, 'dims'> = {}): CostByPart {
  const cost = costOf(model, { shapes, ...(dims && { dims }) });
  const costs = new Map(cost.nodes.map((own) => [own.node, own]));
  const inOrder = model.graph.nodes.flatMap((node) => costs.get(node) ?? []);
  const ends = blocks.flatMap(({ nodes }) => nodes);
  return {
    front: sumOf(inOrder.slice(0, ends[0] ?? 0)),
    blocks: blocks.map(({ nodes: [first, last] }) => sumOf(inOrder.slice(first, last + 1))),
    behind: sumOf(inOrder.slice(ends.length > 0 ? ends[ends.length - 1] + 1 : 0)),
    dims: cost.dims,
  };
}

function sumOf(nodes: readonly NodeCost[]): Cost {
  const sum = (of: (node: NodeCost) => number) => nodes.reduce((all, node) => all + of(node), 0);
  return { macs: sum(({ macs }) => macs ?? 0), params: sum(({ params }) => params), bytes: sum(({ bytes }) => bytes) };
}
