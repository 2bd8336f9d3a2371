// `node bench/mixes.mjs MODEL DATA [SHARES] [CASE...]`: neurons, heads and blocks as units under budgets in multiply-accumulates (default 0.75,0.6,0.5), each
// kind alone and all together, as a Markdown table: top-1 and agreement with the original. Samples at even positions calibrate, those at odd positions
// measure; labels are not used in pruning.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { calibrateModel, compare, prune, SnpError } from '@snp/core';
import { readModel } from '@snp/onnx/node';
import { blockPruning } from '@snp/plugin-block';
import { headPruning } from '@snp/plugin-head';
import { onnxRuntime, openCalibration } from '@snp/runtime';
import { inputsOf } from './support/inputsOf.mjs';

const [path, data, shares = '0.75,0.6,0.5', ...chosen] = process.argv.slice(2);
const original = await readModel(path);
const inputs = inputsOf(original);
const runtime = onnxRuntime();
const calibration = await openCalibration(data, { inputs, every: 2 });
const folder = await mkdtemp(join(tmpdir(), 'snp-mixes-'));
const percent = (share) => `${(100 * share).toFixed(1)} %`;

const whole = { 'query-key': 1, value: 1, ffn: 1, residual: 1 };
const cases = [
  ['neurons', { plugins: [] }],
  ['heads', { plugins: [headPruning()], least: whole }],
  ['branches', { plugins: [blockPruning()], least: whole }],
  ['blocks', { plugins: [blockPruning({ units: 'blocks' })], least: whole }],
  ['all', { plugins: [headPruning(), blockPruning()] }],
];

const statistics = await calibrateModel(original, { calibration, runtime, plugins: [headPruning(), blockPruning()] });
process.stdout.write('| may leave | MACs allowed | left | top-1 | same answer | divergence | what leaves |\n');
process.stdout.write('|---|---|---|---|---|---|---|\n');
try {
  for (const share of shares.split(',').map(Number)) {
    for (const [name, options] of cases.filter(([name]) => chosen.length === 0 || chosen.includes(name))) {
      const row = await measure(share, options).catch((error) => {
        if (error instanceof SnpError && error.code === 'invalid-argument') return ['cannot be met', '', '', '', ''];
        throw error;
      });
      process.stdout.write(`| ${[name, share, ...row].join(' | ')} |\n`);
    }
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function measure(macs, options) {
  // What is compared are plans: refits of the pruned model come on top of any of them.
  const common = { budget: { macs }, calibration, statistics, runtime, reconstruct: false };
  const { report, write } = await prune(original, { ...common, ...options });
  if (report.warnings.some((warning) => warning.startsWith('The budget cannot be met by')))
    return ['cannot be met', '', '', '', ''];
  const file = join(folder, 'pruned.onnx');
  await write(file);
  const test = await openCalibration(data, { inputs, every: 2, start: 1 });
  const { second, fidelity } = await compare(path, file, { data: test, runtime });
  const lost = (kind) =>
    report.groups.filter((group) => group.kind === kind).reduce((sum, { removed }) => sum + removed.length, 0);
  const left = report.cost.after.macs / report.cost.before.macs;
  return [
    left.toFixed(3),
    percent(second.top1),
    percent(fidelity.agreement),
    fidelity.divergence.toFixed(3),
    ['head', 'block', 'query-key', 'value', 'ffn', 'residual'].map((kind) => `${kind} ${lost(kind)}`).join(', '),
  ];
}
