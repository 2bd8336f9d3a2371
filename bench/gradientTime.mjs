// `node bench/gradientTime.mjs MODEL [BATCH [ROUNDS [THREADS]]] [--torch]`: gradients of all weights of a model against its answers alone, in onnxruntime, in turns: the ratio of medians, of
// time and of processor time. Text models take 64 tokens. --torch: the same by PyTorch (Debian's python3-torch and python3-onnx), behind it, with the peak memory of both.
import { execFileSync } from 'node:child_process';
import { gradientModel } from '@snp/gradient';
import { encodeModel, inferShapes } from '@snp/onnx';
import { readModel } from '@snp/onnx/node';
import { random } from '@snp/testing';
import ort from 'onnxruntime-node';

const args = process.argv.slice(2).filter((arg) => arg !== '--torch');
const [path, batch = '4', rounds = '7', threads = '2'] = args;
const TOKENS = 64;
const model = await readModel(path);
const shapes = inferShapes(model);
const by = model.graph.initializers.filter((each) => shapes.elementType(each) === 'FLOAT' && each.tensor.size > 1);
const { model: both, directions } = gradientModel(model, { by: by.map(({ name }) => name) });

const draw = random(1, 'feeds');
const feeds = Object.fromEntries(model.graph.inputs.map((each) => [each.name, feedOf(each)]));
const forward = await open(model);
const backward = await open(both);
const answers = await forward.run(feeds);
const directed = Object.entries(directions).map(([name, input]) => {
  const { dims, data } = answers[name];
  const numbers = Float32Array.from(data, () => draw.normal());
  return [input, new ort.Tensor('float32', numbers, dims)];
});
const given = { ...feeds, ...Object.fromEntries(directed) };

const times = { forward: [], backward: [] };
for (let round = 0; round <= Number(rounds); round++) {
  const once = { forward: await timed(() => forward.run(feeds)), backward: await timed(() => backward.run(given)) };
  // The first round warms up.
  if (round > 0) for (const [name, time] of Object.entries(once)) times[name].push(time);
}
const ratio = (kind) => (median(times.backward, kind) / median(times.forward, kind)).toFixed(2);
console.log(`${path}: ${by.length} weights, batch ${batch}, ${threads} threads`);
console.log(
  `answers and gradients beside answers alone: ${ratio('wall')} times the time, ${ratio('cpu')} of the processor`,
);
if (process.argv.includes('--torch')) besideTorch();

function besideTorch() {
  const inputs = Object.entries(feeds).map(([name, { type, dims }]) => ({ name, type, dims }));
  const script = new URL('gradientTime.py', import.meta.url).pathname;
  const out = execFileSync('/usr/bin/python3', [script, path, JSON.stringify(inputs), rounds, threads], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const torch = JSON.parse(out);
  const beside = (kind) => (median(times.backward, kind) / torch[kind]).toFixed(2);
  const memory = (process.resourceUsage().maxRSS / torch.memory).toFixed(2);
  console.log(
    `beside PyTorch: ${beside('wall')} times the time, ${beside('cpu')} of the processor, ${memory} of the memory`,
  );
}

function open(source) {
  const bytes = new Uint8Array(Buffer.concat(encodeModel(source)));
  return ort.InferenceSession.create(bytes, { intraOpNumThreads: Number(threads) });
}

function feedOf({ name, type }) {
  const dims = type.shape.map((dim, axis) => (typeof dim === 'number' ? dim : axis === 0 ? Number(batch) : TOKENS));
  const length = dims.reduce((product, dim) => product * dim, 1);
  if (type.elementType === 'FLOAT') {
    return new ort.Tensor(
      'float32',
      Float32Array.from({ length }, () => draw.normal()),
      dims,
    );
  }
  const number = () => BigInt(name.includes('mask') ? 1 : draw.integer(100));
  return new ort.Tensor('int64', BigInt64Array.from({ length }, number), dims);
}

async function timed(run) {
  const [start, used] = [performance.now(), process.cpuUsage()];
  await run();
  const { user, system } = process.cpuUsage(used);
  return { wall: performance.now() - start, cpu: (user + system) / 1000 };
}

function median(list, kind) {
  return list.map((each) => each[kind]).sort((a, b) => a - b)[list.length >> 1];
}
