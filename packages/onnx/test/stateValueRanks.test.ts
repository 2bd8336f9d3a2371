import { describe, expect, it } from 'vitest';
import { decodeModel, encodeModel, type FileDim, Graph, type Model, stateValueRanks, Tensor } from '../src/index.js';
import { addInput, apply, emptyModel, floats } from './support/graphs.js';
import { plainSession } from './support/runtime.js';

const WIDTH = 16;

/** Grouped queries whose values come out of a body: the runtime knows no shape of them. */
function grouped(shape?: FileDim[]): Model {
  const model = emptyModel();
  model.opsets.set('com.microsoft', 1);
  const { graph } = model;
  const x = addInput(model, 'x', ['batch', 6, WIDTH]);
  const body = new Graph('body', graph);
  const names = ['round', 'goes_on', 'state'].map((name) => body.addValue(name));
  const types = ['INT64', 'BOOL', 'FLOAT'] as const;
  for (const [at, value] of names.entries()) {
    value.type = { elementType: types[at], shape: at < 2 ? [] : undefined };
    body.inputs.push(value);
    const name = `next_${value.name}`;
    if (at > 0) body.outputs.push(body.addNode({ op: 'Identity', inputs: [value], outputs: [name] }).outputs[0]!);
  }
  const inputs = [graph.addInitializer('times', Tensor.int64([], [1])), undefined, x];
  const made = apply(model, 'Loop', inputs, { body: { type: 'GRAPH', value: body } }, 'values');
  if (shape) made.type = { elementType: 'FLOAT', shape };
  const number = (name: string, dims: number[], item: number) =>
    graph.addInitializer(name, Tensor.of('INT32', dims, Int32Array.of(item)));
  const node = graph.addNode({
    op: 'GroupQueryAttention',
    domain: 'com.microsoft',
    inputs: [x, x, made, undefined, undefined, number('last', [1], 5), number('total', [], 6)],
    outputs: ['mixed'],
    attributes: { num_heads: 2, kv_num_heads: 2 },
  });
  const weight = graph.addInitializer('weight', floats([WIDTH, 1], new Array(WIDTH).fill(1)));
  graph.outputs.push(apply(model, 'MatMul', [node.outputs[0], weight], {}, 'y'));
  graph.outputs[0].type = { elementType: 'FLOAT', shape: undefined };
  return model;
}

describe('stateValueRanks', () => {
  it('lets the runtime see that queries hold no keys and values', async () => {
    const model = grouped();
    await expect(plainSession(model)).rejects.toThrow('Incompatible dimensions');
    stateValueRanks(model);
    const again = decodeModel(Buffer.concat(encodeModel(model)));
    expect(again.graph.value('values').type).toEqual({
      elementType: 'FLOAT',
      shape: [undefined, undefined, undefined],
    });
    await (await plainSession(again)).release();
  });

  it('leaves what is stated', () => {
    const model = grouped(['batch', 6, WIDTH]);
    stateValueRanks(model);
    expect(model.graph.value('values').type?.shape).toEqual(['batch', 6, WIDTH]);
  });
});
