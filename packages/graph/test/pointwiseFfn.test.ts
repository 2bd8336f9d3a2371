import { GraphBuilder, random } from '@snp/testing';
import { expect, it } from 'vitest';
import { analyze } from '../src/index.js';

/** Two residual branches on a stream of 6 channels, each of two convolutions with 16 channels between them, of kernels as given. */
function branches(...kernels: readonly (readonly [first: number, second: number])[]) {
  const graph = new GraphBuilder('branches');
  const draw = random(1);
  const weight = (name: string, ...dims: number[]) =>
    graph.weight(
      name,
      dims,
      Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => draw.uniform()),
    );
  const conv = (scope: string, x: Parameters<GraphBuilder['op']>[2][0], to: number, from: number, kernel: number) =>
    graph.op(scope, 'Conv', [x, weight(scope, to, from, kernel, kernel)], { pads: Array(4).fill((kernel - 1) / 2) });
  let stream = conv('/stem', graph.input('x', 'FLOAT', [1, 3, 8, 8]), 6, 3, 1);
  for (const [at, [first, second]] of kernels.entries()) {
    const hidden = graph.op(`/${at}`, 'Relu', [conv(`/${at}/up`, stream, 16, 6, first)]);
    stream = graph.op(`/${at}`, 'Add', [stream, conv(`/${at}/down`, hidden, 6, 16, second)]);
  }
  graph.output(conv('/head', stream, 4, 6, 1), 'y', 'FLOAT', [1, 4, 8, 8]);
  return graph.model;
}

it('a hidden layer between two 1x1 convolutions on a stream is an FFN, one with a larger kernel is not', () => {
  const { groups } = analyze(branches([1, 1], [3, 1]));
  const kindOf = (name: string) =>
    groups.find(({ members }) => members.some(({ initializer, axis }) => initializer.name === name && axis === 0))
      ?.kind;
  expect(kindOf('/0/up')).toBe('ffn');
  expect(kindOf('/1/up')).toBe('channel');
  expect(kindOf('/stem')).toBe('residual');
});
