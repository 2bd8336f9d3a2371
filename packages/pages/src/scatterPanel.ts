import { extent } from 'd3-array';
import { scaleLog } from 'd3-scale';
import { html, type Markup } from './markup.js';
import { px } from './px.js';

/** A number that two ways tell. */
export interface ScatterPoint {
  x: number;
  y: number;
  /** What it belongs to, told under the pointer. */
  name: string;
}

/** Two ways to tell the same numbers, against each other. */
export interface ScatterPanel {
  /** Unique on the page; letters, digits and dashes. */
  id: string;
  title: string;
  subtitle: string;
  /** Those that are not above zero are left out. */
  points: readonly ScatterPoint[];
  format: (value: number) => string;
}

const SIDE = 260;
const MARGIN = { left: 56, right: 16, top: 12, bottom: 34 };

/** Points over two logarithmic axes of one range, as a figure: on the dashed line both ways say the same. */
export function scatterPanel({ id, title, subtitle, points, format }: ScatterPanel): Markup {
  const shown = points.filter(({ x, y }) => x > 0 && y > 0);
  const [least = 0.1, most = 1] = extent(shown.flatMap(({ x, y }) => [x, y]));
  const range = [10 ** Math.floor(Math.log10(least)), 10 ** Math.ceil(Math.log10(most))];
  const x = scaleLog(range, [MARGIN.left, SIDE + MARGIN.left]);
  const y = scaleLog(range, [SIDE + MARGIN.top, MARGIN.top]);
  const decades = Array.from(
    { length: Math.round(Math.log10(range[1] / range[0])) + 1 },
    (_, at) => range[0] * 10 ** at,
  );
  const hint = (point: ScatterPoint) => `${point.name}: ${format(point.y)} and ${format(point.x)}`;
  return html`<figure class="panel"><figcaption><b>${title}</b> <span>${subtitle}</span></figcaption>
<svg viewBox="0 0 ${SIDE + MARGIN.left + MARGIN.right} ${SIDE + MARGIN.top + MARGIN.bottom}" role="img" aria-labelledby="${id}-title">
<title id="${id}-title">${title} ${subtitle}: ${shown.map(hint).join(', ')}</title>
${decades.map((tick) => html`<line class="axis" x1="${MARGIN.left}" x2="${MARGIN.left + SIDE}" y1="${px(y(tick))}" y2="${px(y(tick))}"/><text class="label" x="${MARGIN.left - 6}" y="${px(y(tick))}">${format(tick)}</text><text class="tick bottom" x="${px(x(tick))}" y="${MARGIN.top + SIDE + 16}">${format(tick)}</text>`)}
<line class="cut" x1="${MARGIN.left}" y1="${MARGIN.top + SIDE}" x2="${MARGIN.left + SIDE}" y2="${MARGIN.top}"/>
${shown.map((point) => html`<circle class="point on" cx="${px(x(point.x))}" cy="${px(y(point.y))}" r="4"><title>${hint(point)}</title></circle>`)}
</svg></figure>
`;
}
