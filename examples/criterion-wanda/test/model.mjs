// A Transformer block of one head, small enough to be computed by hand: input [batch, 5, 8], 6 hidden query/key, 6 value and 12 FFN neurons.
import { Graph, Model, Tensor } from '@snp/onnx';

export const SIZES = { tokens: 5, width: 8, heads: 6, hidden: 12 };

/** Numbers that look random, the same every time. */
export function numbers(count, seed) {
  return Float32Array.from({ length: count }, (_, at) => Math.sin(12.9898 * (at + 1) + 78.233 * seed) ** 3);
}

const { tokens, width, heads, hidden } = SIZES;
export const weights = {
  query: { rows: width, columns: heads, data: numbers(width * heads, 1) },
  key: { rows: width, columns: heads, data: numbers(width * heads, 2) },
  value: { rows: width, columns: heads, data: numbers(width * heads, 3) },
  out: { rows: heads, columns: width, data: numbers(heads * width, 4) },
  up: { rows: width, columns: hidden, data: numbers(width * hidden, 5) },
  down: { rows: hidden, columns: width, data: numbers(hidden * width, 6) },
};

/** The block in ONNX. */
export function buildModel() {
  const model = new Model(new Graph('block'));
  model.opsets.set('', 17);
  model.irVersion = 8;
  const { graph } = model;
  const op = (name, kind, inputs, attributes = {}) =>
    graph.addNode({ op: kind, name, inputs, outputs: [`${name}_output`], attributes }).outputs[0];
  const weight = (name) => {
    const { rows, columns, data } = weights[name];
    return graph.addInitializer(name, Tensor.float32([rows, columns], data));
  };
  const x = graph.addValue('tokens');
  x.type = { elementType: 'FLOAT', shape: ['batch', tokens, width] };
  graph.inputs.push(x);
  const [query, key, value] = ['query', 'key', 'value'].map((name) => op(`/${name}`, 'MatMul', [x, weight(name)]));
  const scores = op('/scores', 'MatMul', [query, op('/turn', 'Transpose', [key], { perm: [0, 2, 1] })]);
  const mixed = op('/mix', 'MatMul', [op('/softmax', 'Softmax', [scores], { axis: -1 }), value]);
  const stream = op('/add', 'Add', [x, op('/out', 'MatMul', [mixed, weight('out')])]);
  const inside = op('/relu', 'Relu', [op('/up', 'MatMul', [stream, weight('up')])]);
  const y = op('/answer', 'Add', [stream, op('/down', 'MatMul', [inside, weight('down')])]);
  y.type = { elementType: 'FLOAT', shape: ['batch', tokens, width] };
  graph.outputs.push(y);
  return model;
}
