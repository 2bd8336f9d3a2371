import {
  type AttributeInit,
  cloneModel,
  type Dim,
  dataTypeCode,
  type Graph,
  inferShapes,
  type Model,
  type Node,
  type ShapeInfo,
  Tensor,
  type Value,
} from '@snp/onnx';
import type { Feed, Feeds } from '@snp/testing';

/** A model with all its floating-point numbers of 64 bits, and feeds for it. Operators keep their names, whether the runtime computes them so or not: see `runnable`. */
export function inDoubles(source: Model, feeds: Feeds): { model: Model; feeds: Feeds } {
  const model = cloneModel(source);
  widen(model.graph);
  const wide = Object.entries(feeds).map(([name, feed]): [string, Feed] => [
    name,
    feed.type === 'FLOAT' ? { type: 'DOUBLE', dims: feed.dims, data: Float64Array.from(feed.data) } : feed,
  ]);
  return { model, feeds: Object.fromEntries(wide) };
}

function widen(graph: Graph): void {
  for (const value of graph.values.values()) {
    if (value.tensor) value.tensor = widened(value.tensor);
    if (value.type?.elementType === 'FLOAT') value.type.elementType = 'DOUBLE';
  }
  for (const node of graph.nodes) {
    // What a resize and a range of sizes read is of 32 bits whatever the rest is.
    for (const [name, attribute] of node.attributes) {
      if (attribute.type === 'TENSOR') node.set(name, widened(attribute.value));
      if (attribute.type === 'GRAPH') widen(attribute.value);
    }
    if (node.op === 'Cast' && node.int('to') === dataTypeCode('FLOAT')) node.set('to', dataTypeCode('DOUBLE'));
  }
}

function widened(tensor: Tensor): Tensor {
  return tensor.dataType === 'FLOAT' ? Tensor.fromNumbers('DOUBLE', tensor.dims, tensor.numbers()) : tensor;
}

/** Operators of the gradient's own graph that the runtime has for numbers of 32 bits alone: what they round is not magnified. */
const ROUNDED: ReadonlySet<string> = new Set(['ConvTranspose', 'Resize']);

/** Operators that the runtime has for numbers of 32 bits alone, in others. */
const WRITTEN: Readonly<Record<string, (at: Writing) => Value>> = {
  AveragePool: averagePool,
  Conv: conv,
  Elu: ({ x, write, node }) =>
    write('Where', [
      write('Greater', [x, write(0)]),
      x,
      write('Mul', [write('Sub', [write('Exp', [x]), write(1)]), write(node.float('alpha', 1))]),
    ]),
  Erf: ({ x, write }) => erf(x, write),
  Gelu: ({ x, write, node }) => (node.string('approximate') === 'tanh' ? tanhGelu(x, write) : gelu(x, write)),
  'com.microsoft.FastGelu': ({ x, write }) => tanhGelu(x, write),
  'com.microsoft.Gelu': ({ x, write }) => gelu(x, write),
  GlobalAveragePool: ({ x, write, dims }) => {
    const spatial = dims(x).slice(2);
    const sum = write('ReduceSum', [x, write(ints(spatial.map((_, axis) => axis + 2)))]);
    return write('Div', [sum, write(spatial.reduce((product, size) => product * size, 1))]);
  },
  HardSigmoid: ({ x, write, node }) =>
    write('Max', [
      write('Min', [
        write('Add', [write('Mul', [x, write(node.float('alpha', 0.2))]), write(node.float('beta', 0.5))]),
        write(1),
      ]),
      write(0),
    ]),
  HardSwish: ({ x, write }) =>
    write('Mul', [
      x,
      write('Max', [write('Min', [write('Add', [write('Mul', [x, write(1 / 6)]), write(0.5)]), write(1)]), write(0)]),
    ]),
  LeakyRelu: ({ x, write, node }) =>
    write('Where', [write('Greater', [x, write(0)]), x, write('Mul', [x, write(node.float('alpha', 0.01))])]),
  Mish: ({ x, write }) => write('Mul', [x, write('Tanh', [softplus(x, write)])]),
  Softplus: ({ x, write }) => softplus(x, write),
};

const softplus = (x: Value, write: Write) => write('Log', [write('Add', [write('Exp', [x]), write(1)])]);

const gelu = (x: Value, write: Write) =>
  write('Mul', [
    write('Mul', [x, write(0.5)]),
    write('Add', [erf(write('Mul', [x, write(Math.SQRT1_2)]), write), write(1)]),
  ]);

function tanhGelu(x: Value, write: Write): Value {
  const cube = write('Mul', [write('Mul', [x, x]), write('Mul', [x, write(0.044715)])]);
  const tanh = write('Tanh', [write('Mul', [write('Add', [x, cube]), write(Math.sqrt(2 / Math.PI))])]);
  return write('Mul', [write('Mul', [x, write(0.5)]), write('Add', [tanh, write(1)])]);
}

/** Writes operators that the runtime computes with numbers of 32 bits alone in others, which it computes with 64, for the sizes of `feeds`. */
export function runnable(feeds: Feeds): (model: Model) => Model {
  return (source) => {
    const model = cloneModel(source);
    const { graph } = model;
    const given = graph.inputs.flatMap(({ name }) => (feeds[name] ? [[name, feeds[name].dims] as const] : []));
    const shapes = inferShapes(model, { inputShapes: Object.fromEntries(given) });
    writeGraph(graph, shapes);
    return model;
  };
}

function writeGraph(graph: Graph, shapes: ShapeInfo): void {
  const dims = (value: Value) => sizes(shapes.shape(value), value);
  for (const node of [...graph.nodes]) {
    for (const inner of node.subgraphs) writeGraph(inner, shapes);
    const written = WRITTEN[node.op];
    if (written) replace(node, written({ node, x: node.inputs[0]!, write: writerBefore(node), dims }));
    else if (ROUNDED.has(node.op)) round(node);
  }
}

interface Writing {
  node: Node;
  x: Value;
  write: Write;
  dims: (value: Value) => number[];
}

/** Writes a node, or a constant. */
interface Write {
  (op: string, inputs: readonly Value[], attributes?: Record<string, AttributeInit>): Value;
  (number: number | Tensor): Value;
}

function writerBefore(node: Node): Write {
  const graph = node.graph!;
  return (
    what: string | number | Tensor,
    inputs: readonly Value[] = [],
    attributes: Record<string, AttributeInit> = {},
  ) => {
    if (typeof what === 'string') return graph.addNode({ op: what, inputs, attributes, before: node }).outputs[0]!;
    return graph.addInitializer('written', typeof what === 'number' ? Tensor.fromNumbers('DOUBLE', [], [what]) : what);
  };
}

const ints = (numbers: number[], dims = [numbers.length]) => Tensor.int64(dims, numbers);

function sizes(shape: readonly Dim[] | undefined, { name }: Value): number[] {
  if (shape?.every((dim) => typeof dim === 'number')) return shape as number[];
  throw new Error(`the sizes of '${name}' are not known`);
}

function replace(node: Node, by: Value): void {
  const [output] = node.outputs as Value[];
  const { graph } = node;
  output.replaceAllUsesWith(by);
  if (graph!.outputs.includes(output)) {
    graph!.addNode({ op: 'Identity', inputs: [by], outputs: [output], before: node });
    node.outputs[0] = undefined;
  }
  graph!.removeNodes([node]);
}

/** 2/sqrt(pi) x times the mean of exp(-x^2 t^2) over t from 0 to 1, by the quadrature of Gauss and Legendre. */
function erf(x: Value, write: Write): Value {
  const { places, weights } = gaussLegendre(40);
  const row = (numbers: number[]) => write(Tensor.fromNumbers('DOUBLE', [numbers.length], numbers));
  const bounded = write('Min', [write('Max', [x, write(-6)]), write(6)]);
  const scaled = write('Mul', [write('Unsqueeze', [bounded, write(ints([-1]))]), row(places)]);
  const bells = write('Exp', [write('Neg', [write('Mul', [scaled, scaled])])]);
  const sum = write('MatMul', [bells, row(weights.map((each) => (2 / Math.sqrt(Math.PI)) * each))]);
  return write('Mul', [bounded, sum]);
}

/** Places between 0 and 1, and what each counts. */
function gaussLegendre(count: number): { places: number[]; weights: number[] } {
  const places: number[] = [];
  const weights: number[] = [];
  for (let at = 0; at < count; at++) {
    let x = Math.cos((Math.PI * (at + 0.75)) / (count + 0.5));
    let slope = 0;
    for (let round = 0; round < 100; round++) {
      let [before, now] = [1, x];
      for (let n = 2; n <= count; n++) [before, now] = [now, ((2 * n - 1) * x * now - (n - 1) * before) / n];
      slope = (count * (x * now - before)) / (x * x - 1);
      x -= now / slope;
    }
    places.push((x + 1) / 2);
    weights.push(1 / ((1 - x * x) * slope * slope));
  }
  return { places, weights };
}

/** A convolution over two axes as a product with all its windows, which are picked row by row and column by column. */
function conv({ node, x, write, dims }: Writing): Value {
  const [, w, bias] = node.inputs as Value[];
  const [made, read, ...kernel] = dims(w);
  const [samples, , ...output] = dims(node.outputs[0]!);
  const group = node.int('group', 1);
  const windows = windowsOf({ node, x, write, dims }, kernel);
  const spatial = output.flatMap((size, axis) => [size, kernel[axis]]);
  const apart = write('Reshape', [windows, write(ints([samples, group, read, ...spatial]))]);
  const perm = [1, 0, ...output.map((_, axis) => 3 + 2 * axis), 2, ...output.map((_, axis) => 4 + 2 * axis)];
  const columns = kernel.reduce((product, size) => product * size, read);
  const rows = write('Reshape', [write('Transpose', [apart], { perm }), write(ints([group, -1, columns]))]);
  const matrix = write('Reshape', [w, write(ints([group, made / group, -1]))]);
  const product = write('MatMul', [rows, write('Transpose', [matrix], { perm: [0, 2, 1] })]);
  const unrolled = write('Reshape', [product, write(ints([group, samples, ...output, made / group]))]);
  const back = [1, 0, output.length + 2, ...output.map((_, axis) => axis + 2)];
  const sum = write('Reshape', [
    write('Transpose', [unrolled], { perm: back }),
    write(ints([samples, made, ...output])),
  ]);
  return bias ? write('Add', [sum, write('Reshape', [bias, write(ints([made, ...output.map(() => 1)]))])]) : sum;
}

/** All windows that slide over the spatial axes: an axis of places and one within the window for each. */
function windowsOf({ node, x, write, dims }: Writing, kernel: readonly number[]): Value {
  const output = dims(node.outputs[0]!).slice(2);
  const strides = node.ints('strides') ?? kernel.map(() => 1);
  const dilations = node.ints('dilations') ?? kernel.map(() => 1);
  const pads = padsOf(node, dims(x).slice(2), { kernel, output, strides });
  const margin = [0, 0, ...pads.slice(0, kernel.length), 0, 0, ...pads.slice(kernel.length)];
  let windows = write('Pad', [x, write(ints(margin)), write(0)]);
  for (const axis of [...kernel.keys()].reverse()) {
    const places = Array.from({ length: output[axis] * kernel[axis] }, (_, at) => {
      const within = at % kernel[axis];
      return ((at - within) / kernel[axis]) * strides[axis] + within * dilations[axis];
    });
    windows = write('Gather', [windows, write(ints(places, [output[axis], kernel[axis]]))], { axis: axis + 2 });
  }
  return windows;
}

function padsOf(
  node: Node,
  input: readonly number[],
  { kernel, output, strides }: Record<'kernel' | 'output' | 'strides', readonly number[]>,
): number[] {
  const auto = node.string('auto_pad', 'NOTSET');
  if (!auto?.startsWith('SAME')) return node.ints('pads') ?? [...kernel, ...kernel].map(() => 0);
  const all = output.map((size, at) => Math.max(0, (size - 1) * strides[at] + kernel[at] - input[at]));
  const less = all.map((size) => size >> 1);
  const more = all.map((size, at) => size - less[at]);
  return auto === 'SAME_UPPER' ? [...less, ...more] : [...more, ...less];
}

function averagePool({ node, x, write, dims }: Writing): Value {
  const kernel = node.ints('kernel_shape')!;
  const axes = kernel.map((_, axis) => 3 + 2 * axis);
  const sum = (value: Value) =>
    write('ReduceSum', [windowsOf({ node, x: value, write, dims }, kernel), write(ints(axes))], { keepdims: 0 });
  const one = write('Expand', [write(1), write(ints(dims(x)))]);
  const all = kernel.reduce((product, size) => product * size, 1);
  return write('Div', [sum(x), node.int('count_include_pad', 0) ? write(all) : sum(one)]);
}

/** Lets an operator compute with 32 bits between others with 64. */
function round(node: Node): void {
  const graph = node.graph!;
  for (const [index, value] of node.inputs.entries()) {
    if (!value || (value.type?.elementType ?? value.tensor?.dataType) === 'INT64') continue;
    const cast = graph.addNode({
      op: 'Cast',
      inputs: [value],
      attributes: { to: dataTypeCode('FLOAT') },
      before: node,
    });
    node.setInput(index, cast.outputs[0]);
  }
  const [output] = node.outputs as Value[];
  const inner = graph.addValue(graph.uniqueName(`${output.name}_rounded`));
  node.outputs[0] = inner;
  inner.producer = node;
  const after = graph.nodes[graph.nodes.indexOf(node) + 1];
  graph.addNode({
    op: 'Cast',
    inputs: [inner],
    outputs: [output],
    attributes: { to: dataTypeCode('DOUBLE') },
    before: after,
  });
}
