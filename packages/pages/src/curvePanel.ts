import { extent } from 'd3-array';
import { scaleLinear } from 'd3-scale';
import { line } from 'd3-shape';
import { html, type Markup } from './markup.js';
import { px } from './px.js';

/** One point of a curve. */
export interface CurvePoint {
  x: number;
  y: number;
  /** Filled, and on the line; others are hollow and beside it. */
  on: boolean;
}

/** A curve over a share of the cost. */
export interface CurvePanel {
  /** Unique on the page; letters, digits and dashes. */
  id: string;
  title: string;
  subtitle: string;
  points: readonly CurvePoint[];
  /** Range of the vertical axis that is shown in any case. */
  range: readonly [number, number];
  formatX: (x: number) => string;
  formatY: (y: number) => string;
}

const [WIDTH, HEIGHT] = [420, 260];
const MARGIN = { left: 48, right: 24, top: 12, bottom: 34 };

/** Styles that a page with curves needs beside `STYLE`. */
export const CURVE_STYLE: string = `
.panels.wide { grid-template-columns: repeat(auto-fill, minmax(360px, 1fr)); }
.curve { fill: none; stroke: var(--after); stroke-width: 1.5; }
.point { fill: var(--card); stroke: var(--after); stroke-width: 1.5; } .point.on { fill: var(--after); }
svg .tick { fill: var(--quiet); } svg .bottom { text-anchor: middle; }
`;

/** A curve as a figure; every point tells its numbers under the pointer. */
export function curvePanel({ id, title, subtitle, points, range, formatX, formatY }: CurvePanel): Markup {
  const sorted = [...points].sort((a, b) => a.x - b.x);
  const [first = 0, last = 1] = extent(sorted, (point) => point.x);
  const [least = 0, most = 1] = extent([...sorted.map(({ y }) => y), ...range]);
  const x = scaleLinear([Math.min(first, last - 0.05), last], [MARGIN.left, WIDTH - MARGIN.right]).nice(5);
  const y = scaleLinear([least, most], [HEIGHT - MARGIN.bottom, MARGIN.top]).nice(5);
  const path = line<CurvePoint>(
    (point) => px(x(point.x)),
    (point) => px(y(point.y)),
  )(sorted.filter(({ on }) => on));
  const hint = (point: CurvePoint) => `${formatY(point.y)} at ${formatX(point.x)}`;
  return html`<figure class="panel"><figcaption><b>${title}</b> <span>${subtitle}</span></figcaption>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="${id}-title">
<title id="${id}-title">${title} ${subtitle}: ${sorted.map(hint).join(', ')}</title>
${y.ticks(5).map((tick) => {
  const at = px(y(tick));
  return html`<line class="axis" x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${at}" y2="${at}"/><text class="label" x="${MARGIN.left - 6}" y="${at}">${formatY(tick)}</text>`;
})}
${x.ticks(6).map((tick) => html`<text class="tick bottom" x="${px(x(tick))}" y="${HEIGHT - MARGIN.bottom + 14}">${formatX(tick)}</text>`)}
<path class="curve" d="${path ?? ''}"/>
${sorted.map((point) => html`<circle class="${point.on ? 'point on' : 'point'}" cx="${px(x(point.x))}" cy="${px(y(point.y))}" r="4"><title>${hint(point)}</title></circle>`)}
</svg></figure>
`;
}
