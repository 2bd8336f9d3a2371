import { CURVE_STYLE, change, count, curvePanel, html, type Markup, percent, STYLE, trusted } from '@snp/pages';
import type { SweepPoint } from './sweep.js';

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
  { title: 'same answer as the original', of: ({ fidelity }) => agreementOf(fidelity) },
  { title: "cosine with the original's embeddings", of: ({ fidelity }) => cosineOf(fidelity) },
  { title: 'right answers', of: ({ top1 }) => top1?.after },
];

const agreementOf = (fidelity: SweepPoint['fidelity']) =>
  fidelity?.kind === 'scores' ? fidelity.agreement : undefined;
const cosineOf = (fidelity: SweepPoint['fidelity']) => (fidelity?.kind === 'embeddings' ? fidelity.cosine : undefined);

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
<style>${trusted(STYLE)}${trusted(CURVE_STYLE)}</style>
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

function panel(id: string, cost: Axis, gain: Axis, points: readonly SweepPoint[]): Markup {
  const places = points.flatMap((point) => {
    const [x, y] = [cost.of(point), gain.of(point)];
    return x === undefined || y === undefined ? [] : [{ x, y }];
  });
  return curvePanel({
    id,
    title: gain.title,
    subtitle: `by ${cost.title}`,
    points: places.map((place) => ({ ...place, on: !places.some((other) => dominates(other, place)) })),
    range: [0.95, 1],
    formatX: (x) => `${Math.round(100 * x)} %`,
    formatY: (y) => `${Math.round(1000 * y) / 10} %`,
  });
}

function dominates(a: { x: number; y: number }, b: { x: number; y: number }): boolean {
  return a.x <= b.x && a.y >= b.y && (a.x < b.x || a.y > b.y);
}

function pointsTable(points: readonly SweepPoint[]): Markup {
  const share = (value: number | undefined) => (value === undefined ? '' : percent(value, 1));
  return html`<div class="scroll"><table>
<thead><tr><th class="number">MACs</th><th class="number">left</th><th class="number">parameters</th><th class="number">latency</th><th class="number">left</th><th class="number">${points.some(({ fidelity }) => cosineOf(fidelity) !== undefined) ? 'cosine' : 'same answer'}</th><th class="number">divergence</th><th class="number">right answers</th></tr></thead>
<tbody>
${points.map(
  ({ cost, latency, fidelity, top1 }) =>
    html`<tr><td class="number">${count(cost.after.macs)}</td><td class="number">${percent(cost.after.macs, cost.before.macs)}</td><td class="number">${count(cost.after.params)}</td><td class="number">${change(latency.before, latency.after, (ms) => `${ms.toFixed(2)} ms`)}</td><td class="number">${percent(latency.ratio, 1)}</td><td class="number">${share(agreementOf(fidelity) ?? cosineOf(fidelity))}</td><td class="number">${fidelity?.divergence.toFixed(3) ?? ''}</td><td class="number">${top1 ? `${percent(top1.before, 1)} → ${percent(top1.after, 1)}` : ''}</td></tr>
`,
)}</tbody></table></div>`;
}
