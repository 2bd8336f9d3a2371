// `node bench/sensitivity.mjs MODEL DATA [SAMPLES] [--preprocess NAME]`: what narrowing each group alone does to the answers, estimated by gradients and measured by running the model with each group
// narrowed, on the same samples: rank correlation, correlation of logarithms, median of estimated over measured by kind of group, and the time of each in plain inferences of those
// samples. With `--table` every point as a line of tab-separated values; with `--svg FILE` a picture of them.

import { writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { calibrate, estimateSensitivity, open, solveCompensation } from '@snp/core/stages';
import { readModel } from '@snp/onnx/node';
import { onnxRuntime, openCalibration, runSamples, tokenizerBeside } from '@snp/runtime';
import { inputsOf } from './support/inputsOf.mjs';
import { scatter } from './support/scatter.mjs';

const given = process.argv.slice(2);
const picture = given.includes('--svg') ? given.splice(given.indexOf('--svg'), 2)[1] : undefined;
const preprocess = given.includes('--preprocess') ? given.splice(given.indexOf('--preprocess'), 2)[1] : undefined;
const table = given.includes('--table');
const [path, data, limit = '48'] = given.filter((argument) => !argument.startsWith('--'));
const original = await readModel(path);
const calibration = await openCalibration(data, {
  inputs: inputsOf(original),
  limit: Number(limit),
  preprocess,
  tokenizer: await tokenizerBeside(path),
});
const runtime = onnxRuntime();
const context = await open(path, { calibration, runtime });
const compensations = await solveCompensation(context, await calibrate(context), { curves: true });

async function timed(work) {
  const start = performance.now();
  const result = await work();
  return { result, seconds: (performance.now() - start) / 1000 };
}

const inference = await timed(() => runSamples({ runtime, model: path, calibration }, () => undefined));
const estimated = await timed(() => estimateSensitivity(context, compensations));
const measured = await timed(() => estimateSensitivity(context, compensations, { method: 'runs' }));
const again = await timed(() => runSamples({ runtime, model: path, calibration }, () => undefined));
const plain = (inference.seconds + again.seconds) / 2;

const points = context.analysis.groups.flatMap(({ id, kind }) =>
  (estimated.result[id] ?? []).flatMap(({ width, divergence, estimated: own }, at) => {
    const found = measured.result[id]?.[at];
    return found && own ? [{ id, kind, width, estimated: divergence, measured: found.divergence }] : [];
  }),
);
if (table)
  for (const { id, width, estimated, measured } of points) console.log([id, width, estimated, measured].join('\t'));

if (picture) {
  const dots = points.map(({ estimated, measured, kind }) => ({ x: measured, y: estimated, series: kind }));
  await writeFile(picture, scatter(basename(path, '.onnx'), ['measured, nats', 'estimated, nats'], dots));
}

const ranks = (values) => {
  const order = values.map((_, at) => at).sort((a, b) => values[a] - values[b]);
  const found = [];
  for (const [rank, at] of order.entries()) found[at] = rank;
  return found;
};
const correlation = (a, b) => {
  const mean = (list) => list.reduce((sum, value) => sum + value, 0) / list.length;
  const [ma, mb] = [mean(a), mean(b)];
  const sum = (f) => a.reduce((total, _, at) => total + f(a[at] - ma, b[at] - mb), 0);
  return sum((x, y) => x * y) / Math.sqrt(sum((x) => x * x) * sum((_, y) => y * y));
};
const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];
const described = (own) => {
  const [x, y] = ['estimated', 'measured'].map((key) => own.map((point) => Math.max(point[key], 1e-9)));
  return `${own.length} points, Spearman ${correlation(ranks(x), ranks(y)).toFixed(3)}, logarithms ${correlation(x.map(Math.log), y.map(Math.log)).toFixed(3)}, median of estimated over measured ${median(x.map((value, at) => value / y[at])).toFixed(2)}`;
};
console.log(`all: ${described(points)}`);
for (const kind of new Set(points.map((point) => point.kind)))
  console.log(`${kind}: ${described(points.filter((point) => point.kind === kind))}`);
console.log(
  `estimated in ${(estimated.seconds / plain).toFixed(1)}, measured in ${(measured.seconds / plain).toFixed(1)} plain inferences of the ${limit} samples`,
);
