import { Tensor, type Value } from '@snp/onnx';
import { GraphBuilder, normals, random, relativeError, runModel } from '@snp/testing';
import { expect, it } from 'vitest';
import { maskedModel } from '../support/core.js';

const WIDTH = 6;
const KEPT = [0, 2, 5];
const ALL = Array.from({ length: WIDTH }, (_, at) => at);

/** Hidden values that are divided by a vector, as it is stored or in another form. */
function divided(kept: readonly number[], form: (builder: GraphBuilder, vector: Value) => Value) {
  const builder = new GraphBuilder('divided');
  const weight = (name: string, dims: number[], axis: number, type: 'FLOAT' | 'FLOAT16' = 'FLOAT') => {
    const size = dims.reduce((product, dim) => product * dim, 1);
    const tensor = Tensor.fromNumbers(type, dims, normals(random(2, name), size)).take(axis, kept);
    return builder.model.graph.addInitializer(name, tensor);
  };
  const hidden = builder.op('', 'MatMul', [builder.input('x', 'FLOAT', [2, 5]), weight('in', [5, WIDTH], 1)]);
  const quotient = builder.op('', 'Div', [hidden, form(builder, weight('by', [WIDTH], 0, 'FLOAT16'))]);
  builder.output(builder.op('', 'MatMul', [quotient, weight('out', [WIDTH, 3], 0)]), 'y', 'FLOAT', [2, 3]);
  return builder.model;
}

it.each<[string, (builder: GraphBuilder, vector: Value) => Value]>([
  ['behind a Cast', (builder, vector) => builder.op('', 'Cast', [vector], { to: 1 })],
  [
    'in a computed form',
    (builder, vector) =>
      builder.op('', 'Abs', [
        builder.op('', 'Unsqueeze', [builder.op('', 'Cast', [vector], { to: 1 }), builder.ints('', [0])]),
      ]),
  ],
])('the masked original divides by no zero: a divisor %s', async (_, form) => {
  const indices = ALL.filter((at) => !KEPT.includes(at));
  const removed = Object.entries({ in: 1, by: 0, out: 0 }).map(([initializer, axis]) => ({
    initializer,
    axis,
    indices,
  }));
  const feeds = { x: { type: 'FLOAT', dims: [2, 5], data: normals(random(7), 10) } } as const;
  const want = await runModel(maskedModel(divided(ALL, form), removed), feeds);
  const got = await runModel(divided(KEPT, form), feeds);
  expect(relativeError(got.y.data as Float32Array, want.y.data as Float32Array)).toBeLessThan(1e-5);
});
