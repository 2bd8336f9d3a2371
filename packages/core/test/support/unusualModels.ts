import { type DataType, dataTypeCode, Graph, type Model, Tensor, type Value } from '@snp/onnx';
import { buildEncoder, GraphBuilder, inputs, normals, random } from '@snp/testing';

const SIZES = {
  vocabulary: 30,
  positions: 12,
  residual: 24,
  depth: 2,
  heads: 3,
  labels: 4,
  blocks: { queryKey: 8, value: 8, ffn: 40 },
  order: 'pre-norm',
} as const;

/** An encoder over `input_ids` and `attention_mask`, both [batch, sequence]. */
export const encoder = () => buildEncoder(SIZES);

/** Seven tokens for it, none of them masked. */
export const tokens = (seed: number, batch = 1) =>
  inputs(
    [
      { name: 'input_ids', dtype: 'int64', shape: [1, 7], fill: 'randint:30' },
      { name: 'attention_mask', dtype: 'int64', shape: [1, 7], fill: 'ones' },
    ],
    { seed, batch },
  );

/** The encoder with weights and activations of float16, answering in float32. */
export function inHalf(model = encoder()): Model {
  const { graph } = model;
  const half = (tensor: Tensor) => Tensor.fromNumbers('FLOAT16', tensor.dims, tensor.numbers());
  for (const value of graph.initializers) {
    if (value.tensor!.dataType !== 'FLOAT') continue;
    value.tensor = half(value.tensor!);
    value.type = { elementType: 'FLOAT16', shape: [...value.tensor.dims] };
  }
  for (const node of graph.nodes) {
    const constant = node.opType === 'Constant' ? node.tensor('value') : undefined;
    if (constant?.dataType === 'FLOAT') node.set('value', half(constant));
    if (node.opType === 'Cast' && node.int('to') === dataTypeCode('FLOAT')) node.set('to', dataTypeCode('FLOAT16'));
  }
  answerWith(model, (logits) => {
    const cast = graph.addNode({ op: 'Cast', inputs: [logits], attributes: { to: dataTypeCode('FLOAT') } });
    return cast.outputs[0]!;
  });
  return model;
}

/** The encoder with a branch behind its answer that reads that, and a weight, from outside. */
export function withBranch(): Model {
  const model = encoder();
  const { graph } = model;
  const weight = graph.addInitializer('outer', Tensor.float32([4, 4], normals(random(3), 16)));
  const zero = graph.addInitializer('zero', Tensor.float32([], [0]));
  answerWith(model, (logits) => {
    const sum = graph.addNode({ op: 'ReduceL1', inputs: [logits], attributes: { keepdims: 0 } }).outputs[0]!;
    const flag = graph.addNode({ op: 'Greater', inputs: [sum, zero] }).outputs[0]!;
    const branch = (name: string, make: (inner: Graph) => Value) => {
      const inner = new Graph(name, graph);
      const result = make(inner);
      result.type = { elementType: 'FLOAT', shape: undefined };
      inner.outputs.push(result);
      return { type: 'GRAPH' as const, value: inner };
    };
    const product = (inner: Graph) => inner.addNode({ op: 'MatMul', inputs: [logits, weight] }).outputs[0]!;
    const attributes = {
      then_branch: branch('then', product),
      else_branch: branch('else', (inner) => inner.addNode({ op: 'Relu', inputs: [logits] }).outputs[0]!),
    };
    return graph.addNode({ op: 'If', inputs: [flag], attributes }).outputs[0]!;
  });
  return model;
}

/** The encoder with a loop behind its answer: twice a product with a weight of outside, which the body reads by name. */
export function withLoop(): Model {
  const model = encoder();
  const { graph } = model;
  const weight = graph.addInitializer('outer', Tensor.float32([4, 4], normals(random(3), 16)));
  const trips = graph.addInitializer('trips', Tensor.int64([], [2]));
  answerWith(model, (logits) => {
    const body = new Graph('body', graph);
    const entering = (name: string, elementType: DataType, shape: number[] | undefined) => {
      const value = body.addValue(name);
      value.type = { elementType, shape };
      body.inputs.push(value);
      return value;
    };
    entering('trip', 'INT64', []);
    const going = entering('going', 'BOOL', []);
    const carried = entering('carried', 'FLOAT', undefined);
    const [goesOn] = body.addNode({ op: 'Identity', inputs: [going], outputs: ['goes_on'] }).outputs;
    const [product] = body.addNode({ op: 'MatMul', inputs: [carried, weight], outputs: ['product'] }).outputs;
    goesOn!.type = { elementType: 'BOOL', shape: [] };
    product!.type = { elementType: 'FLOAT', shape: undefined };
    body.outputs.push(goesOn!, product!);
    const attributes = { body: { type: 'GRAPH' as const, value: body } };
    return graph.addNode({ op: 'Loop', inputs: [trips, undefined, logits], attributes }).outputs[0]!;
  });
  return model;
}

/** The encoder as exported for so many samples of seven tokens. */
export function ofBatch(samples: number): Model {
  const model = encoder();
  for (const value of model.graph.inputs) value.type = { elementType: 'INT64', shape: [samples, 7] };
  return model;
}

/** The encoder, with a sequence as a further answer. */
export function answeringSequence(): Model {
  const model = encoder();
  const [logits] = model.graph.outputs;
  const { outputs } = model.graph.addNode({ op: 'SequenceConstruct', inputs: [logits, logits] });
  model.graph.outputs.push(outputs[0]!);
  return model;
}

/** Makes something of the answer, which then has its name. */
function answerWith({ graph }: Model, make: (logits: Value) => Value): void {
  const [logits] = graph.outputs;
  const { name, type } = logits;
  graph.values.delete(name);
  logits.name = `inner_${name}`;
  logits.type = undefined;
  graph.values.set(logits.name, logits);
  const answer = make(logits);
  graph.values.delete(answer.name);
  answer.name = name;
  answer.type = { elementType: type!.elementType, shape: [...type!.shape!] };
  graph.values.set(name, answer);
  graph.outputs.splice(0, 1, answer);
}

/** A Transformer whose stream is [tokens, batch, channels], over `input_ids` [batch, sequence]. */
export function sequenceFirst(): Model {
  const builder = new GraphBuilder('sequence-first');
  const draw = random(5);
  const [channels, heads, width, hidden] = [24, 3, 8, 40];
  const op = (name: string, values: Value[], attributes = {}) => builder.op('', name, values, attributes);
  const weight = (name: string, dims: number[], scale = 1 / Math.sqrt(dims[0])) =>
    builder.weight(
      name,
      dims,
      normals(
        draw,
        dims.reduce((product, dim) => product * dim, 1),
      ).map((number) => scale * number),
    );
  const linear = (name: string, x: Value, [from, to]: [number, number]) =>
    op('Add', [op('MatMul', [x, weight(`${name}.weight`, [from, to])]), weight(`${name}.bias`, [to], 0.1)]);
  const norm = (name: string, x: Value) =>
    op('LayerNormalization', [
      x,
      builder.weight(`${name}.scale`, [channels], new Float32Array(channels).fill(1)),
      weight(`${name}.shift`, [channels], 0.1),
    ]);
  const byHead = (x: Value, perm: number[]) =>
    op('Transpose', [op('Reshape', [x, builder.ints('', [0, 0, heads, width])])], { perm });
  const ids = builder.input('input_ids', 'INT64', ['batch', 'sequence']);
  let x = op('Transpose', [op('Gather', [weight('table', [30, channels], 1), ids])], { perm: [1, 0, 2] });
  for (const block of ['0', '1']) {
    const read = norm(`${block}.n1`, x);
    const part = (name: string) => linear(`${block}.${name}`, read, [channels, heads * width]);
    const scores = op('MatMul', [byHead(part('query'), [1, 2, 0, 3]), byHead(part('key'), [1, 2, 3, 0])]);
    const map = op('Softmax', [op('Mul', [scores, builder.float('', width ** -0.5)])], { axis: -1 });
    const mixed = op('Transpose', [op('MatMul', [map, byHead(part('value'), [1, 2, 0, 3])])], { perm: [2, 0, 1, 3] });
    const joined = op('Reshape', [mixed, builder.ints('', [0, 0, heads * width])]);
    x = op('Add', [x, linear(`${block}.out`, joined, [heads * width, channels])]);
    const active = op('Relu', [linear(`${block}.up`, norm(`${block}.n2`, x), [channels, hidden])]);
    x = op('Add', [x, linear(`${block}.down`, active, [hidden, channels])]);
  }
  const answers = op('Transpose', [linear('head', norm('n', x), [channels, 4])], { perm: [1, 0, 2] });
  builder.output(answers, 'logits', 'FLOAT', ['batch', 'sequence', 4]);
  return builder.model;
}
