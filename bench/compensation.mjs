// `node bench/compensation.mjs MODEL DATA [CASE...]`: top-1 and agreement with the original after pruning with each kind of compensation and
// allocation, as a Markdown table. Samples at even positions calibrate, those at odd positions measure, unless DATA holds folders `calibration` (of which
// 250 samples are used) and `test`; labels are not used in pruning. For a model with 12 blocks of 3 heads of 64 and FFNs of 768 (DeiT-Tiny) there are cases of published widths, too.
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compare, criterionByName, presets, prune } from '@snp/core';
import { readModel } from '@snp/onnx/node';
import { onnxRuntime, openCalibration } from '@snp/runtime';
import { inputsOf } from './support/inputsOf.mjs';

const [path, data, ...chosen] = process.argv.slice(2);
const original = await readModel(path);
const inputs = inputsOf(original);
const apart = existsSync(join(data, 'calibration'));
const openCalibrationPart = () =>
  apart
    ? openCalibration(join(data, 'calibration'), { inputs, every: 2, limit: 250 })
    : openCalibration(data, { inputs, every: 2 });
const openTestPart = () =>
  apart ? openCalibration(join(data, 'test'), { inputs }) : openCalibration(data, { inputs, every: 2, start: 1 });
const runtime = onnxRuntime();
const folder = await mkdtemp(join(tmpdir(), 'snp-compensation-'));

/** Ratios that leave given widths per head in every block; a number stands for all blocks. */
function widths(queryKey, value, ffn) {
  const ratios = {};
  for (let block = 0; block < 12; block++) {
    const of = (list) => (typeof list === 'number' ? list : list[block]);
    ratios[`blocks.${block}.query-key`] = 1 - of(queryKey) / 64;
    ratios[`blocks.${block}.value`] = 1 - of(value) / 64;
    ratios[`blocks.${block}.ffn`] = 1 - of(ffn) / 768;
  }
  return { ratios };
}
const published = presets['snp-deit-tiny'].blocks;
const publishedWidths = () => widths(...[0, 1, 2].map((kind) => published.map((block) => block[kind])));

const cases = [];
const add = (name, options) => cases.push({ name, options });
for (const macs of [0.73, 0.62, 0.5]) {
  add(`planned ${macs}`, { budget: { macs } });
  add(`even ${macs}`, { budget: { macs }, allocation: 'even' });
}
if (/deit.tiny/.test(path)) {
  add('published', publishedWidths());
  add('published snp none', { ...publishedWidths(), compensation: 'none', criterion: criterionByName('snp') });
  add('published ridge', { ...publishedWidths(), compensation: 'ridge', criterion: criterionByName('activation') });
  add('45/64/576', widths(45, 64, 576));
  add('32/48/614', widths(32, 48, 614));
  add('residual 153', { ratios: { residual: 1 - 153 / 192 } });
  add('residual 153 picked', {
    ratios: { residual: 1 - 153 / 192 },
    compensation: 'none',
    criterion: criterionByName('snp'),
  });
  for (const [kind, ratio] of [
    ['query-key', 0.5],
    ['value', 0.5],
    ['ffn', 0.5],
  ]) {
    for (const compensation of ['none', 'mean', 'ridge', 'full']) {
      const criterion = compensation === 'full' ? undefined : criterionByName('activation');
      if (!(compensation === 'mean' && kind === 'query-key'))
        add(`${kind} ${compensation}`, { ratios: { [kind]: ratio }, compensation, criterion });
    }
  }
}

process.stdout.write(
  '| case | MACs | top-1 | beside the original | agreement | divergence | held back: agreement | s |\n',
);
process.stdout.write('| --- | --- | --- | --- | --- | --- | --- | --- |\n');
try {
  for (const { name, options } of cases) {
    if (chosen.length > 0 && !chosen.includes(name)) continue;
    const start = performance.now();
    const result = await prune(original, {
      calibration: await openCalibrationPart(),
      runtime,

      ...options,
    });
    const seconds = (performance.now() - start) / 1000;
    const out = join(folder, 'pruned.onnx');
    await result.write(out);
    const { first, second, fidelity } = await compare(path, out, { runtime, data: await openTestPart() });
    const { cost } = result.report;
    const cells = [
      name,
      (cost.after.macs / cost.before.macs).toFixed(3),
      percent(second.top1),
      (second.top1 / first.top1).toFixed(3),
      percent(fidelity.agreement),
      fidelity.divergence.toFixed(3),
      result.report.fidelity ? percent(result.report.fidelity.agreement) : '',
      seconds.toFixed(0),
    ];
    process.stdout.write(`| ${cells.join(' | ')} |\n`);
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
process.exit(0);

function percent(share) {
  return share === undefined ? '' : `${(100 * share).toFixed(1)} %`;
}
