import { max } from 'd3-array';
import { scaleLinear } from 'd3-scale';
import { counted, shorten } from './format.js';
import { html, type Markup } from './markup.js';
import { px } from './px.js';

/** One line of a panel: a bar of `before`, of which `after` stays. */
export interface BarRow {
  label: string;
  /** Everything about the row in one sentence, shown under the pointer. */
  hint: string;
  /** Numbers to the right of the bar. */
  text: string;
  /** Absent where there is nothing to draw, only `text`. */
  bar?: { before: number; after: number };
}

/** Bars of one quantity, one row each, on one linear scale from zero. */
export interface BarPanel {
  /** Unique on the page; letters, digits and dashes. */
  id: string;
  title: string;
  subtitle?: string;
  rows: readonly BarRow[];
}

/** Width of a panel in its own units; the page shows it at 300 to 400 pixels, so that text keeps about its size. */
const WIDTH = 340;
const ROWS_SHOWN = 64;
const LABEL_LENGTH = 18;
const CHARACTER = 6.9;

/** A panel as a figure; rows beyond the 64th are folded away. */
export function barPanel(panel: BarPanel): Markup {
  const { id, title, subtitle, rows } = panel;
  const rest = rows.slice(ROWS_SHOWN);
  const layout = layoutOf(rows);
  return html`<figure class="panel">
<figcaption><b>${title}</b>${subtitle && html` <span>${subtitle}</span>`}</figcaption>
${barPicture({ ...panel, rows: rows.slice(0, ROWS_SHOWN) }, layout)}
${
  rest.length > 0 &&
  html`<details><summary>${counted(rest.length, 'more row')}</summary>
${barPicture({ id: `${id}-more`, title: `${title}, continued`, rows: rest }, layout)}</details>`
}</figure>
`;
}

interface Layout {
  left: number;
  pitch: number;
  length: (value: number) => number;
}

function layoutOf(rows: readonly BarRow[]): Layout {
  const widest = (of: (row: BarRow) => string, limit: number) =>
    Math.min(limit, max(rows, (row) => [...of(row)].length) ?? 0) * CHARACTER;
  const left = widest(({ label }) => label, LABEL_LENGTH) + 8;
  const right = WIDTH - widest(({ text }) => text, 24) - 8;
  const largest = max(rows, ({ bar }) => bar && Math.max(bar.before, bar.after)) || 1;
  const length = scaleLinear([0, largest], [0, right - left]);
  return { left, pitch: rows.length > 24 ? 16 : 20, length };
}

function barPicture({ id, title, rows }: BarPanel, layout: Layout): Markup {
  const height = rows.length * layout.pitch;
  return html`<svg class="bars" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="${id}-title ${id}-desc">
<title id="${id}-title">${title}, before and after</title>
<desc id="${id}-desc">${rows.map(({ hint }) => `${hint}. `)}</desc>
${rows.map((row, at) => barRow(row, at, layout))}</svg>`;
}

function barRow({ label, hint, text, bar }: BarRow, at: number, { left, pitch, length }: Layout): Markup {
  const thickness = pitch - 8;
  const middle = pitch / 2;
  const rect = (part: string, value: number) =>
    html`<rect class="${part}" x="${px(left)}" y="4" width="${px(length(value))}" height="${thickness}"/>`;
  return html`<g class="row" transform="translate(0 ${at * pitch})"><title>${hint}</title>
<text class="label" x="${px(left - 8)}" y="${middle}">${shorten(label, LABEL_LENGTH)}</text>
${bar && [rect('before', bar.before), rect('after', bar.after)]}
<text class="${bar ? 'figure' : 'figure absent'}" x="${WIDTH}" y="${middle}">${text}</text></g>
`;
}
