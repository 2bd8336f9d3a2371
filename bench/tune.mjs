// `node bench/tune.mjs MODEL PICTURES TEST [SHARE] [OPTIONS...]`: prunes MODEL to SHARE of its MACs (0.5) with the first pictures of PICTURES, tunes what is left on all of them, without labels, and prints top-1, agreement
// with the original and divergence from it on TEST (with labels) before and after, and the time of both. OPTIONS are those of `tune`: epochs=40 rate=1e-3 time=600000 batchSize=128 seed=1.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compare, prune } from '@snp/core';
import { readModel, writeModel } from '@snp/onnx/node';
import { onnxRuntime, openCalibration } from '@snp/runtime';
import { tune } from '@snp/tune';
import { inputsOf } from './support/inputsOf.mjs';

/** Pictures that prune calibrates with: the part of a training set that is at hand in most cases. */
const CALIBRATED = 600;

const [path, pictures, test, share = '0.5', ...given] = process.argv.slice(2);
const options = Object.fromEntries(given.map((each) => each.split('=')).map(([name, value]) => [name, Number(value)]));
const original = await readModel(path);
const open = (data, limit) =>
  openCalibration(data, { inputs: inputsOf(original), preprocess: preprocessOf(data), limit });
const runtime = onnxRuntime();
const folder = await mkdtemp(join(tmpdir(), 'snp-tune-'));

/** Arrays have to say that they are pictures. */
function preprocessOf(data) {
  return data.endsWith('.npy') ? 'cifar10' : undefined;
}

function row(name, { first, second, fidelity }, minutes) {
  const own = name === 'original' ? first : second;
  const percent = (value) => (value === undefined ? '' : value.toFixed(3));
  const like = name === 'original' ? ['1', '0'] : [fidelity.agreement.toFixed(3), fidelity.divergence.toFixed(3)];
  process.stdout.write(`| ${[name, percent(own.top1), ...like, minutes.toFixed(1)].join(' | ')} |\n`);
}

async function timed(work) {
  const start = performance.now();
  return [await work(), (performance.now() - start) / 60_000];
}

try {
  process.stdout.write('| model | top-1 | agreement | divergence | minutes |\n| --- | --- | --- | --- | --- |\n');
  const measure = async (file) => compare(path, file, { runtime, data: await open(test), batchSize: 50 });
  const [pruned, pruneMinutes] = await timed(async () =>
    prune(original, { budget: { macs: Number(share) }, calibration: await open(pictures, CALIBRATED), runtime }),
  );
  await pruned.write(join(folder, 'pruned.onnx'));
  const before = await measure(join(folder, 'pruned.onnx'));
  row('original', before, 0);
  row('pruned', before, pruneMinutes);
  const student = await readModel(join(folder, 'pruned.onnx'));
  const [result, minutes] = await timed(async () =>
    tune(student, { teacher: path, data: await open(pictures), runtime, ...options }),
  );
  if (result.model) {
    await writeModel(result.model, join(folder, 'tuned.onnx'));
    row('tuned', await measure(join(folder, 'tuned.onnx')), minutes);
  }
  const { model: _, history, ...rest } = result;
  const best = history.find(({ loss }) => loss === result.after.loss);
  process.stdout.write(`\n${JSON.stringify({ ...rest, best }, null, 1)}\n`);
} finally {
  await rm(folder, { recursive: true, force: true });
}
