// `node bench/stepTimes.mjs [PICTURES] [MACS]`: how long each step of `prune` takes with all its defaults, for a DeiT-Base of random weights on pictures of noise; and how
// long another plan takes from what the first gathered. Seconds of one machine: only what part a step has is a result.
// Both calls solve, so that step counts twice; dividing the budget says nothing of itself and counts with it.
import { calibrateModel, prune } from '@snp/core';
import { onnxRuntime } from '@snp/runtime';
import { buildVit, DEIT_BASE } from '@snp/testing';
import { noisePictures } from './support/noisePictures.mjs';

const [count = 256, macs = 0.6] = process.argv.slice(2).map(Number);
const model = buildVit({ ...DEIT_BASE, qkv: 'fused' });
const calibration = noisePictures(model, count);
const runtime = onnxRuntime();
const steps = {};
let [step, start] = ['', performance.now()];
const next = (name) => {
  steps[step] = (steps[step] ?? 0) + (performance.now() - start) / 1000;
  [step, start] = [name, performance.now()];
};
const onProgress = (progress) => progress.step !== step && next(progress.step);

const statistics = await calibrateModel(model, { calibration, runtime, onProgress });
next('statistics are there');
const { report } = await prune(model, { calibration, statistics, runtime, budget: { macs }, onProgress });
next('done');
for (const [name, seconds] of Object.entries(steps))
  if (seconds >= 0.5) process.stdout.write(`${name.padEnd(12)} ${seconds.toFixed(0)} s\n`);
start = performance.now();
await prune(model, { statistics, runtime, budget: { macs: (1 + macs) / 2 } });
process.stdout.write(
  `${'another plan'.padEnd(12)} ${((performance.now() - start) / 1000).toFixed(0)} s, from statistics\n`,
);
process.stdout.write(`MACs left: ${(report.cost.after.macs / report.cost.before.macs).toFixed(3)}\n`);
process.exit(0);
