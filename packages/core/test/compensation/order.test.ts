import { type Model, Tensor } from '@snp/onnx';
import { onnxRuntime, tensors } from '@snp/runtime';
import { GraphBuilder, random, relativeError, runModel } from '@snp/testing';
import { describe, expect, it } from 'vitest';
import { criterionByName, prune } from '../support/core.js';

const [INPUTS, NEURONS, OUTPUTS] = [6, 8, 5];
/** Neuron at each place, where the layer behind sees them in another order. */
const ORDER = [3, 0, 6, 1, 7, 2, 5, 4];

/** Two layers, between which neurons may change places. Both ways compute the same. */
function layers(turned: boolean): Model {
  const draw = random(4);
  const normals = (size: number) => Float32Array.from({ length: size }, () => draw.normal());
  const [first, second, bias] = [normals(INPUTS * NEURONS), normals(NEURONS * OUTPUTS), normals(OUTPUTS)];
  const builder = new GraphBuilder('layers');
  const x = builder.input('x', 'FLOAT', ['batch', 'rows', INPUTS]);
  let hidden = builder.op('', 'MatMul', [x, builder.weight('first', [INPUTS, NEURONS], first)]);
  hidden = builder.op('', 'Tanh', [hidden]);
  let weights = second;
  if (turned) {
    const indices = builder.model.graph.addInitializer('order', Tensor.int64([NEURONS], ORDER));
    hidden = builder.op('', 'Gather', [hidden, indices], { axis: 2 });
    weights = Float32Array.from(
      ORDER.flatMap((neuron) => [...second.subarray(neuron * OUTPUTS, (neuron + 1) * OUTPUTS)]),
    );
  }
  const product = builder.op('', 'MatMul', [hidden, builder.weight('second', [NEURONS, OUTPUTS], weights)]);
  const sum = builder.op('', 'Add', [product, builder.weight('bias', [OUTPUTS], bias)]);
  builder.output(sum, 'y', 'FLOAT', ['batch', 'rows', OUTPUTS]);
  return builder.model;
}

const feeds = (seed: number) => {
  const draw = random(seed);
  // Inputs of very different sizes, so that neurons are told apart.
  const data = Float32Array.from({ length: 20 * INPUTS }, (_, at) => draw.normal() * (0.2 + (at % INPUTS)));
  return { x: { type: 'FLOAT' as const, dims: [1, 20, INPUTS], data } };
};

describe('neurons that change places between two layers', () => {
  it.each(['mean', 'ridge'] as const)('are compensated by %s as those that keep them', async (compensation) => {
    const calibration = tensors(
      Array.from({ length: 30 }, (_, seed) => feeds(seed)),
      { count: 30 },
    );
    const options = { ratios: { ffn: 0.5 }, criterion: criterionByName('l2'), calibration, compensation } as const;
    const run = async (turned: boolean) => {
      const { model } = await prune(layers(turned), { ...options, runtime: onnxRuntime() });
      return (await runModel(model, feeds(1000))).y.data as Float32Array;
    };
    expect(relativeError(await run(true), await run(false))).toBeLessThan(1e-4);
  });
});
