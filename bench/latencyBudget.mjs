// `node bench/latencyBudget.mjs MODEL DATA [SHARES] [TARGET] [TABLE]`: prunes to a share of the original's latency, by measured latency, by multiply-accumulates,
// and by multiply-accumulates with widths in multiples of eight; the last two by planning for fewer of them until the measured latency holds. At equal latency, which
// answers more like the original? Samples at even positions calibrate, those at odd positions measure.
import { latencyOn, readLatencyTable, targetByName } from '@snp/bench';
import { CostModel, calibrate, compareModels, prepare, prune } from '@snp/core';
import { readModel } from '@snp/onnx/node';
import { onnxRuntime, openCalibration } from '@snp/runtime';

const [path, data, shares = '0.6', target = 'cpu-1', table] = process.argv.slice(2);
if (!data) throw new Error('usage: node bench/latencyBudget.mjs MODEL DATA [SHARES] [TARGET] [TABLE]');
const original = await readModel(path);
const inputs = original.graph.inputs
  .filter((input) => !input.tensor)
  .map((input) => ({ name: input.name, type: input.type.elementType, dims: input.type.shape }));
const runtime = onnxRuntime();
const calibration = await openCalibration(data, { inputs, every: 2 });
const statistics = await calibrate(original, { calibration, runtime });
const source = latencyOn(targetByName(target), { table: table && (await readLatencyTable(table)) });
const learnt = source.learn(prepare(original));
const byLatency = { ...source, learn: () => learnt };
const byMacs = {
  ...source,
  async learn(analysis) {
    const costs = new CostModel(analysis);
    const full = costs.at({}).macs;
    const { fullMs } = await learnt;
    return { fullMs, at: (widths) => costs.at(widths).macs / full };
  },
};
const cases = [
  ['by latency', byLatency],
  ['by MACs', byMacs],
  ['by MACs, multiples of 8', byMacs, 8],
];
process.stdout.write('| allowed | planned | MACs left | latency left | foreseen | plans | agreement | divergence |\n');
process.stdout.write('| --- | --- | --- | --- | --- | --- | --- | --- |\n');
for (const [share, [name, on, round]] of shares.split(',').flatMap((one) => cases.map((each) => [Number(one), each]))) {
  const { model, report } = await prune(original, {
    statistics,
    calibration,
    holdBack: false,
    latency: { share, on },
    round,
    runtime,
  });
  const test = await openCalibration(data, { inputs, every: 2, start: 1 });
  const { agreement, divergence } = await compareModels(original, model, { data: test, runtime });
  const { measured, predicted, tries } = report.latency;
  const cells = [
    share,
    name,
    (report.cost.after.macs / report.cost.before.macs).toFixed(3),
    measured.ratio.toFixed(3),
    predicted.toFixed(3),
    tries,
    agreement.toFixed(3),
    divergence.toFixed(3),
  ];
  process.stdout.write(`| ${cells.join(' | ')} |\n`);
}
process.exit(0);
