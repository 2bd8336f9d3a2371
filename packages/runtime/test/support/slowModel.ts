import { Tensor } from '@snp/onnx';
import { GraphBuilder } from '@snp/testing';
import type { Feeds } from '../../src/index.js';

/** A model that multiplies its input x by itself, as often as it is told to: runs of any length. */
export function slowModel() {
  const builder = new GraphBuilder('slow');
  const x = builder.input('x', 'FLOAT', ['n', 'n']);
  const times = builder.input('times', 'INT64', []);
  const { graph } = builder.model;
  const loop = new GraphBuilder('body');
  loop.input('turn', 'INT64', []);
  const on = loop.input('on', 'BOOL', []);
  const power = loop.input('power', 'FLOAT', ['n', 'n']);
  loop.output(loop.op('', 'Identity', [on]), 'on_out', 'BOOL', []);
  const product = loop.op('', 'MatMul', [power, power]);
  const small = loop.op('', 'Mul', [product, loop.weight('factor', [1], Float32Array.of(1e-3))]);
  loop.output(small, 'power_out', 'FLOAT', ['n', 'n']);
  const always = graph.addInitializer('always', new Tensor('BOOL', [], Uint8Array.of(1)));
  const result = builder.op('', 'Loop', [times, always, x], { body: loop.model.graph });
  builder.output(result, 'y', 'FLOAT', ['n', 'n']);
  return builder.model;
}
