// `node bench/rowLengths.mjs [NEURONS OUTPUTS ROWS]`: operations a second of a layer that reads hidden neurons, with a few more or fewer than a number whose rows push one another out of
// the first cache. Default: DeiT-Base, four pictures.
import { Graph, Model, Tensor } from '@snp/onnx';
import { onnxRuntime } from '@snp/runtime';

const [neurons, outputs, rows] = [3072, 768, 788].map((usual, at) => Number(process.argv[2 + at] ?? usual));
const ROUNDS = 6;

function layerOf(width) {
  const graph = new Graph('layer');
  const model = new Model(graph);
  model.opsets.set('', 13);
  const hidden = graph.addValue('hidden');
  hidden.type = { elementType: 'FLOAT', shape: ['rows', width] };
  graph.inputs.push(hidden);
  const weights = Float32Array.from({ length: width * outputs }, (_, at) => Math.sin(at));
  const weight = graph.addInitializer('weight', Tensor.float32([width, outputs], weights));
  const [output] = graph.addNode({ op: 'MatMul', inputs: [hidden, weight], outputs: ['output'] }).outputs;
  output.type = { elementType: 'FLOAT', shape: undefined };
  graph.outputs.push(output);
  return model;
}

const times = new Map([neurons - 16, neurons, neurons + 16].map((width) => [width, []]));
// In turns, each time opened anew: how memory happens to lie matters.
for (let round = 0; round < ROUNDS; round++) {
  for (const [width, own] of times) {
    const session = await onnxRuntime().open(layerOf(width));
    const data = Float32Array.from({ length: rows * width }, (_, at) => Math.cos(at));
    const taken = await session.time({ hidden: { type: 'FLOAT', dims: [rows, width], data } }, 12);
    own.push(...taken.slice(2));
    await session.close();
  }
}
for (const [width, own] of times) {
  const sorted = own.sort((a, b) => a - b);
  const speed = (ms) => ((2 * rows * width * outputs) / ms / 1e6).toFixed(0);
  const [best, median] = [sorted[0], sorted[sorted.length >> 1]];
  process.stdout.write(
    `${width} neurons: ${speed(median)} x 10^9 operations a second (median), ${speed(best)} (the fastest run)\n`,
  );
}
process.exit(0);
