import type { Value } from '@snp/onnx';
import type { Field } from '../layout/layout.js';
import type { Propagation } from '../walk/propagation.js';
import type { TableUse } from '../walk/sharedTables.js';

const APART = 'are columns of a table of which every reader takes its own';

/**
 * Tells which tables leave with their readers. Where all readers of a table turned out to need the same positions, they are the table's, which is cut;
 * where not, the table stays as it is, and every reader picks its own positions.
 */
export function settleTables(walk: Propagation): void {
  const usesOf = new Map<Value, TableUse[]>();
  for (const use of walk.tableUses) usesOf.set(use.value, [...(usesOf.get(use.value) ?? []), use]);
  // Tables that are made of others come first.
  for (const uses of [...usesOf.values()].reverse()) {
    uses[0].table.fields.forEach((field, at) => {
      settle(
        field,
        uses.map(({ layout }) => layout.fields[at]),
        uses[0],
        walk,
      );
    });
  }
}

function settle(table: Field, readers: readonly Field[], { value }: TableUse, walk: Propagation): void {
  const { labels } = walk;
  const [first, ...others] = readers;
  const agree = first.labels.every((label, at) =>
    others.every((other) => labels.find(other.labels[at]) === labels.find(label)),
  );
  if (agree) {
    first.labels.forEach((label, at) => {
      labels.union(table.labels[at], label);
    });
    return;
  }
  for (const label of table.labels)
    labels.freeze(label, { node: value.producer?.label, operator: value.producer?.op, reason: APART });
}
