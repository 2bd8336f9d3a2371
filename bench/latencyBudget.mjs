// `node bench/latencyBudget.mjs MODEL DATA [SHARES] [TARGET] [TABLE]`: prunes to a share of the original's latency, by measured latency, by multiply-accumulates,
// and by multiply-accumulates with widths in multiples of eight; the last two by planning for more or fewer of them until the measured latency is just met. At equal latency, which
// answers more like the original? Samples at even positions calibrate, those at odd positions measure.
import { latencyOn, readLatencyTable, targetByName } from '@snp/bench';
import { calibrateModel, prepare, prune } from '@snp/core';
import { compareModels } from '@snp/core/stages';
import { readModel } from '@snp/onnx/node';
import { onnxRuntime, openCalibration } from '@snp/runtime';
import { inputsOf } from './support/inputsOf.mjs';

const [path, data, shares = '0.6', target = 'cpu-1', table] = process.argv.slice(2);
if (!data) throw new Error('usage: node bench/latencyBudget.mjs MODEL DATA [SHARES] [TARGET] [TABLE]');
const original = await readModel(path);
const inputs = inputsOf(original);
const runtime = onnxRuntime();
const calibration = await openCalibration(data, { inputs, every: 2 });
const statistics = await calibrateModel(original, { calibration, runtime });
const source = latencyOn(targetByName(target), { table: table && (await readLatencyTable(table)) });
const learnt = source.learn(prepare(original));
// What is compared are plans: refits of the pruned model come on top of any of them.
const common = { statistics, calibration, holdBack: false, runtime, reconstruct: false };

async function byLatency(share) {
  const { model, report } = await prune(original, {
    ...common,
    latency: { share, on: { ...source, learn: () => learnt } },
  });
  return { model, report, ratio: report.latency.measured.ratio, tries: report.latency.tries };
}

/** As near below the share as six tries get. */
async function byMacs(share, round) {
  let [macs, low, high] = [share, 0, 1];
  let best;
  for (let tries = 1; tries <= 6; tries++) {
    const { model, report } = await prune(original, { ...common, budget: { macs }, round });
    const { ratio } = await source.compare(original, model);
    if (ratio <= share && ratio > (best?.ratio ?? 0)) best = { model, report, ratio };
    if (ratio <= share && ratio >= 0.985 * share) return { ...best, tries };
    if (ratio <= share) low = Math.max(low, macs);
    else high = Math.min(high, macs);
    const next = (macs * 0.9925 * share) / ratio;
    macs = next > low && next < high ? next : (low + high) / 2;
  }
  return { ...best, tries: 6 };
}

const cases = [
  ['by latency', byLatency],
  ['by MACs', byMacs],
  ['by MACs, multiples of 8', (share) => byMacs(share, 8)],
];
process.stdout.write('| allowed | planned | MACs left | latency left | plans measured | agreement | divergence |\n');
process.stdout.write('| --- | --- | --- | --- | --- | --- | --- |\n');
for (const [share, [name, plan]] of shares.split(',').flatMap((one) => cases.map((each) => [Number(one), each]))) {
  const { model, report, ratio, tries } = await plan(share);
  const test = await openCalibration(data, { inputs, every: 2, start: 1 });
  const { agreement, divergence } = await compareModels(original, model, { data: test, runtime });
  const macs = report.cost.after.macs / report.cost.before.macs;
  const cells = [share, name, macs.toFixed(3), ratio.toFixed(3), tries, agreement.toFixed(3), divergence.toFixed(3)];
  process.stdout.write(`| ${cells.join(' | ')} |\n`);
}
process.exit(0);
