// Graphs of any number of nodes, of three kinds, with small random weights.
import { Graph, Node, Tensor } from '@snp/onnx';
import { buildTransformer, GraphBuilder, PLAIN_BLOCK } from '@snp/testing';

const [WIDTH, TOKENS] = [16, 5];

/** Many plain blocks, every norm taken apart, every other projection fused. */
export function largeTransformer(nodes) {
  const plain = { ...PLAIN_BLOCK, norm: 'decomposed', mask: 'causal' };
  const blocks = (count) =>
    Array.from({ length: count }, (_, at) => ({ ...plain, projection: at % 2 === 0 ? 'split' : 'separate' }));
  const build = (count) =>
    buildTransformer({ seed: 1, residual: WIDTH, blocks: blocks(count), input: 'features', head: true, noise: 0 });
  const [two, four] = [build(2), build(4)].map((model) => model.graph.nodes.length);
  return build(Math.round((2 * (nodes - two)) / (four - two)) + 2);
}

/** No weight anywhere: activations that gate and attend to themselves, and the arithmetic of shapes that exporters write. */
export function largeWithoutWeights(nodes) {
  return grown(nodes, (write, x) => {
    const shape = write('Shape', [x]);
    const batch = write('Gather', [shape, write.ints(0)], { axis: 0 });
    const target = write('Concat', [batch, write.ints(TOKENS), write.ints(2), write.ints(-1)], { axis: 0 });
    const heads = write('Transpose', [write('Reshape', [x, target])], { perm: [0, 2, 1, 3] });
    const map = write('Softmax', [write('MatMul', [heads, write('Transpose', [heads], { perm: [0, 1, 3, 2] })])]);
    const mixed = write('Transpose', [write('MatMul', [map, heads])], { perm: [0, 2, 1, 3] });
    const back = write('Concat', [batch, write.ints(TOKENS), write.ints(-1)], { axis: 0 });
    const gated = write('Mul', [x, write('Sigmoid', [write('Reshape', [mixed, back])])]);
    return write('Add', [write('Add', [gated, gated]), x]);
  });
}

/** Branches and concatenations: residual sums, bodies of If, layers that join all before them, values split and joined again, values joined with themselves. */
export function largeEntangled(nodes) {
  const kinds = [residual, branching, dense, rejoined, doubled];
  return grown(nodes, (write, x, step) => kinds[step % kinds.length](write, x, step));
}

function residual(write, x) {
  return write('Add', [x, linear(write, write('Relu', [linear(write, x, WIDTH, 2 * WIDTH)]), 2 * WIDTH, WIDTH)]);
}

/** A body that reads the stream and a weight by name. */
function branching(write, x, step) {
  const weight = write.weight([WIDTH]);
  const body = (op) => {
    const graph = new Graph(`${op}_${step}`, write.graph);
    const value = graph.addValue(`${op}_${step}_output`);
    value.type = { elementType: 'FLOAT', shape: ['batch', TOKENS, WIDTH] };
    graph.insert(new Node(op, [x, weight], [value]));
    graph.outputs.push(value);
    return { type: 'GRAPH', value: graph };
  };
  return write('If', [write.condition], { then_branch: body('Add'), else_branch: body('Mul') });
}

function dense(write, x) {
  const layers = [x];
  for (let layer = 0; layer < 8; layer++) {
    const joined = write('Concat', layers, { axis: -1 });
    layers.push(write('Relu', [linear(write, joined, WIDTH + layer * 4, 4)]));
  }
  return linear(write, write('Concat', layers, { axis: -1 }), WIDTH + 32, WIDTH);
}

function rejoined(write, x) {
  const halves = write.many('Split', [x], 2, { axis: -1 });
  const swapped = write('Concat', [...halves].reverse(), { axis: -1 });
  const joined = write('Concat', [x, swapped, write('Concat', [swapped, x], { axis: -1 })], { axis: -1 });
  return write('Add', [x, linear(write, joined, 4 * WIDTH, WIDTH)]);
}

function doubled(write, x) {
  let value = x;
  for (let round = 0; round < 4; round++) value = write('Concat', [value, value], { axis: -1 });
  return linear(write, value, 16 * WIDTH, WIDTH);
}

function linear(write, x, from, to) {
  return write('Add', [write('MatMul', [x, write.weight([from, to])]), write.weight([to])]);
}

/** A model of a stream `[batch, tokens, width]` to which `step` adds until it has so many nodes. */
function grown(nodes, step) {
  const builder = new GraphBuilder('large');
  const { graph } = builder.model;
  const input = builder.input('input', 'FLOAT', ['batch', TOKENS, WIDTH]);
  const write = (op, inputs, attributes = {}) => builder.op('', op, inputs, attributes);
  let weights = 0;
  const seed = Float32Array.from({ length: 16 * WIDTH * WIDTH }, (_, i) => Math.sin(i));
  Object.assign(write, {
    graph,
    many: (op, inputs, count, attributes) => builder.ops('', op, inputs, count, attributes),
    ints: (...items) => graph.addInitializer(`ints_${weights++}`, Tensor.int64([items.length], items)),
    weight: (dims) =>
      builder.weight(
        `weight_${weights++}`,
        dims,
        seed.slice(
          0,
          dims.reduce((product, dim) => product * dim),
        ),
      ),
  });
  write.condition = builder.input('condition', 'BOOL', []);
  let x = input;
  for (let at = 0; graph.nodes.length < nodes; at++) x = step(write, x, at);
  builder.output(write('Identity', [x]), 'output', 'FLOAT', ['batch', TOKENS, WIDTH]);
  return builder.model;
}
