import { inferShapes, type Model, type Node, Tensor, type Value } from '@snp/onnx';
import { type Random, random } from '@snp/testing';

const UNARY = ['Relu', 'Neg', 'Abs', 'Sigmoid', 'Tanh', 'Exp', 'Softmax', 'Identity', 'Erf', 'HardSigmoid'] as const;
const BINARY = ['Add', 'Sub', 'Mul', 'Max', 'Min', 'Div'] as const;

/** Changes a model in a few places, as no exporter would: what comes out may be nonsense, but it is a graph all the same. */
export function mutate(model: Model, seed: number, count: number): void {
  const draw = random(seed, 'mutations');
  for (let done = 0; done < count; done++) MUTATIONS[draw.integer(MUTATIONS.length)](model, draw);
  model.graph.removeDead();
}

type Mutation = (model: Model, draw: Random) => void;

const MUTATIONS: readonly Mutation[] = [
  exchangeOperator,
  exchangeOperator,
  insertOperator,
  permute,
  changeNumbers,
  changeAxis,
  rewire,
  rewire,
  rewire,
  shareWeight,
  addOutput,
  sumOver,
];

function pick<T>(list: readonly T[], draw: Random): T | undefined {
  return list[draw.integer(list.length)];
}

function exchangeOperator({ graph }: Model, draw: Random): void {
  const among = (names: readonly string[]) => graph.nodes.filter(({ op }) => names.includes(op));
  const names: readonly string[] = draw.uniform() < 0.5 ? UNARY : BINARY;
  const node = pick(among(names), draw);
  if (node) node.opType = pick(names, draw)!;
}

function insertOperator({ graph }: Model, draw: Random): void {
  const node = pick(graph.nodes, draw);
  const index = node ? draw.integer(node.inputs.length) : 0;
  const value = node?.inputs[index];
  if (!node || !value || value.type?.elementType === 'INT64' || isInteger(value)) return;
  const [made] = graph.addNode({
    op: pick(UNARY, draw)!,
    inputs: [value],
    outputs: ['inserted'],
    before: node,
  }).outputs;
  node.setInput(index, made);
}

function isInteger({ tensor }: Value): boolean {
  return tensor !== undefined && tensor.dataType !== 'FLOAT';
}

function permute({ graph }: Model, draw: Random): void {
  const node = pick(
    graph.nodes.filter(({ op }) => op === 'Transpose'),
    draw,
  );
  const perm = node?.ints('perm');
  if (node && perm) node.set('perm', shuffled(perm, draw));
}

function shuffled(list: readonly number[], draw: Random): number[] {
  const rest = [...list];
  return list.map(() => rest.splice(draw.integer(rest.length), 1)[0]);
}

/** Sizes, bounds and indices. */
function changeNumbers({ graph }: Model, draw: Random): void {
  const node = pick(
    graph.nodes.filter(({ op, attributes }) => op === 'Constant' && attributes.has('value')),
    draw,
  );
  const tensor = node?.tensor('value');
  if (!node || tensor?.dataType !== 'INT64' || tensor.size === 0) return;
  const numbers = Array.from(tensor.array() as BigInt64Array, Number);
  if (draw.uniform() < 0.5) numbers[draw.integer(numbers.length)] = draw.integer(6) - 1;
  node.set('value', Tensor.int64(tensor.dims, draw.uniform() < 0.5 ? shuffled(numbers, draw) : numbers));
}

function changeAxis({ graph }: Model, draw: Random): void {
  const node = pick(
    graph.nodes.filter(({ attributes }) => attributes.has('axis')),
    draw,
  );
  node?.set('axis', draw.integer(4) - 1);
}

/** An input becomes another value of the same shape. */
function rewire(model: Model, draw: Random): void {
  const { graph } = model;
  const shapes = inferShapes(model);
  const describe = (value: Value) => `${shapes.elementType(value)} ${shapes.shape(value)?.map(String).join()}`;
  const node = pick(graph.nodes, draw);
  const index = node ? draw.integer(node.inputs.length) : 0;
  const value = node?.inputs[index];
  if (!node || !value || shapes.elementType(value) !== 'FLOAT') return;
  const before = new Set(graph.nodes.slice(0, graph.nodes.indexOf(node)));
  const others = [...graph.initializers, ...[...before].flatMap(({ outputs }) => outputs)].filter(
    (other) => other && other !== value && describe(other) === describe(value),
  );
  const other = pick(others, draw);
  if (other) node.setInput(index, other);
}

/** Two weights of one shape become one. */
function shareWeight({ graph }: Model, draw: Random): void {
  const value = pick(graph.initializers, draw);
  if (!value || isInteger(value)) return;
  const shape = value.tensor!.dims.join();
  const others = graph.initializers.filter(
    (other) => other !== value && other.tensor!.dims.join() === shape && !isInteger(other),
  );
  pick(others, draw)?.replaceAllUsesWith(value);
}

function addOutput(model: Model, draw: Random): void {
  const { graph } = model;
  const value = pick(
    graph.nodes.flatMap(({ outputs }: Node) => outputs),
    draw,
  );
  if (value && !graph.outputs.includes(value) && inferShapes(model).elementType(value) === 'FLOAT') {
    value.type = { elementType: 'FLOAT', shape: undefined };
    graph.outputs.push(value);
  }
}

/** The mean or maximum over an axis is taken from a value. */
function sumOver({ graph, opset }: Model, draw: Random): void {
  const node = pick(
    graph.nodes.filter(({ op }) => op === 'Add' || op === 'MatMul'),
    draw,
  );
  const value = node?.outputs[0];
  if (!value || opset >= 18) return;
  const after = graph.nodes[graph.nodes.indexOf(node!) + 1];
  const readers = [...value.uses];
  const place = after ? { before: after } : {};
  const attributes = { axes: [draw.integer(3) - 1], keepdims: 1 };
  const op = pick(['ReduceMean', 'ReduceMax', 'ReduceL2'], draw)!;
  const [mean] = graph.addNode({ op, inputs: [value], outputs: ['reduced'], attributes, ...place }).outputs;
  const [rest] = graph.addNode({ op: 'Sub', inputs: [value, mean], outputs: ['centred'], ...place }).outputs;
  for (const use of readers) use.node.setInput(use.index, rest);
}
