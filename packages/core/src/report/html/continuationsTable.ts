import { counted, html, type Markup } from '@snp/pages';
import type { Passage } from '../../generate/compareContinuations.js';
import type { PruneReport } from '../report.js';

/** What both models write behind the begin of texts, side by side; nothing where they write none. */
export function continuationsTable({ continuations = [] }: PruneReport): Markup | undefined {
  if (continuations.length === 0) return undefined;
  return html`<h2>What the models write</h2>
<p class="note">The begin of texts that calibration did not see, and what each model writes behind it, always the likeliest token. Bold is what the pruned model writes from its first other token on.
One other token changes all that follows: what matters is whether it still reads like the original.</p>
<div class="scroll"><table>
<thead><tr><th>begin</th><th>original</th><th>pruned</th><th class="number">the same at first</th></tr></thead>
<tbody>
${continuations.map(({ prompt, before, after }) => {
  const same = alike(before.ids, after.ids);
  return html`<tr><td>${written(prompt)}</td><td>${written(before)}</td><td>${marked(written(before), written(after))}</td><td class="number">${same} of ${counted(after.ids.length, 'token')}</td></tr>
`;
})}</tbody></table></div>`;
}

const written = ({ ids, text }: Passage) => text ?? ids.join(' ');

function marked(before: string, after: string): Markup {
  const same = alike([...before], [...after]);
  const rest = [...after].slice(same).join('');
  return html`${[...after].slice(0, same).join('')}${rest !== '' && html`<b>${rest}</b>`}`;
}

/** How many items are the same from the begin on. */
function alike<T>(before: readonly T[], after: readonly T[]): number {
  const at = after.findIndex((item, each) => item !== before[each]);
  return at < 0 ? after.length : at;
}
