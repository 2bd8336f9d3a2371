import type { GroupReport, PruneReport } from '@snp/core';
import { likeness } from './evaluation.js';
import { bytes, count, percent } from './format.js';
import { lastLine } from './lastLine.js';
import { table } from './table.js';
import { figuresText } from './tuned.js';
import { verificationLine } from './verification.js';

/** What `prune` and `apply` say when they are done. */
export function renderSummary(
  report: PruneReport,
  sizes: { before: number; after: number },
  output: string,
  folder?: string,
): string {
  const { before, after } = report.cost;
  const rows: (readonly [string, string, string, string])[] = [
    ['MACs', count(before.macs), count(after.macs), percent(after.macs, before.macs)],
    ['parameters', count(before.params), count(after.params), percent(after.params, before.params)],
    ['file', bytes(sizes.before), bytes(sizes.after), percent(sizes.after, sizes.before)],
  ];
  return [
    '',
    widthsTable(report),
    '',
    table(['', 'before', 'after', 'left'], rows),
    '',
    ...latencyLines(report),
    ...tuningLines(report),
    ...fidelityLines(report),
    ...uncompensatedLines(report),
    ...formLines(report),
    verificationLine(report),
    lastLine(report, output),
    ...(folder === undefined ? [] : [`     report in ${folder}`]),
    '',
  ].join('\n');
}

/** What a latency budget came to. */
function latencyLines({ latency }: PruneReport): string[] {
  if (!latency) return [];
  const { on, limit, predicted, measured, tries } = latency;
  return [
    `latency on ${on}: ${measured.before.toPrecision(4)} → ${measured.after.toPrecision(4)} ms, ${percent(measured.ratio)} of the original's (${percent(limit.share)} allowed, ${percent(predicted)} predicted, ${tries} ${tries === 1 ? 'plan' : 'plans'} measured)`,
    '',
  ];
}

/** What training after pruning came to, on the samples that chose what was taken. */
function tuningLines({ tuning }: PruneReport): string[] {
  if (!tuning) return [];
  const { before, after, better, steps, epochs, rate, samples } = tuning;
  const how = `${steps} steps, ${epochs.toFixed(1)} epochs, rate ${rate.toExponential()}`;
  const came = better ? `${figuresText(before)} → ${figuresText(after)}` : `nothing better than ${figuresText(before)}`;
  return [`tuned: ${came} on ${samples.heldBack} samples that chose it (${how})`, ''];
}

/** What the pruned model answers beside the original, on samples that calibration did not see. */
function fidelityLines({ fidelity, tuning }: PruneReport): string[] {
  if (!fidelity) return [];
  const before = tuning?.fidelityBefore;
  return [
    ...(before ? [`held back before it was tuned: ${likeness(before)}`] : []),
    `held back: ${likeness(fidelity)}`,
    '',
  ];
}

/** Groups that compensation did less for than it was asked, by reason. */
function uncompensatedLines({ groups }: PruneReport): string[] {
  const reasons = new Map<string, number>();
  for (const { compensation } of groups)
    if (compensation !== undefined && compensation !== 'done')
      reasons.set(compensation, (reasons.get(compensation) ?? 0) + 1);
  if (reasons.size === 0) return [];
  const lines = [...reasons].map(([reason, groups]) => `  ${groups} × ${reason}`);
  return ['less compensation than asked for:', ...lines, ''];
}

/** Inputs and outputs that programs around the model must give and take in a new form. */
function formLines({ forms = [] }: PruneReport): string[] {
  if (forms.length === 0) return [];
  const rows = forms.map(({ role, name, before, after }) => [
    role,
    name,
    `[${before.join(', ')}] → [${after.join(', ')}]`,
  ]);
  return ['inputs and outputs have a new form:', table(['', 'name', 'shape'], rows), ''];
}

function headsOf(group: GroupReport | undefined): string {
  if (!group) return '-';
  const { lanes, lanesAfter = lanes } = group;
  return lanes === lanesAfter ? String(lanes) : `${lanes} → ${lanesAfter}`;
}

/** Widths per block before and after, and those of groups outside of blocks that changed. */
function widthsTable(report: PruneReport): string {
  const change = (group: GroupReport | undefined) => {
    if (!group) return '-';
    if (group.leftWith) return 'left out';
    return group.before === group.after ? String(group.before) : `${group.before} → ${group.after}`;
  };
  const blocks = [...new Set(report.groups.flatMap((group) => group.block ?? []))].sort((a, b) => a - b);
  const rows = blocks.map((block) => {
    const own = report.groups.filter((group) => group.block === block);
    const find = (kind: string) => own.find((group) => group.kind === kind);
    return [
      `block ${block}`,
      headsOf(find('value') ?? find('query-key')),
      change(find('query-key')),
      change(find('value')),
      own
        .filter((group) => group.kind === 'ffn')
        .map(change)
        .join(', ') || '-',
    ];
  });
  const others = report.groups.filter((group) => group.block === undefined && group.before !== group.after);
  const parts = rows.length > 0 ? [table(['', 'heads', 'query/key', 'value', 'FFN'], rows)] : [];
  if (others.length > 0)
    parts.push(
      ...(rows.length > 0 ? [''] : []),
      table(
        ['outside of blocks', 'width'],
        others.map((group) => [group.id, change(group)]),
      ),
    );
  return parts.join('\n');
}
