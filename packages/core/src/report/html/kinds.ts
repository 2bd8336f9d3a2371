import type { GroupReport } from '../report.js';

const TITLES: Record<string, string> = {
  head: 'Heads',
  block: 'Blocks left out',
  'query-key': 'Query/key',
  value: 'Value',
  ffn: 'FFN',
  residual: 'Residual stream',
  channel: 'Convolution channels',
};

/** A kind of group as a heading; kinds that a plug-in brought stand for themselves. */
export function kindTitle(kind: string): string {
  return Object.hasOwn(TITLES, kind) ? TITLES[kind] : kind;
}

/** Groups by kind: the parts of a block first, in the order data pass through them, then what runs through all blocks. */
export function groupsByKind(groups: readonly GroupReport[]): Map<string, GroupReport[]> {
  const kinds = [...new Set([...Object.keys(TITLES), ...groups.map((group) => group.kind)])];
  const entries = kinds.map((kind) => [kind, groups.filter((group) => group.kind === kind).sort(byBlock)] as const);
  return new Map(entries.filter(([, members]) => members.length > 0));
}

function byBlock(first: GroupReport, second: GroupReport): number {
  const [a, b] = [first.block ?? Number.POSITIVE_INFINITY, second.block ?? Number.POSITIVE_INFINITY];
  return a === b ? 0 : a - b;
}

/** What a group is called beside others of its kind: its block's number, or its own name outside of blocks. */
export function groupLabel({ id, block }: GroupReport): string {
  return block === undefined ? id : String(block);
}
