import type { Propagation } from '@snp/graph';
import type { Graph } from '@snp/onnx';
import { keptPositions, pick, usesByKept } from './keptPositions.js';
import type { Shrinkage } from './shrinkage.js';

/** Lets readers of computed tables pick the positions that they need, where a table keeps more because others need them. */
export function pickFromTables(graph: Graph, walk: Propagation, shrinkage: Shrinkage): void {
  for (const table of new Set(walk.tableUses.map(({ value }) => value))) {
    const layoutAt = new Map(walk.tableUses.flatMap((use) => (use.value === table ? [[use.node, use.layout]] : [])));
    const own = keptPositions(walk.layouts.get(table), shrinkage, table.name);
    const variants = usesByKept(table.uses, ({ node }) => {
      const kept = keptPositions(layoutAt.get(node), shrinkage, table.name);
      return new Map([...kept].filter(([axis]) => !own.has(axis)));
    });
    for (const { kept, uses } of variants) {
      if (kept.size === 0) continue;
      const picked = pick(graph, table, kept, uses);
      walk.adoptActivation(picked, layoutAt.get(uses[0].node)!);
      for (const { node, index } of uses) node.setInput(index, picked);
    }
  }
}
