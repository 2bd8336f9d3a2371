import { type BarRow, barPanel, change, counted, html, type Markup, whole } from '@snp/pages';
import type { GroupReport, PruneReport } from '../report.js';
import { groupLabel, groupsByKind, kindTitle } from './kinds.js';

const BLOCK_PARTS = ['query-key', 'value', 'ffn'];

/** Widths of every group before and after: a panel per kind, a row per block, so that the model runs from top to bottom. */
export function widthsChart(report: PruneReport): Markup {
  const blocks = blockNumbers(report);
  const kinds = groupsByKind(report.groups);
  const missing = blocks.length > 0 ? BLOCK_PARTS.filter((kind) => !kinds.has(kind)) : [];
  return html`<div class="panels">
${[...kinds].map(([kind, groups]) => widthsPanel(kind, groups, blocks))}</div>
${
  missing.length > 0 &&
  html`<p class="note">No group that could be pruned was found for: ${missing.map(kindTitle).join(', ')}.
See <a href="#frozen">what was left alone</a>.</p>`
}`;
}

function widthsPanel(kind: string, groups: readonly GroupReport[], blocks: readonly number[]): Markup {
  const lanes = new Set(groups.map((group) => group.lanes));
  const oneCount = lanes.size === 1 ? groups[0].lanes : undefined;
  const several = [...lanes].some((count) => count > 1);
  return barPanel({
    id: `widths-${kind.replace(/[^a-z0-9-]/gi, '-')}`,
    title: several ? `${kindTitle(kind)} per head` : kindTitle(kind),
    subtitle: several ? (oneCount ? counted(oneCount, 'head') : 'heads × width') : undefined,
    rows: rowsOf(groups, blocks, several && oneCount === undefined),
  });
}

/** A row per group; blocks without one stay visible, unless the kind has no place in blocks at all. */
function rowsOf(groups: readonly GroupReport[], blocks: readonly number[], withHeads: boolean): BarRow[] {
  const inBlocks = groups.some((group) => group.block !== undefined);
  const row = (group: GroupReport) => groupRow(group, withHeads);
  if (!inBlocks) return groups.map(row);
  const perBlock = blocks.map((block) => groups.filter((group) => group.block === block));
  return [
    ...perBlock.flatMap((own, at) => (own.length > 0 ? own.map(row) : [absentRow(blocks[at])])),
    ...groups.filter((group) => group.block === undefined).map(row),
  ];
}

function groupRow(group: GroupReport, withHeads: boolean): BarRow {
  const { id, before, after, lanes } = group;
  const heads = lanes > 1 ? ` in each of ${lanes} heads` : '';
  return {
    label: groupLabel(group),
    hint: `${id}: ${whole(after)} of ${whole(before)} stay${heads}`,
    text: `${withHeads ? `${lanes} × ` : ''}${change(before, after)}`,
    bar: { before, after },
  };
}

function absentRow(block: number): BarRow {
  return { label: String(block), hint: `block ${block}: no group of this kind`, text: '–' };
}

/** Numbers of all blocks, ascending. */
function blockNumbers({ blocks, groups }: PruneReport): number[] {
  const numbers = [...blocks, ...groups].flatMap(({ block }) => block ?? []);
  return [...new Set(numbers)].sort((a, b) => a - b);
}
