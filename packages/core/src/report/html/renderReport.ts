import {
  bytes,
  CURVE_STYLE,
  change,
  count,
  counted,
  curvePanel,
  duration,
  html,
  type Markup,
  percent,
  STYLE,
  saving,
  scatterPanel,
  score,
  trusted,
} from '@snp/pages';
import type { EffectCheck } from '../../allocation/allocation.js';
import type { Fidelity, Interval } from '../../evaluate/fidelity.js';
import type { CostReport, PruneReport } from '../report.js';
import { continuationsTable } from './continuationsTable.js';
import { costChart } from './costChart.js';
import { scoresChart } from './scoresChart.js';
import { frozenTable, groupsTable } from './tables.js';
import { tuningCurves } from './tuningCurves.js';
import { widthsChart } from './widthsChart.js';

/**
 * The report as one HTML page that needs nothing else: widths per block before and after, cost, score distributions, every
 * group and what was left alone. The pictures are SVG; names out of the model are escaped; there is no script.
 *
 * @param report What `prune` reports, also when read back from `report.json`.
 * @returns A whole document, to be written as UTF-8.
 * @example
 * const { report } = await prune(model, { preset: 'snp-deit-tiny', criterion: snp(), calibration, runtime });
 * await writeFile('report.html', renderReport(report));
 */
export function renderReport(report: PruneReport): string {
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${report.model}, pruned</title>
<style>${trusted(STYLE)}${trusted(CURVE_STYLE)}</style>
</head>
<body>
<main>
<h1>${report.model}</h1>
<p class="subtitle">${summary(report)}</p>
${totals(report)}
${facts(report)}
${warnings(report)}
<h2>Widths</h2>
<p class="note">What each group keeps. Where attention has heads, every head of a block keeps equally many neurons.</p>
${key(['is-before', 'before'], ['is-after', 'after'])}
${widthsChart(report)}
${planning(report)}
${tuningCurves(report)}
${continuationsTable(report)}
<h2>Cost per block</h2>
${costChart(report)}
<h2>Scores</h2>
<p class="note">How many neurons of each group have which score, from the criterion ${report.criterion}: the lowest leave.
A dashed line marks the cut where all heads share one.</p>
${key(['is-removed', 'removed'], ['is-after', 'kept'])}
${scoresChart(report)}
<h2>Groups</h2>
<p class="note">All positions that were cut are in report.json, the plan that makes this model again in plan.json.</p>
${groupsTable(report)}
<h2 id="frozen">Left alone</h2>
<p class="note">What is not proven safe to change keeps its width.</p>
${frozenTable(report)}
</main>
</body>
</html>
`;
  return page.text;
}

function summary({ cost: { before, after }, budget }: PruneReport): string {
  return `Pruned to ${count(after.macs)}MACs and ${count(after.params)} parameters (${saving(before.macs, after.macs)} and ${saving(before.params, after.params)}); chosen by ${budget}.`;
}

const TOTALS: readonly (readonly [keyof CostReport, string, (value: number) => string])[] = [
  ['macs', 'MACs at batch 1', count],
  ['params', 'Parameters', count],
  ['bytes', 'Weights', bytes],
];

function totals({ cost: { before, after } }: PruneReport): Markup {
  return html`<div class="totals">
${TOTALS.map(
  ([quantity, title, format]) =>
    html`<div class="total">${title}<b>${change(before[quantity], after[quantity], format)}</b><span class="saving">${saving(before[quantity], after[quantity])}</span></div>
`,
)}</div>`;
}

function facts({ criterion, compensation, calibration, seconds, fidelity, tuning }: PruneReport): Markup {
  const total = Object.values(seconds).reduce((sum, part) => sum + part, 0);
  const steps = Object.entries(seconds).map(([step, part]) => `${step} ${duration(part)}`);
  const skipped = calibration.skipped.length;
  const samples =
    calibration.samples === 0
      ? 'none: nothing had to be measured'
      : `${counted(calibration.samples, 'sample')}${skipped > 0 ? `, ${skipped} skipped` : ''}`;
  return html`<dl>
<dt>Criterion</dt><dd>${criterion}</dd>
<dt>Compensation</dt><dd>${compensation}</dd>
<dt>Calibration</dt><dd>${samples}</dd>
${tuning?.fidelityBefore && html`<dt>Held back, before tuning</dt><dd>${answers(tuning.fidelityBefore)}</dd>`}
${fidelity && html`<dt>Held back</dt><dd>${answers(fidelity)}</dd>`}
<dt>Time</dt><dd>${duration(total)} (${steps.join(', ')})</dd>
</dl>`;
}

/** How the budget was allocated and what other budgets would do. */
function planning({ planning: found, groups }: PruneReport): Markup | undefined {
  if (!found) return undefined;
  const all = Object.values(found.divergence).reduce((sum, own) => sum + own, 0);
  const rows = groups.flatMap(({ id, before, after }) =>
    id in found.divergence ? [{ id, before, after, divergence: found.divergence[id] }] : [],
  );
  const most = [...rows].sort((a, b) => b.divergence - a.divergence).slice(0, 12);
  return html`<h2>How the budget was allocated</h2>
<p class="note">What each width does to the answers was ${howKnown(found)}; the budget goes where it is expected to change them least. Groups together do more
than the sum says.</p>
<div class="panels wide">
${curvePanel({
  id: 'trade-off',
  title: 'Expected divergence',
  subtitle: 'by MACs left, for other budgets',
  points: found.tradeOff.map(({ macs, divergence }) => ({ x: macs, y: divergence, on: true })),
  range: [0, 0],
  formatX: (x) => `${Math.round(100 * x)} %`,
  formatY: (y) => score(y),
})}
${found.checks && effectChecks(found.checks)}
<figure class="panel"><figcaption><b>Largest expected divergence</b></figcaption><table>
<thead><tr><th>group</th><th class="number">width</th><th class="number">share of all</th></tr></thead>
<tbody>${most.map(({ id, before, after, divergence }) => html`<tr><td>${id}</td><td class="number">${change(before, after)}</td><td class="number">${percent(divergence, all)}</td></tr>`)}</tbody></table></figure>
</div>`;
}

/** How good the estimates are where they were checked. */
function effectChecks(checks: readonly EffectCheck[]): Markup {
  return scatterPanel({
    id: 'effect-checks',
    title: 'Estimated effects of single groups',
    subtitle: 'against measured ones, in nats',
    points: checks.map(({ group, width, estimated, measured }) => ({
      x: measured,
      y: estimated,
      name: `${group} at ${width}`,
    })),
    format: score,
  });
}

function howKnown({ divergence, estimated }: NonNullable<PruneReport['planning']>): string {
  const rest = Object.keys(divergence).length - estimated.length;
  if (estimated.length === 0) return 'measured group by group';
  return rest === 0
    ? 'estimated group by group, by gradients'
    : `estimated by gradients for ${counted(estimated.length, 'group')} and measured for ${rest}`;
}

/** What the pruned model answers beside the original on samples that calibration did not see. */
function answers(fidelity: Fidelity): string {
  const { samples, answers: all, cosine } = fidelity;
  const of = `${counted(samples, 'sample')}${all > samples ? ` with ${all} answers` : ''}`;
  const share = (value: number) => `${(100 * value).toFixed(1)} %`;
  const digits = (count: number) => (value: number) => value.toFixed(count);
  const from = (range: Interval | undefined, show: (value: number) => string) =>
    range ? ` (95 %: ${show(range.low)} to ${show(range.high)})` : '';
  if (fidelity.kind === 'scores') {
    const { agreement, divergence, interval } = fidelity;
    return `${of}: same answer ${share(agreement)}${from(interval?.agreement, share)}, divergence ${divergence.toFixed(3)}${from(interval?.divergence, digits(3))}, cosine ${cosine.toFixed(4)}`;
  }
  const { lowCosine, divergence, rankCorrelation, interval } = fidelity;
  const ranks = rankCorrelation === undefined ? '' : `, rank correlation of similarities ${rankCorrelation.toFixed(4)}`;
  return `${of}: cosine of embeddings ${cosine.toFixed(4)}${from(interval?.cosine, digits(4))}, 5 % below ${lowCosine.toFixed(4)}${ranks}, squared error ${share(divergence)} of the variance${from(interval?.divergence, share)}`;
}

function warnings({ warnings, calibration }: PruneReport): Markup {
  const skipped = calibration.skipped.map(({ name, reason }) => `Skipped ${name}: ${reason}`);
  const all = [...warnings, ...skipped];
  if (all.length === 0) return html``;
  return html`<h2>Warnings</h2>
<ul class="warnings">${all.map((warning) => html`<li>${warning}</li>`)}</ul>`;
}

function key(...entries: readonly (readonly [string, string])[]): Markup {
  return html`<p class="key" aria-hidden="true">${entries.map(([name, label]) => html`<span class="${name}">${label}</span>`)}</p>`;
}
