// `node bench/gradientTime.mjs MODEL [BATCH [ROUNDS]]`: gradients of all weights of a model against its answers alone, in onnxruntime, in turns: the ratio of medians. Text models take
// 64 tokens.

import { gradientModel } from '@snp/gradient';
import { encodeModel, inferShapes } from '@snp/onnx';
import { readModel } from '@snp/onnx/node';
import { random } from '@snp/testing';
import ort from 'onnxruntime-node';

const [path, batch = '4', rounds = '7'] = process.argv.slice(2);
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
  return [
    input,
    new ort.Tensor(
      'float32',
      Float32Array.from(data, () => draw.normal()),
      dims,
    ),
  ];
});
const given = { ...feeds, ...Object.fromEntries(directed) };

const times = { forward: [], backward: [] };
for (let round = 0; round < Number(rounds) + 1; round++) {
  const once = { forward: await timed(() => forward.run(feeds)), backward: await timed(() => backward.run(given)) };
  // The first round warms up.
  if (round > 0) for (const [name, time] of Object.entries(once)) times[name].push(time);
}
const ratio = median(times.backward) / median(times.forward);
console.log(
  `${path}: ${by.length} weights, batch ${batch}: answers and gradients take ${ratio.toFixed(2)} times the answers alone`,
);

function open(source) {
  const options = { graphOptimizationLevel: 'all', executionMode: 'sequential' };
  return ort.InferenceSession.create(new Uint8Array(Buffer.concat(encodeModel(source))), options);
}

function feedOf({ name, type }) {
  const dims = type.shape.map((dim, axis) => (typeof dim === 'number' ? dim : axis === 0 ? Number(batch) : TOKENS));
  const size = dims.reduce((product, dim) => product * dim, 1);
  if (type.elementType === 'FLOAT')
    return new ort.Tensor(
      'float32',
      Float32Array.from({ length: size }, () => draw.normal()),
      dims,
    );
  const ones = name.includes('mask');
  return new ort.Tensor(
    'int64',
    BigInt64Array.from({ length: size }, () => BigInt(ones ? 1 : draw.integer(100))),
    dims,
  );
}

async function timed(run) {
  const start = performance.now();
  await run();
  return performance.now() - start;
}

function median(list) {
  return [...list].sort((a, b) => a - b)[list.length >> 1];
}
