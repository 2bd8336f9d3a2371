import {
  type DataType,
  type Graph,
  inferShapes,
  type Model,
  type Node,
  type ShapeInfo,
  SnpError,
  Tensor,
  type Value,
} from '@snp/onnx';

/** The first operator set that can add numbers into chosen rows of a tensor. */
const TARGET = 16;

/** The oldest operator set that onnxruntime runs. */
const OLDEST = 7;

/**
 * Brings a model of an older operator set to set 16, in place: attributes that became inputs, and operators that mean something else since. Results do not change.
 *
 * @throws SnpError `unsupported` for operators that newer sets do not have in this form.
 */
export function raiseOpset(model: Model): void {
  const from = model.opset;
  if (from >= TARGET) return;
  if (from < OLDEST) {
    throw new SnpError(
      'unsupported',
      `Gradients need operator set ${OLDEST} or newer; this model has ${from}. Convert it with onnx.version_converter, or export it anew.`,
    );
  }
  raiseGraph(model.graph, { from, shapes: inferShapes(model) });
  model.opsets.delete('ai.onnx');
  model.opsets.set('', TARGET);
  // Operator set 16 came with version 8 of the file format.
  model.irVersion = Math.max(model.irVersion, 8);
}

interface Raising {
  from: number;
  shapes: ShapeInfo;
}

function raiseGraph(graph: Graph, raising: Raising): void {
  for (const node of [...graph.nodes]) {
    for (const inner of node.subgraphs) raiseGraph(inner, raising);
    const change = CHANGES[node.op];
    if (change && raising.from < change.since) change.apply(node, raising);
  }
}

interface Change {
  /** The operator set that has the new form. */
  since: number;
  apply(node: Node, raising: Raising): void;
}

/** Whole numbers that become an input in place of an attribute. */
function asInput(name: string, index: number): Change['apply'] {
  return (node) => {
    const stated = node.ints(name);
    if (!stated) return;
    node.attributes.delete(name);
    node.setInput(index, ints(node, stated));
  };
}

function ints({ graph, opType }: Node, list: readonly number[]): Value {
  return graph!.addInitializer(`${opType}_ints`, Tensor.int64([list.length], list));
}

function number({ graph, opType }: Node, type: DataType, value: number): Value {
  return graph!.addInitializer(`${opType}_number`, Tensor.fromNumbers(type, [], [value]));
}

function refuse({ op, label }: Node, why: string): never {
  throw new SnpError(
    'unsupported',
    `Gradients need operator set ${TARGET}, and ${op} (node ${label}) cannot be brought to it: ${why}. Convert the model with onnx.version_converter, or export it anew.`,
    { node: label },
  );
}

const AXES: Change = { since: 13, apply: asInput('axes', 1) };

/** Attributes `min` and `max` become inputs. */
function clip(node: Node, { shapes }: Raising): void {
  const type = shapes.elementType(node.inputs[0]!) ?? 'FLOAT';
  for (const [index, name] of ['min', 'max'].entries()) {
    const stated = node.float(name);
    node.attributes.delete(name);
    if (stated !== undefined) node.setInput(index + 1, number(node, type, stated));
  }
}

function pad(node: Node, { shapes }: Raising): void {
  const type = shapes.elementType(node.inputs[0]!) ?? 'FLOAT';
  asInput('pads', 1)(node, { from: TARGET, shapes });
  node.setInput(2, number(node, type, node.float('value', 0)));
  node.attributes.delete('value');
}

function slice(node: Node): void {
  const starts = node.ints('starts') ?? [];
  const axes = node.ints('axes') ?? [...starts.keys()];
  for (const [index, list] of [starts, node.ints('ends') ?? [], axes].entries()) {
    node.setInput(index + 1, ints(node, list));
  }
  for (const name of ['starts', 'ends', 'axes']) node.attributes.delete(name);
}

function topK(node: Node): void {
  node.setInput(1, ints(node, [node.int('k', 1)]));
  node.attributes.delete('k');
}

/** Without training it does nothing, whatever its ratio. */
function dropout(node: Node): void {
  if (isRead(node, 1)) refuse(node, 'its mask is read');
  node.attributes.delete('ratio');
  node.outputs.length = 1;
}

function batchNormalization(node: Node): void {
  if (node.int('spatial', 1) === 0) refuse(node, 'it normalises each position by itself');
  if (node.outputs.some((_, index) => index > 0 && isRead(node, index)))
    refuse(node, 'the moments that it gives are read');
  for (const name of ['spatial', 'is_test']) node.attributes.delete(name);
  node.outputs.length = 1;
}

function isRead({ graph, outputs }: Node, index: number): boolean {
  const value = outputs[index];
  return value !== undefined && (value.uses.size > 0 || graph!.outputs.includes(value));
}

/** Before operator set 13 it summed over all axes from one on. */
function overLastAxes(node: Node, { shapes }: Raising): void {
  const x = node.inputs[0]!;
  const axis = node.int('axis', 1);
  const rank = shapes.shape(x)?.length;
  node.set('axis', -1);
  if (rank !== undefined && (axis + rank) % rank === rank - 1) return;
  const graph = node.graph!;
  const write = (op: string, inputs: Value[], attributes = {}) =>
    graph.addNode({ op, inputs, attributes, before: node }).outputs[0]!;
  const shape = write('Shape', [x]);
  node.setInput(0, write('Flatten', [x], { axis }));
  const output = node.outputs[0]!;
  const flat = graph.addValue(graph.uniqueName(`${output.name}_flat`));
  node.outputs[0] = flat;
  flat.producer = node;
  graph.addNode({
    op: 'Reshape',
    inputs: [flat, shape],
    outputs: [output],
    before: graph.nodes[graph.nodes.indexOf(node) + 1],
  });
}

/** Resizing of old: positions as they are times the scale, and the nearest one below. */
function resize(node: Node): void {
  const stated = node.attributes.get('scales');
  const scales =
    stated?.type === 'FLOATS'
      ? node.graph!.addInitializer('scales', Tensor.float32([stated.value.length], stated.value))
      : node.inputs[1];
  if (!scales) refuse(node, 'its scales are missing');
  const mode = node.string('mode', 'nearest') === 'nearest' ? 'nearest' : 'linear';
  node.attributes.clear();
  node.opType = 'Resize';
  node.setInput(1, undefined);
  node.setInput(2, scales);
  node.set('mode', mode).set('coordinate_transformation_mode', 'asymmetric').set('nearest_mode', 'floor');
}

const CHANGES: Readonly<Record<string, Change>> = {
  BatchNormalization: { since: 14, apply: batchNormalization },
  Clip: { since: 11, apply: clip },
  Dropout: { since: 12, apply: dropout },
  Hardmax: { since: 13, apply: overLastAxes },
  LogSoftmax: { since: 13, apply: overLastAxes },
  Pad: { since: 11, apply: pad },
  ReduceSum: AXES,
  Resize: { since: 11, apply: resize },
  RoiAlign: { since: 16, apply: (node) => refuse(node, 'its positions were others') },
  Scan: { since: 9, apply: (node) => refuse(node, 'its inputs were others') },
  Scatter: {
    since: 11,
    apply: (node) => {
      node.opType = 'ScatterElements';
    },
  },
  Slice: { since: 10, apply: slice },
  Softmax: { since: 13, apply: overLastAxes },
  Split: { since: 13, apply: asInput('split', 1) },
  Squeeze: AXES,
  TopK: { since: 10, apply: topK },
  Unsqueeze: AXES,
  Upsample: { since: 10, apply: resize },
};
