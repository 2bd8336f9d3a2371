import { change, counted, html, type Markup, whole } from '@snp/pages';
import type { RemovedSlice } from '../../plan/removedSlices.js';
import type { PruneReport } from '../report.js';
import { groupsByKind, kindTitle } from './kinds.js';

/** Every group with its widths and the slices that left with it: the whole pruning as a list. */
export function groupsTable({ groups }: PruneReport): Markup {
  const kinds = [...groupsByKind(groups)];
  const compensated = groups.some(({ compensation }) => compensation !== undefined);
  return html`<details><summary>All ${counted(groups.length, 'group')} and what was cut</summary><div class="scroll"><table>
<thead><tr><th>group</th><th>kind</th><th class="number">heads</th><th class="number">width</th><th class="number">units removed</th>${compensated && html`<th>compensation</th>`}<th>cut from</th></tr></thead>
<tbody>
${kinds.map(([kind, members]) =>
  members.map(
    ({ id, lanes, before, after, removed, compensation, members: slices }) =>
      html`<tr><td>${id}</td><td>${kindTitle(kind)}</td><td class="number">${whole(lanes)}</td><td class="number">${change(before, after)}</td><td class="number">${whole(removed.length)}</td>${compensated && html`<td>${compensation ?? ''}</td>`}<td>${slicesCell(slices)}</td></tr>
`,
  ),
)}</tbody></table></div></details>`;
}

/** Slices shown per group; a residual stream runs through a hundred weights. */
const SLICES_SHOWN = 6;

function slicesCell(slices: readonly RemovedSlice[]): Markup {
  const rest = slices.length - SLICES_SHOWN;
  return html`${slices
    .slice(0, SLICES_SHOWN)
    .map(
      ({ initializer, axis }, at) => `${at > 0 ? ', ' : ''}${initializer} (axis ${axis})`,
    )}${rest > 0 && ` and ${rest} more`}`;
}

/** What could have been narrower but was left alone, and why; the same reason at the same node once. */
export function frozenTable({ frozen }: PruneReport): Markup {
  if (frozen.length === 0) return html`<p class="note">Nothing: every width of the model could be changed.</p>`;
  return html`<div class="scroll"><table>
<thead><tr><th class="number">units</th><th>weights</th><th>reason</th><th>node</th></tr></thead>
<tbody>
${frozen.map(
  ({ units, initializers, reason, node, operator }) =>
    html`<tr><td class="number">${whole(units)}</td><td>${shortList(initializers)}</td><td>${reason}</td><td>${[operator, node].filter(Boolean).join(' ')}</td></tr>
`,
)}</tbody></table></div>`;
}

function shortList(names: readonly string[]): string {
  return names.length <= 3 ? names.join(', ') : `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`;
}
