import { cloneModel, Graph, Model, Tensor, type Value } from '@snp/onnx';
import { onnxRuntime, tensors } from '@snp/runtime';
import {
  buildTransformer,
  buildVit,
  PLAIN_BLOCK,
  random,
  runModel,
  type TransformerBlock,
  type TransformerOptions,
  transformerFeeds,
} from '@snp/testing';
import { describe, expect, it } from 'vitest';
import { Algebra } from '../../src/algebra/algebra.js';
import { type LastLayer, lastLayer } from '../../src/layers/branchLayers.js';
import { gaussNewtonStep } from '../../src/reconstruction/gaussNewton.js';
import { hiddenLayers, slopesOf } from '../../src/reconstruction/hiddenLayer.js';
import { type Analysis, open, prepare, reconstruct } from '../support/core.js';
import { smallVit, smallVitFeeds } from '../support/smallVit.js';

const runtime = onnxRuntime();

const options: TransformerOptions = {
  seed: 3,
  residual: 8,
  blocks: [PLAIN_BLOCK, PLAIN_BLOCK],
  input: 'features',
  head: true,
  noise: 0,
};
const transformer = (change: Partial<TransformerBlock>) =>
  buildTransformer({ ...options, blocks: options.blocks.map((own) => ({ ...own, ...change })) });
const featuresOf = (seed: number) => transformerFeeds(options, 1, seed);

/** Two branches of Gemm nodes, one of their weights the usual way round and one the other, on rows of 6 numbers. */
function residualMlp(): Model {
  const graph = new Graph('mlp');
  const model = new Model(graph);
  model.opsets.set('', 17);
  const draw = random(11);
  const weight = (dims: number[]) => {
    const size = dims.reduce((product, dim) => product * dim, 1);
    return graph.addInitializer(
      'w',
      Tensor.float32(
        dims,
        Float32Array.from({ length: size }, () => 0.4 * draw.normal()),
      ),
    );
  };
  const gemm = (x: Value, inputs: number, outputs: number, transB: number) => {
    const dims = transB ? [outputs, inputs] : [inputs, outputs];
    return graph.addNode({ op: 'Gemm', inputs: [x, weight(dims), weight([outputs])], attributes: { transB } })
      .outputs[0]!;
  };
  const op = (name: string, inputs: Value[]) => graph.addNode({ op: name, inputs }).outputs[0]!;
  const input = graph.addValue('input');
  input.type = { elementType: 'FLOAT', shape: ['rows', 6] };
  graph.inputs.push(input);
  let stream = gemm(input, 6, 8, 1);
  for (const transB of [1, 0])
    stream = op('Add', [stream, gemm(op('Tanh', [gemm(stream, 8, 12, transB)]), 12, 8, transB)]);
  const answer = gemm(stream, 8, 3, 1);
  answer.type = { elementType: 'FLOAT', shape: ['rows', 3] };
  graph.outputs.push(answer);
  return model;
}

function rowOf(seed: number) {
  const own = random(seed);
  return {
    input: { type: 'FLOAT' as const, dims: [1, 6], data: Float32Array.from({ length: 6 }, () => own.normal()) },
  };
}

const analysed = (model: Model) => prepare(model, { allowNothing: true });

function hiddenOf(model: Model) {
  const analysis = analysed(model);
  const branch = analysis.branches.find(({ holds }) => holds === 'ffn')!;
  const layer = lastLayer(branch);
  return { analysis, branch, layers: typeof layer === 'string' ? [] : hiddenLayers(layer) };
}

describe('layers that write hidden neurons', () => {
  it.each([
    ['products with a bias', {}, 1, true],
    ['no bias', { bias: false, activation: 'relu' }, 1, false],
    ['a gate', { gate: 'silu', norm: 'rms', bias: false }, 2, false],
  ] as const)('are found with their biases: %s', (_, change, count, biased) => {
    const { layers } = hiddenOf(transformer(change));
    expect(layers).toHaveLength(count);
    for (const { weight, axis, bias, activation } of layers) {
      expect(weight.tensor!.dims[axis]).toBe(12);
      expect(bias !== undefined).toBe(biased);
      expect(activation.length).toBeGreaterThan(0);
    }
  });

  it('are found whichever way round their weights are', () => {
    const { branches } = analysed(residualMlp());
    const axes = branches.flatMap((branch) => hiddenLayers(lastLayer(branch) as LastLayer)).map(({ axis }) => axis);
    expect(axes).toEqual([0, 1]);
  });

  it('are left alone where they are no plain product', () => {
    expect(hiddenOf(transformer({ linear: 'einsum' })).layers).toEqual([]);
  });

  it.each(['erf', 'operator'] as const)('have the slopes of their activation function: GELU as %s', async (gelu) => {
    const { analysis, layers } = hiddenOf(
      buildVit({
        image: 8,
        patch: 4,
        residual: 12,
        depth: 1,
        heads: 2,
        blocks: { queryKey: 4, value: 4, ffn: 20 },
        classes: 3,
        gelu,
      }),
    );
    const [hidden] = layers;
    const { model } = analysis;
    const slopes = slopesOf(model, hidden);
    for (const value of [slopes, hidden.before]) {
      value.type = { elementType: 'FLOAT', shape: undefined };
      model.graph.outputs.push(value);
    }
    const data = Float32Array.from({ length: 3 * 64 }, () => draw.normal());
    const answer = await runModel(model, { input: { type: 'FLOAT', dims: [1, 3, 8, 8], data } });
    const [found, z] = [answer[slopes.name].data, answer[hidden.before.name].data] as Float32Array[];
    expect(found.length).toBe(5 * 20);
    for (let at = 0; at < found.length; at++) expect(found[at]).toBeCloseTo(slopeOfGelu(z[at]), 4);
  });
});

const draw = random(5);

/** Phi(z) + z phi(z), the integral by Simpson's rule. */
function slopeOfGelu(z: number): number {
  const density = (x: number) => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
  const parts = 400;
  const width = z / parts;
  let integral = density(0) + density(z);
  for (let at = 1; at < parts; at++) integral += (at % 2 ? 4 : 2) * density(at * width);
  return 0.5 + (integral * width) / 3 + z * density(z);
}

describe('a Gauss-Newton step', () => {
  it('is the least-squares solution where the activation function is linear', async () => {
    const [count, inputs, neurons, outputs] = [60, 4, 3, 5];
    const normals = (length: number) => Float64Array.from({ length }, () => draw.normal());
    const [x, change, behind] = [normals(count * inputs), normals(inputs * neurons), normals(neurons * outputs)];
    const times = (a: Float64Array, b: Float64Array, n: number, k: number, m: number) =>
      Float64Array.from({ length: n * m }, (_, at) => {
        let sum = 0;
        for (let i = 0; i < k; i++) sum += a[Math.floor(at / m) * k + i] * b[i * m + (at % m)];
        return sum;
      });
    const turned = (a: Float64Array, n: number, m: number) =>
      Float64Array.from({ length: n * m }, (_, at) => a[(at % n) * m + Math.floor(at / n)]);
    // What is missing is what this change would give.
    const missing = times(times(x, change, count, inputs, neurons), behind, count, neurons, outputs);
    const mendable = times(missing, turned(behind, neurons, outputs), count, outputs, neurons);
    const xt = turned(x, count, inputs);
    const step = await gaussNewtonStep(
      {
        count,
        inputs: times(xt, x, inputs, count, inputs),
        slopes: new Float64Array(neurons * neurons).fill(1),
        pulls: times(xt, mendable, inputs, count, neurons),
      },
      times(behind, turned(behind, neurons, outputs), neurons, outputs, neurons),
      { damping: 1e-12, algebra: new Algebra() },
    );
    for (const [at, element] of change.entries()) expect(step![at]).toBeCloseTo(element, 6);
  });

  it('is none where nothing is known', async () => {
    const zeros = { count: 4, inputs: new Float64Array(4), slopes: new Float64Array(9), pulls: new Float64Array(6) };
    const own = { damping: 0.1, algebra: new Algebra() };
    expect(await gaussNewtonStep(zeros, new Float64Array(9), own)).toBeUndefined();
    const odd = { ...zeros, inputs: Float64Array.of(1, 0, 0, 1), slopes: new Float64Array(9).fill(Number.NaN) };
    expect(await gaussNewtonStep(odd, new Float64Array(9).fill(1), own)).toBeUndefined();
  });
});

const SAMPLES = 48;

describe('weights of hidden layers that were shaken', () => {
  const cases: [string, Model, (seed: number) => ReturnType<typeof smallVitFeeds>][] = [
    ['in a Vision Transformer', smallVit(), smallVitFeeds],
    ['behind a gate, without biases', transformer({ gate: 'silu', norm: 'rms', bias: false }), featuresOf],
    ['behind a norm that ends the block', transformer({ order: 'post' }), featuresOf],
    ['of Gemm nodes', residualMlp(), rowOf],
  ];
  it.each(cases)('are brought back most of the way: %s', async (_, model, feeds) => {
    const original = analysed(model);
    const { analysis: shaken, branch, layers } = hiddenOf(model);
    expect(layers.length).toBeGreaterThan(0);
    for (const { weight } of layers) shake(weight);
    const sum = branch.sum.outputs[0]!.name;
    const error = async ({ model: own }: Analysis) => {
      let total = 0;
      for (let seed = 100; seed < 110; seed++) {
        const [want, got] = [
          await valueAt(cloneModel(original.model), sum, feeds(seed)),
          await valueAt(cloneModel(own), sum, feeds(seed)),
        ];
        total += want.reduce((squares, x, at) => squares + (x - got[at]) ** 2, 0);
      }
      return total;
    };
    const calibration = tensors(() => Array.from({ length: SAMPLES }, (_, seed) => feeds(seed)), { count: SAMPLES });
    const before = await error(shaken);
    const context = { ...(await open(model, { calibration, runtime })), analysis: original };
    expect(await error(await reconstruct(context, shaken.model))).toBeLessThan(0.5 * before);
  });
});

function shake(weight: Value): void {
  const data = Float32Array.from(weight.tensor!.numbers(), (x) => x + 0.02 * draw.normal());
  weight.tensor = Tensor.float32(weight.tensor!.dims, data);
}

async function valueAt(model: Model, name: string, feeds: ReturnType<typeof smallVitFeeds>): Promise<Float32Array> {
  const value = model.graph.value(name);
  value.type = { elementType: 'FLOAT', shape: undefined };
  if (!model.graph.outputs.includes(value)) model.graph.outputs.push(value);
  return (await runModel(model, feeds))[name].data as Float32Array;
}
