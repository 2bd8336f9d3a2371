// `node bench/statisticsTime.mjs [PICTURES]`: how long the statistics of a DeiT-Base and what is worked out from them take, beside plain
// inference over the same pictures. One process each would hide nothing: the model runs in a child in all three.
import { calibrate, prepare, Recovery } from '@snp/core';
import { onnxRuntime, runSamples, tensors } from '@snp/runtime';
import { buildVit, DEIT_BASE } from '@snp/testing';

const count = Number(process.argv[2] ?? 256);
const model = buildVit({ ...DEIT_BASE, qkv: 'fused' });
const [input] = model.graph.inputs.filter((value) => !value.tensor);
const size = 3 * 224 * 224;
const calibration = tensors(
  async function* () {
    for (let picture = 0; picture < count; picture++) {
      let state = picture + 1;
      const data = Float32Array.from({ length: size }, () => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return state / 2 ** 31 - 1;
      });
      yield { [input.name]: { type: 'FLOAT', dims: [1, 3, 224, 224], data } };
    }
  },
  { count },
);
const runtime = onnxRuntime();

async function seconds(work) {
  const start = performance.now();
  const result = await work();
  return [(performance.now() - start) / 1000, result];
}

// Inference in between, so that each is held against what the machine could do at the time.
const infer = async () => (await seconds(() => runSamples({ model, calibration, runtime }, () => undefined)))[0];
const analysis = prepare(model);
const before = await infer();
const [gathering, statistics] = await seconds(() => calibrate(model, { calibration, runtime, effects: false }));
const between = await infer();
const [solving] = await seconds(() => Recovery.create(analysis, statistics.groups, 'full', { runtime }));
const after = await infer();
const shares = { statistics: (2 * gathering) / (before + between), solving: (2 * solving) / (between + after) };
const line = (name, time, share) =>
  process.stdout.write(`${name.padEnd(12)} ${time.toFixed(1)} s, ${share.toFixed(2)} of inference\n`);
for (const time of [before, between, after]) line('inference', time, 1);
line('statistics', gathering, shares.statistics);
line('solving', solving, shares.solving);
line('together', gathering + solving, shares.statistics + shares.solving);
process.exit(0);
