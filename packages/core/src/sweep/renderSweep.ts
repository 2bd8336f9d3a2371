import { extent } from 'd3-array';
import { scaleLinear } from 'd3-scale';
import { line } from 'd3-shape';
import { change, count, percent } from '../report/html/format.js';
import { html, type Markup, trusted } from '../report/html/markup.js';
import { STYLE } from '../report/html/style.js';
import type { SweepPoint } from './sweep.js';

const [WIDTH, HEIGHT] = [420, 260];
const MARGIN = { left: 44, right: 14, top: 12, bottom: 34 };

/** What is drawn against what. */
interface Axis {
  title: string;
  of: (point: SweepPoint) => number | undefined;
}

const COSTS: readonly Axis[] = [
  { title: 'MACs left', of: ({ cost }) => cost.after.macs / cost.before.macs },
  { title: 'latency left, measured', of: ({ latency }) => latency.ratio },
];
const GAINS: readonly Axis[] = [
  { title: 'same answer as the original', of: ({ fidelity }) => fidelity?.agreement },
  { title: 'right answers', of: ({ top1 }) => top1?.after },
];

/**
 * A sweep as one HTML page that needs nothing else: the trade-off curves and a table.
 *
 * @param name What the page is about, for its title.
 */
export function renderSweep(name: string, points: readonly SweepPoint[]): string {
  const sorted = [...points].sort((a, b) => b.cost.after.macs - a.cost.after.macs);
  const gains = GAINS.filter(({ of }) => sorted.some((point) => of(point) !== undefined));
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${name}, swept</title>
<style>${trusted(STYLE)}${trusted(OWN_STYLE)}</style>
</head>
<body>
<main>
<h1>${name}</h1>
<p class="subtitle">${sorted.length} budgets from one calibration. Filled points are on the Pareto front: no other point is both cheaper and better.</p>
<div class="panels wide">
${gains.map((gain, row) => COSTS.map((cost, column) => panel(`curve-${row}-${column}`, cost, gain, sorted)))}
</div>
<h2>Points</h2>
${pointsTable(sorted)}
</main>
</body>
</html>
`.text;
}

const OWN_STYLE = `
.panels.wide { grid-template-columns: repeat(auto-fill, minmax(360px, 1fr)); }
.curve { fill: none; stroke: var(--after); stroke-width: 1.5; }
.point { fill: var(--card); stroke: var(--after); stroke-width: 1.5; } .point.front { fill: var(--after); }
svg .tick { fill: var(--quiet); } svg .bottom { text-anchor: middle; }
`;

function panel(id: string, cost: Axis, gain: Axis, points: readonly SweepPoint[]): Markup {
  const places = points.flatMap((point) => {
    const [x, y] = [cost.of(point), gain.of(point)];
    return x === undefined || y === undefined ? [] : [{ x, y }];
  });
  places.sort((a, b) => a.x - b.x);
  const [least = 0] = extent(places, ({ y }) => y);
  const [first = 0, last = 1] = extent(places, ({ x }) => x);
  const x = scaleLinear([Math.min(first, last - 0.05), last], [MARGIN.left, WIDTH - MARGIN.right]).nice(5);
  const y = scaleLinear([Math.min(least, 0.95), 1], [HEIGHT - MARGIN.bottom, MARGIN.top]).nice(5);
  const front = places.filter((place) => !places.some((other) => dominates(other, place)));
  const path = line<{ x: number; y: number }>(
    (place) => x(place.x),
    (place) => y(place.y),
  )(front);
  return html`<figure class="panel"><figcaption><b>${gain.title}</b> <span>by ${cost.title}</span></figcaption>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="${id}-title">
<title id="${id}-title">${gain.title} by ${cost.title}: ${places.map((place) => `${percent(place.y, 1)} at ${percent(place.x, 1)}`).join(', ')}</title>
${y.ticks(5).map((tick) => html`<line class="axis" x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${px(y(tick))}" y2="${px(y(tick))}"/><text class="label" x="${MARGIN.left - 6}" y="${px(y(tick))}">${whole(tick)}</text>`)}
${x.ticks(6).map((tick) => html`<text class="tick bottom" x="${px(x(tick))}" y="${HEIGHT - MARGIN.bottom + 14}">${whole(tick)}</text>`)}
<path class="curve" d="${path ?? ''}"/>
${places.map((place) => html`<circle class="point${front.includes(place) && ' front'}" cx="${px(x(place.x))}" cy="${px(y(place.y))}" r="4"><title>${percent(place.y, 1)} at ${percent(place.x, 1)} ${cost.title}</title></circle>`)}
</svg></figure>
`;
}

function dominates(a: { x: number; y: number }, b: { x: number; y: number }): boolean {
  return a.x <= b.x && a.y >= b.y && (a.x < b.x || a.y > b.y);
}

function pointsTable(points: readonly SweepPoint[]): Markup {
  const share = (value: number | undefined) => (value === undefined ? '' : percent(value, 1));
  return html`<div class="scroll"><table>
<thead><tr><th class="number">MACs</th><th class="number">left</th><th class="number">parameters</th><th class="number">latency</th><th class="number">left</th><th class="number">same answer</th><th class="number">divergence</th><th class="number">right answers</th></tr></thead>
<tbody>
${points.map(
  ({ cost, latency, fidelity, top1 }) =>
    html`<tr><td class="number">${count(cost.after.macs)}</td><td class="number">${percent(cost.after.macs, cost.before.macs)}</td><td class="number">${count(cost.after.params)}</td><td class="number">${change(latency.before, latency.after, (ms) => `${ms.toFixed(2)} ms`)}</td><td class="number">${percent(latency.ratio, 1)}</td><td class="number">${share(fidelity?.agreement)}</td><td class="number">${fidelity?.divergence.toFixed(3) ?? ''}</td><td class="number">${top1 ? `${percent(top1.before, 1)} → ${percent(top1.after, 1)}` : ''}</td></tr>
`,
)}</tbody></table></div>`;
}

function whole(share: number): string {
  return `${Math.round(100 * share)} %`;
}

/** Picture coordinates to a hundredth. */
function px(value: number): number {
  return Number(value.toFixed(2));
}
