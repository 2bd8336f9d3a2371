import type { Analysis, FrozenGroup, Group } from '@snp/graph';
import { laneWidth } from '../plan/widths.js';

/** Groups of one kind named one by one; of more, the first and how many follow. */
const NAMED = 4;

/**
 * What can be pruned, by kinds, with the groups of each and their widths per head: `ffn (blocks.0.ffn 64, blocks.1.ffn 64), residual (32)`. Kinds
 * that a plug-in brings say which.
 */
export function describePrunable({ groups, heads, branches }: Analysis): string {
  const beyond = [
    { kind: 'head with --plugin head', groups: heads.filter(({ frozen, units }) => !frozen && units > 1) },
    { kind: 'block with --plugin block', groups: branches },
  ];
  const kinds = [...new Set(groups.map(({ kind }) => kind))];
  const all = [...kinds.map((kind) => ({ kind, groups: groups.filter((group) => group.kind === kind) })), ...beyond];
  return (
    all
      .filter((one) => one.groups.length > 0)
      .map((one) => `${one.kind} (${namesOf(one.groups)})`)
      .join(', ') || 'nothing'
  );
}

function namesOf(groups: readonly Group[]): string {
  const named = groups
    .slice(0, NAMED)
    .map((group) => (group.kind === 'block' ? group.id : `${group.id} ${laneWidth(group)}`));
  const more = groups.length - named.length;
  return [...named, ...(more > 0 ? [`${more} more`] : [])].join(', ');
}

/** True for what stays by nature: inputs and outputs of the model, positions, kernels. */
export function staysByNature({ kind, reason }: FrozenGroup): boolean {
  return kind === undefined || BY_NATURE.test(reason.reason);
}

const BY_NATURE = /reaches the model's output|no weight writes|looks up rows|positions along this axis are not weights/;

/** The first reasons why parts are frozen that might not be, each once; the largest parts first. */
export function frozenReasons(frozen: readonly FrozenGroup[], most = 3): string[] {
  const size = ({ members }: FrozenGroup) =>
    members.reduce((sum, { initializer }) => sum + (initializer.tensor?.size ?? 0), 0);
  const parts = frozen.filter((part) => !staysByNature(part)).sort((a, b) => size(b) - size(a));
  const reasons = new Map<string, FrozenGroup[]>();
  for (const part of parts) reasons.set(part.reason.reason, [...(reasons.get(part.reason.reason) ?? []), part]);
  return [...reasons.values()].slice(0, most).map(([first, ...others]) => {
    const where = `${first.members[0].initializer.name}: ${first.reason.node === undefined ? '' : `${first.reason.node} `}${first.reason.reason}`;
    return others.length > 0 ? `${where} (and ${others.length} more)` : where;
  });
}
