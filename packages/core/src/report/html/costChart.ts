import { barPanel, bytes, change, count, html, type Markup, saving } from '@snp/pages';
import type { CostReport, PruneReport } from '../report.js';

const QUANTITIES: readonly (readonly [keyof CostReport, string, (value: number) => string])[] = [
  ['macs', 'MACs', count],
  ['params', 'Parameters', count],
  ['bytes', 'Weights', bytes],
];

/** What each block costs before and after, and everything outside of blocks. */
export function costChart({ blocks }: PruneReport): Markup {
  if (!blocks.some(({ block }) => block !== undefined))
    return html`<p class="note">No Transformer blocks were found, so the cost is not split; the totals are above.</p>`;
  return html`<div class="panels">
${QUANTITIES.map(([quantity, title, format]) =>
  barPanel({
    id: `cost-${quantity}`,
    title,
    subtitle: quantity === 'macs' ? 'per run at batch 1' : undefined,
    rows: blocks.map(({ block, before, after }) => {
      const [from, to] = [before[quantity], after[quantity]];
      return {
        label: block === undefined ? 'other' : String(block),
        hint: `${block === undefined ? 'outside of blocks' : `block ${block}`}: ${change(from, to, format)} (${saving(from, to)})`,
        text: change(from, to, format),
        bar: { before: from, after: to },
      };
    }),
  }),
)}</div>
`;
}
