import { standardForm } from '@snp/gradient';
import { answerOutputs } from '@snp/runtime';
import { GraphBuilder, normals, random } from '@snp/testing';
import { expect, it } from 'vitest';
import { lossKindOf } from '../src/graph/lossKind.js';
import { trainableWeights } from '../src/graph/trainable.js';

it('trains parameters, and leaves alone what is none', () => {
  const builder = new GraphBuilder('all kinds', { opset: 18 });
  const own = (name: string, dims: number[], numbers?: (at: number) => number) => {
    const size = dims.reduce((product, dim) => product * dim, 1);
    return builder.weight(
      name,
      dims,
      numbers ? Float32Array.from({ length: size }, (_, at) => numbers(at)) : normals(random(1, name), size),
    );
  };
  const x = builder.input('x', 'FLOAT', ['batch', 3, 8]);
  const vectors = ['scale', 'shift', 'mean', 'variance'].map((name) => own(name, [3], () => 1));
  let y = builder.op('', 'BatchNormalization', [x, ...vectors]);
  y = builder.op('', 'Add', [y, own('positions', [1, 3, 8])]);
  const angles = (at: number) => at / 7;
  y = builder.op('', 'Mul', [y, own('cosines', [3, 8], (at) => Math.cos(angles(at)))]);
  y = builder.op('', 'Add', [y, own('sines', [3, 8], (at) => Math.sin(angles(at)))]);
  const frequencies = builder.op('', 'Cos', [
    builder.op('', 'Transpose', [own('frequencies', [8, 1])], { perm: [1, 0] }),
  ]);
  y = builder.op('', 'Mul', [y, frequencies]);
  y = builder.op('', 'MatMul', [y, builder.op('', 'Transpose', [own('turned', [8, 8])], { perm: [1, 0] })]);
  y = builder.op('', 'Mul', [y, own('layer scale', [8])]);
  y = builder.op('', 'Mul', [y, own('single', [1])]);
  y = builder.op('', 'Add', [y, own('mask', [3, 8], (at) => (at % 3 === 0 ? -3.4e38 : 0))]);
  builder.output(builder.op('', 'MatMul', [y, own('head', [8, 2])]), 'logits', 'FLOAT', ['batch', 3, 2]);
  builder.output(builder.op('', 'MatMul', [x, own('elsewhere', [8, 2])]), 'other', 'FLOAT', ['batch', 3, 2]);
  const found = trainableWeights(standardForm(builder.model), ['logits']);
  expect(found.map(({ name, decays }) => [name, decays])).toEqual([
    ['scale', false],
    ['shift', false],
    ['positions', false],
    ['turned', true],
    ['layer scale', false],
    ['head', true],
  ]);
});

it.each([
  ['logits', ['batch', 10], 'divergence'],
  ['output', ['batch', 10], 'divergence'],
  ['logits', ['batch', 'tokens', 100], 'divergence'],
  ['last_hidden_state', ['batch', 'tokens', 32], 'error'],
  ['image_embeds', ['batch', 32], 'error'],
  ['output', ['batch', 1], 'error'],
  ['output', ['batch', 3, 8, 8], 'error'],
])('the loss of %s %j is %s', (name, shape, kind) => {
  const builder = new GraphBuilder('one');
  builder.output(builder.op('', 'Neg', [builder.input('x', 'FLOAT', shape)]), name, 'FLOAT', shape);
  const { outputs } = builder.model.graph;
  expect(lossKindOf(outputs[0], answerOutputs([{ name, type: outputs[0].type }]).kind)).toBe(kind);
});
