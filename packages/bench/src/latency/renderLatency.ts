import type { Analysis } from '@snp/core';
import { laneWidth } from '@snp/core/planning';
import { CURVE_STYLE, curvePanel, html, milliseconds, STYLE, trusted } from '@snp/pages';
import type { FittedLatency, LatencyTable } from './latencyTable.js';

/** One kind of group, narrowed in the whole model at once. */
export interface LatencyCurve {
  kind: string;
  /** Shares of the units that stay, and of the latency that is then left. */
  points: { share: number; latency: number }[];
}

/** What narrowing each kind of group does to latency while all else is whole. */
export function latencyCurves(analysis: Analysis, model: FittedLatency, steps = 16): LatencyCurve[] {
  const kinds = [...new Set(analysis.groups.map(({ kind }) => kind))];
  return kinds.map((kind) => ({
    kind,
    points: Array.from({ length: steps }, (_, at) => {
      const share = (at + 1) / steps;
      const own = analysis.groups.filter((group) => group.kind === kind);
      const widths = own.map((group) => [group.id, Math.max(1, Math.round(share * laneWidth(group)))]);
      return { share, latency: model.at(Object.fromEntries(widths)) };
    }),
  }));
}

/** How latency depends on widths, as one HTML page that needs nothing else. */
export function renderLatency(name: string, table: LatencyTable, analysis: Analysis, model: FittedLatency): string {
  const percent = (value: number) => `${(100 * value).toFixed(0)} %`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Latency of ${name} by widths</title>
<style>${trusted(STYLE)}${trusted(CURVE_STYLE)}</style>
</head>
<body>
<main>
<h1>Latency of ${name} by widths</h1>
<p class="subtitle">${table.target} on ${table.device}: the original takes ${milliseconds(table.fullMs)}. ${table.samples.length} models were measured; at those that a fit did not know, it is off by ${(100 * (model.errors[model.errors.length >> 1] ?? 0)).toFixed(1)} % in the median.</p>
<div class="panels wide">
${latencyCurves(analysis, model).map(({ kind, points }) =>
  curvePanel({
    id: `latency-${kind}`,
    title: kind,
    subtitle: 'latency left, by share of units that stay in all blocks',
    points: points.map(({ share, latency }) => ({ x: share, y: latency, on: true })),
    range: [0.5, 1],
    formatX: percent,
    formatY: percent,
  }),
)}
</div>
</main>
</body>
</html>
`.text;
}
