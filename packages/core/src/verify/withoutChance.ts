import { cloneModel, dataTypeCode, type Model, type Node, Tensor } from '@snp/onnx';

/** Operators that draw numbers, each with the one in the middle of what it draws. */
const DRAWS: Readonly<Record<string, (node: Node) => number>> = {
  RandomUniform: middleOf,
  RandomUniformLike: middleOf,
  RandomNormal: (node) => node.float('mean', 0),
  RandomNormalLike: (node) => node.float('mean', 0),
};

/** Operators that draw by shares which they are given; with the same seed, they draw the same. */
const SEEDED = ['Bernoulli', 'Multinomial'];

/** True if two runs of a model may give different answers. */
export function drawsNumbers({ graph }: Model): boolean {
  return graph.nodes.some((node) => node.op in DRAWS || SEEDED.includes(node.op) || trains(node));
}

/** Dropout is told by its third input to drop something. */
function trains({ op, inputs }: Node): boolean {
  return op === 'Dropout' && inputs[2] !== undefined;
}

/** The model with the same number in place of every one that it draws (as models do that were exported for training), so that answers can be compared. */
export function withoutChance(original: Model): Model {
  const model = cloneModel(original);
  for (const node of [...model.graph.nodes]) {
    if (node.op in DRAWS) fixDraw(model, node);
    else if (trains(node)) node.truncateInputs(2);
    else if (SEEDED.includes(node.op)) node.set('seed', { float: 1 });
  }
  return model;
}

function fixDraw({ graph }: Model, node: Node): void {
  const name = node.outputs[0]!.name;
  const [like] = node.inputs;
  const stated = node.ints('shape') ?? [];
  const shape = like
    ? graph.addNode({ op: 'Shape', inputs: [like], outputs: [`${name}_shape`], before: node }).outputs[0]!
    : graph.addInitializer(`${name}_shape`, Tensor.int64([stated.length], stated));
  const value = Tensor.float32([1], [DRAWS[node.op](node)]);
  const type = node.int('dtype') ?? dataTypeCode(like?.type?.elementType ?? 'FLOAT');
  const attributes = { value };
  const inputs = [shape];
  const [same] = graph.addNode({
    op: 'ConstantOfShape',
    inputs,
    outputs: [`${name}_same`],
    attributes,
    before: node,
  }).outputs;
  const cast = { op: 'Cast', inputs: [same], outputs: [`${name}_cast`], attributes: { to: type }, before: node };
  node.outputs[0]!.replaceAllUsesWith(graph.addNode(cast).outputs[0]!);
}

function middleOf(node: Node): number {
  return (node.float('low', 0) + node.float('high', 1)) / 2;
}
