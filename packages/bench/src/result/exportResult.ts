import { milliseconds } from '@snp/pages';
import type { BenchResult, ModelResult } from './schema.js';

const COLUMNS: readonly (readonly [string, (model: ModelResult) => string | number | undefined])[] = [
  ['model', ({ name }) => name],
  ['state', ({ state }) => state],
  ['median_ms', (model) => measured(model)?.summary.median],
  ['mean_ms', (model) => measured(model)?.summary.mean],
  ['p90_ms', (model) => measured(model)?.summary.p90],
  ['p99_ms', (model) => measured(model)?.summary.p99],
  ['deviation_ms', (model) => measured(model)?.summary.deviation],
  ['runs', (model) => measured(model)?.summary.runs],
  ['outliers', (model) => measured(model)?.summary.outliers],
  ['speed_up', (model) => measured(model)?.speedUp?.ratio],
  ['speed_up_low', (model) => measured(model)?.speedUp?.low],
  ['speed_up_high', (model) => measured(model)?.speedUp?.high],
  ['load_ms', (model) => measured(model)?.loadMs],
  ['peak_bytes', (model) => measured(model)?.peakBytes],
  ['joules_per_run', (model) => measured(model)?.joulesPerRun],
  ['file_bytes', ({ bytes }) => bytes],
  ['error', (model) => (model.state === 'failed' ? model.error : undefined)],
];

function measured(model: ModelResult) {
  return model.state === 'measured' ? model : undefined;
}

/** A result as comma-separated values (RFC 4180), one line per model. */
export function resultCsv({ models, target, protocol, date }: BenchResult): string {
  const rows = models.map((model) => [target.name, protocol.name, date, ...COLUMNS.map(([, of]) => of(model))]);
  const head = ['target', 'protocol', 'date', ...COLUMNS.map(([name]) => name)];
  return `${[head, ...rows].map((row) => row.map(quoted).join(',')).join('\r\n')}\r\n`;
}

/** Texts that a spreadsheet would take for formulas are kept from it. */
function quoted(value: string | number | undefined): string {
  if (value === undefined) return '';
  if (typeof value === 'number') return String(Number(value.toPrecision(6)));
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A result as a Markdown table with what it was measured on. */
export function resultMarkdown(result: BenchResult): string {
  const { models, target, device, protocol, inputs } = result;
  const cell = (text: string) => text.replace(/[\r\n]+/g, ' ').replaceAll('|', '\\|');
  const rows = models.map((model) => {
    if (model.state === 'failed') return [model.name, 'failed', '', '', cell(model.error)];
    const { summary, speedUp } = model;
    const times = speedUp
      ? `${speedUp.ratio.toFixed(2)} (${speedUp.low.toFixed(2)} to ${speedUp.high.toFixed(2)})`
      : '';
    return [
      cell(model.name),
      milliseconds(summary.median),
      milliseconds(summary.mean),
      milliseconds(summary.p90),
      times,
    ];
  });
  const head = ['model', 'median', 'mean', 'p90', 'times as fast'];
  const lines = [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`);
  const about = `${target.description} (${target.runtime} ${target.version}) on ${device.cores} x ${device.cpu}, protocol ${protocol.name}, batch ${inputs.batch}.`;
  return `${lines.join('\n')}\n\n${cell(about)}\n`;
}
