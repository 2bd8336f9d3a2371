import { type BarRow, barPanel, bytes, html, type Markup, milliseconds, STYLE, trusted } from '@snp/pages';
import { runsPanel } from './runsPanel.js';
import type { BenchResult, MeasuredModel } from './schema.js';

/**
 * A result as one HTML page that needs nothing else: latencies, speed-ups with their intervals, every single run, and what it was measured on.
 */
export function renderBench(result: BenchResult): string {
  const { models, target, device, protocol, inputs, date, warnings, selfCheck } = result;
  const measured = models.filter((model): model is MeasuredModel => model.state === 'measured');
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Latency on ${target.description}</title>
<style>${trusted(STYLE)}${trusted(RUNS_STYLE)}</style>
</head>
<body>
<main>
<h1>Latency on ${target.description}</h1>
<p class="subtitle">${target.runtime} ${target.version}${target.detail && `, ${target.detail}`}; ${device.cores} × ${device.cpu}, ${date.slice(0, 10)}</p>
${warnings.length > 0 && html`<ul class="warnings">${warnings.map((warning) => html`<li>${warning}</li>`)}</ul>`}
<div class="panels">
${barPanel({ id: 'latency', title: `Latency, ${protocol.statistic}`, subtitle: 'milliseconds; light: 99th percentile', rows: measured.map(latencyRow(protocol.statistic)) })}
${measured.some(({ peakBytes }) => peakBytes !== undefined) && barPanel({ id: 'memory', title: 'Memory of the process, at most', rows: measured.map(memoryRow) })}
</div>
${table(result)}
<h2>Every run</h2>
<p class="note">Runs in the order they were measured, a line for every new process or turn. Models took turns; none was left out.</p>
<div class="panels">${runsPanels(measured)}</div>
<h2>How it was measured</h2>
<dl>
<dt>protocol</dt><dd>${protocol.name}: ${protocol.launches} ${protocol.launches === 1 ? 'launch' : 'launches'}, ${protocol.warmUp.runs} runs to warm up, at least ${protocol.runs} runs and ${protocol.leastSeconds} s that count, ${protocol.statistic}</dd>
<dt>inputs</dt><dd>random, batch ${inputs.batch}${inputs.dims && `, ${JSON.stringify(inputs.dims)}`}</dd>
<dt>device</dt><dd>${device.board && `${device.board}, `}${device.cores} × ${device.cpu}, ${device.architecture}, ${bytes(device.memoryBytes)} of memory${device.governor && `, governor ${device.governor}`}${device.accelerators.map((name) => `, ${name}`)}</dd>
<dt>system</dt><dd>${device.os}, Node ${device.node}</dd>
${selfCheck && html`<dt>noise</dt><dd>the first model against itself: ${interval(selfCheck)}</dd>`}
</dl>
</main>
</body>
</html>
`.text;
}

const RUNS_STYLE = '.runs { fill: var(--after); opacity: .55; } .launch { stroke: var(--line); }';

function latencyRow(statistic: 'median' | 'mean' | 'p90') {
  return ({ name, summary }: MeasuredModel): BarRow => ({
    label: name,
    hint: `${name}: ${statistic} ${milliseconds(summary[statistic])}, 99th percentile ${milliseconds(summary.p99)}`,
    text: milliseconds(summary[statistic]),
    bar: { before: summary.p99, after: summary[statistic] },
  });
}

function memoryRow({ name, peakBytes }: MeasuredModel): BarRow {
  if (peakBytes === undefined) return { label: name, hint: `${name}: not known`, text: 'not known' };
  const text = bytes(peakBytes);
  return { label: name, hint: `${name}: ${text}`, text, bar: { before: peakBytes, after: peakBytes } };
}

function table({ models, protocol }: BenchResult): Markup {
  const number = (text: string | undefined) => html`<td class="number">${text}</td>`;
  return html`<div class="scroll"><table>
<tr><th>model</th>${['median', 'mean', '90 %', '99 %', 'deviation', 'runs', 'outliers', `times as fast (${protocol.statistic})`, 'loading', 'energy per run'].map((title) => html`<th class="number">${title}</th>`)}</tr>
${models.map((model) => {
  if (model.state === 'failed')
    return html`<tr><td>${model.name}</td><td colspan="10">failed: ${model.error}</td></tr>`;
  const { summary: s, speedUp, loadMs, joulesPerRun } = model;
  return html`<tr><td>${model.name}</td>${[milliseconds(s.median), milliseconds(s.mean), milliseconds(s.p90), milliseconds(s.p99), milliseconds(s.deviation), String(s.runs), String(s.outliers), speedUp && interval(speedUp), loadMs === undefined ? undefined : milliseconds(loadMs), joulesPerRun === undefined ? undefined : `${joulesPerRun.toPrecision(3)} J`].map(number)}</tr>
`;
})}</table></div>
`;
}

function runsPanels(models: readonly MeasuredModel[]): Markup[] {
  const highest = Math.max(...models.map(({ summary }) => summary.max));
  return models.map(({ name, blocks }, at) => runsPanel({ id: `runs-${at}`, title: name, blocks, highest }));
}

function interval({ ratio, low, high }: { ratio: number; low: number; high: number }): string {
  return `${ratio.toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)})`;
}
