// `node bench/handLoop.mjs MODEL [THREADS] [ROUNDS] [CHECKS]`: the harness's median against a loop written by hand, in turns; and how often the
// same model against itself gives an interval that holds 1.00.
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { feedsFor, measure, onnxRuntimeTarget, PROTOCOLS } from '@snp/bench';
import ort from 'onnxruntime-node';

const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];

if (process.send) {
  const [path, threads] = process.argv.slice(2);
  const [[name, { dims, data }]] = Object.entries(await feedsFor(path, { batch: 1 }));
  const session = await ort.InferenceSession.create(path, { intraOpNumThreads: Number(threads) });
  const feeds = { [name]: new ort.Tensor('float32', data, dims) };
  const times = [];
  for (let run = 0; run < 70; run++) {
    const start = performance.now();
    await session.run(feeds);
    if (run >= 10) times.push(performance.now() - start);
  }
  process.send(median(times));
  process.exit(0);
}

const [path, threads = '1', rounds = '10', checks = '20'] = process.argv.slice(2);
const target = onnxRuntimeTarget({ threads: Number(threads) });
const models = [{ name: 'model', path, inputs: { batch: 1 } }];
const byHand = () =>
  new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(import.meta.url), [path, threads]);
    child.once('message', resolve);
    child.once('error', reject);
  });

const ratios = [];
for (let round = 0; round < Number(rounds); round++) {
  const hand = await byHand();
  const result = await measure({ models, target, protocol: { ...PROTOCOLS.quick, launches: 1, runs: 60 } });
  ratios.push(result.models[0].summary.median / hand);
}
const deviation = (100 * (median(ratios) - 1)).toFixed(1);
console.log(`harness over a loop by hand: ${median(ratios).toFixed(3)} in the median of ${rounds} (${deviation} %)`);

let held = 0;
let width = 0;
for (let check = 0; check < Number(checks); check++) {
  const two = ['one', 'the same'].map((name) => ({ ...models[0], name }));
  const result = await measure({ models: two, target, protocol: { ...PROTOCOLS.default, selfCheck: false } });
  const { low, high } = result.models[1].speedUp;
  width += (high - low) / Number(checks);
  if (low <= 1 && high >= 1) held++;
}
console.log(
  `the same model against itself: 1.00 within the interval in ${held} of ${checks}; it is ${(100 * width).toFixed(1)} % wide`,
);
