import type { Analysis, Group, GroupKind } from '@snp/graph';
import { SnpError } from '@snp/onnx';
import { noAttention } from '../obstacles/noAttention.js';
import { describePrunable, frozenReasons } from '../obstacles/prunable.js';
import { nearestName } from '../options/nearestName.js';
import { NEURON_KINDS } from '../plan/widths.js';
import { UNIT_KINDS, type UnitGroup } from '../plugin/unitGroup.js';

/** What plug-ins bring: their names, and their units of the model. */
export interface BroughtUnits {
  plugins: readonly string[];
  groups: readonly UnitGroup[];
}

const KINDS: readonly GroupKind[] = [...NEURON_KINDS, ...UNIT_KINDS];

/**
 * Checks fractions of units to remove against a model: each must be from 0 to below 1, and name a kind or group that is there and can be pruned. A
 * fraction of 0 may name a kind that is not there.
 *
 * @throws SnpError `invalid-argument` with what can be pruned instead, and the nearest name.
 */
export function checkRatios(
  ratios: Readonly<Record<string, number>>,
  analysis: Analysis,
  brought: BroughtUnits = { plugins: [], groups: [] },
): void {
  const groups: readonly Group[] = [...analysis.groups, ...brought.groups];
  const ids = new Set(groups.map(({ id }) => id));
  const present = new Set(groups.map(({ kind }) => kind));
  for (const [name, ratio] of Object.entries(ratios)) {
    const isKind = KINDS.includes(name as GroupKind);
    if (!isKind && !ids.has(name)) throw unknownName(name, analysis, ids, brought);
    if (!(ratio >= 0 && ratio < 1))
      throw new SnpError('invalid-argument', `The ratio of '${name}' must be at least 0 and below 1, but is ${ratio}.`);
    if (isKind && ratio > 0 && !present.has(name as GroupKind)) throw missingKind(name as GroupKind, analysis, brought);
  }
}

function unknownName(name: string, analysis: Analysis, ids: ReadonlySet<string>, brought: BroughtUnits): SnpError {
  const heads = analysis.heads.find(({ id }) => id === name);
  const why = heads ? ` ${whyNoHeads({ ...analysis, heads: [heads] }, brought)}` : '';
  const near = nearestName(name, [...KINDS, ...ids]);
  const hint = near === undefined || heads ? '' : ` Did you mean '${near}'?`;
  return new SnpError(
    'invalid-argument',
    `There is no group or kind of group '${name}' that can be pruned.${why}${hint} Kinds are ${KINDS.join(', ')}. ${whatCan(analysis)}`,
    { group: name },
  );
}

function missingKind(kind: GroupKind, analysis: Analysis, brought: BroughtUnits): SnpError {
  const why = kind === 'head' ? whyNoHeads(analysis, brought) : whyNone(kind, analysis, brought);
  return new SnpError('invalid-argument', `No ${kind} of this model can be pruned. ${why} ${whatCan(analysis)}`, {
    group: kind,
  });
}

function whyNone(kind: GroupKind, analysis: Analysis, { plugins }: BroughtUnits): string {
  const { groups, frozen, branches } = analysis;
  if (kind === 'block')
    return branches.length > 0
      ? `No plug-in brings such units${given(plugins)}: @snp/plugin-block does (--plugin block).`
      : 'Nothing adds to a residual stream so that it could be left out.';
  const convolved = kind === 'ffn' && groups.some((group) => group.kind === 'channel');
  const hint = convolved ? " Hidden layers made of convolutions are of kind 'channel'." : '';
  const reasons = frozenReasons(frozen.filter((part) => part.kind === kind));
  const missing = kind === 'query-key' || kind === 'value' ? noAttention(analysis) : undefined;
  if (missing && reasons.length === 0) return missing.message;
  return `${reasons.length > 0 ? `Frozen are: ${reasons.join('; ')}.` : `There are no groups of kind '${kind}'.`}${hint}`;
}

function whyNoHeads(analysis: Analysis, { plugins, groups }: BroughtUnits): string {
  const { heads } = analysis;
  if (heads.length === 0) return noAttention(analysis)?.message ?? 'Its attention has no heads that were told apart.';
  const free = heads.filter(({ frozen, units }) => !frozen && units > 1);
  if (free.length > 0 && !groups.some(({ kind }) => kind === 'head'))
    return `No plug-in brings such units${given(plugins)}: @snp/plugin-head does (--plugin head).`;
  const frozen = heads.filter((set) => set.frozen);
  if (frozen.length === 0) return 'Every attention has a single head.';
  const [{ id, frozen: reason }] = frozen;
  const more = frozen.length > 1 ? ` (and ${frozen.length - 1} more)` : '';
  return `Frozen are: ${id}: ${reason!.node === undefined ? '' : `${reason!.node} `}${reason!.reason}${more}.`;
}

function given(plugins: readonly string[]): string {
  return plugins.length > 0 ? ` (given: ${plugins.join(', ')})` : '';
}

function whatCan(analysis: Analysis): string {
  return `Can be pruned, with units per head: ${describePrunable(analysis)}.`;
}
