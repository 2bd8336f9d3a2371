// `node bench/statisticsTime.mjs [PICTURES]`: how long the statistics of a DeiT-Base and what is worked out from them take, beside plain
// inference over the same pictures; and how long a plan's edit of the weights takes then, a quarter of all query/key, value and hidden neurons gone.
// One process each would hide nothing: the model runs in a child in all three.
import { emptyPlan, laneWidth } from '@snp/core/planning';
import { calibrate, compensate, open, solveCompensation } from '@snp/core/stages';
import { onnxRuntime, runSamples } from '@snp/runtime';
import { buildVit, DEIT_BASE } from '@snp/testing';
import { noisePictures } from './support/noisePictures.mjs';

const count = Number(process.argv[2] ?? 256);
const model = buildVit({ ...DEIT_BASE, qkv: 'fused' });
const calibration = noisePictures(model, count);
const runtime = onnxRuntime();

async function seconds(work) {
  const start = performance.now();
  const result = await work();
  return [(performance.now() - start) / 1000, result];
}

// Inference in between, so that each is held against what the machine could do at the time.
const infer = async () => (await seconds(() => runSamples({ model, calibration, runtime }, () => undefined)))[0];
const context = await open(model, { calibration, runtime, verify: false });
const { analysis } = context;
const before = await infer();
const [gathering, statistics] = await seconds(() => calibrate(context));
const between = await infer();
const [solving, compensations] = await seconds(() => solveCompensation(context, statistics));
const after = await infer();
const plan = emptyPlan(analysis);
for (const { id, units, lanes, kind } of analysis.groups) {
  const compensation = compensations.neurons.get(id);
  if (compensation && kind !== 'residual')
    plan.groups[id] = { units, lanes, keep: compensation.select(Math.round(0.75 * laneWidth(compensation.group))) };
}
const [editing] = await seconds(() => compensate(context, plan, compensations));
const shares = { statistics: (2 * gathering) / (before + between), solving: (2 * solving) / (between + after) };
const line = (name, time, share) =>
  process.stdout.write(`${name.padEnd(12)} ${time.toFixed(1)} s, ${share.toFixed(2)} of inference\n`);
for (const time of [before, between, after]) line('inference', time, 1);
line('statistics', gathering, shares.statistics);
line('solving', solving, shares.solving);
line('together', gathering + solving, shares.statistics + shares.solving);
process.stdout.write(`a plan's edit of the weights: ${editing.toFixed(1)} s\n`);
process.exit(0);
