import { type Graph, isPointwise, type Model, type Node, Tensor, type Value } from '@snp/onnx';
import { TapBuilder } from '@snp/runtime';
import type { LastLayer } from '../layers/branchLayers.js';
import { isOwnWeight, storedWeight } from '../layers/weights.js';

/** A linear layer that writes hidden neurons, and the activation function behind it. */
export interface HiddenLayer {
  /** What it reads, its features on the last axis. */
  input: Value;
  /** [inputs, neurons], or the other way round where `axis` is 0. */
  weight: Value;
  /** Axis of the weight that runs along the neurons. */
  axis: 0 | 1;
  bias: Value | undefined;
  /** What goes into the activation function, bias included. */
  before: Value;
  /** The neurons as the next layer reads them. */
  neurons: Value;
  /** What leads from the one to the other, in graph order. */
  activation: readonly Node[];
}

/**
 * The layers that write the hidden neurons which a layer reads: one, or two where one gates the other. None unless all that lies between works number by number, on neurons that
 * keep their places.
 */
export function hiddenLayers({ site, group }: LastLayer): HiddenLayer[] {
  if (group.kind !== 'ffn' || site.axis !== site.rank - 1) return [];
  const found: Omit<HiddenLayer, 'activation'>[] = [];
  const between = new Set<Node>();
  const waiting = [site.value];
  for (let value = waiting.pop(); value; value = waiting.pop()) {
    if (value.tensor) continue;
    const node = value.producer;
    const layer = node && layerEndingIn(node);
    if (layer) {
      const width = layer.weight.tensor!.dims[layer.axis];
      if (width !== group.units) return [];
      if (!found.some(({ before }) => before === value)) found.push({ ...layer, before: value, neurons: site.value });
    } else if (!node || !isPointwise(node)) return [];
    else if (!between.has(node)) {
      between.add(node);
      waiting.push(...node.inputs.flatMap((input) => input ?? []));
    }
  }
  return found.map((layer) => ({ ...layer, activation: behind(layer.before, between) }));
}

/** The matrix product that a node is, or adds a bias to. */
function layerEndingIn(node: Node): Pick<HiddenLayer, 'input' | 'weight' | 'axis' | 'bias'> | undefined {
  const plain = productOf(node, undefined);
  if (plain || node.opType !== 'Add') return plain;
  const [a, b] = node.inputs;
  return biased(a, b) ?? biased(b, a);
}

function biased(product: Value | undefined, bias: Value | undefined) {
  const node = product?.producer;
  if (node?.opType !== 'MatMul' || product!.uses.size !== 1 || !storedWeight(bias)) return undefined;
  return productOf(node, bias);
}

function productOf(node: Node, bias: Value | undefined) {
  const [input, second, third] = node.inputs;
  const weight = storedWeight(second);
  if (!input || input.tensor || !isOwnWeight(weight) || weight.tensor!.dims.length !== 2) return undefined;
  if (node.opType === 'Gemm') {
    const scaled = node.float('alpha', 1) !== 1 || node.float('beta', 1) !== 1 || node.int('transA', 0) === 1;
    const axis = node.int('transB', 0) === 1 ? (0 as const) : (1 as const);
    return scaled ? undefined : { input, weight, axis, bias: biasOf(third, weight.tensor!.dims[axis]) };
  }
  return node.opType === 'MatMul'
    ? { input, weight, axis: 1 as const, bias: biasOf(bias, weight.tensor!.dims[1]) }
    : undefined;
}

/** A bias that can be changed: others are left as they are. */
function biasOf(value: Value | undefined, width: number): Value | undefined {
  const bias = storedWeight(value);
  const fits = isOwnWeight(bias) && bias.tensor!.size === width && bias.tensor!.dims.at(-1) === width;
  return fits ? bias : undefined;
}

/** Those nodes that a value goes through, in graph order. */
function behind(value: Value, nodes: ReadonlySet<Node>): Node[] {
  const reached = new Set([value]);
  const found: Node[] = [];
  for (const node of value.producer!.graph!.nodes) {
    if (!nodes.has(node) || !node.inputs.some((input) => input && reached.has(input))) continue;
    found.push(node);
    for (const output of node.outputs) if (output) reached.add(output);
  }
  return found;
}

/** Far enough for digits, near enough for functions that bend over a distance of about one. */
const STEP = 0.01;

/**
 * Adds to a model the slopes of an activation function where it is: how fast each neuron changes with what goes into it. In float32, whatever the model computes in: differences
 * of float16 numbers are mostly rounding.
 *
 * @param model The one that the layer was found in, or a part of it.
 */
export function slopesOf(model: Model, { before, neurons, activation }: HiddenLayer): Value {
  const { graph } = model;
  const build = new TapBuilder(model);
  const op = (op: string, inputs: Value[]) => graph.addNode({ op, inputs, outputs: [`slope_${op}`] }).outputs[0]!;
  const number = (x: number) => graph.addInitializer('slope_step', Tensor.float32([], Float32Array.of(x)));
  const shifted = (by: number) => {
    const copies = new Map([[before.name, op('Add', [build.single(graph.value(before.name)), number(by)])]]);
    for (const node of activation) copyNode(graph, node, copies, build);
    return copies.get(neurons.name)!;
  };
  return op('Div', [op('Sub', [shifted(STEP), shifted(-STEP)]), number(2 * STEP)]);
}

/** A node once more, on copies of its inputs where there are any. */
function copyNode(graph: Graph, node: Node, copies: Map<string, Value>, build: TapBuilder): void {
  const copy = graph.addCopy(node, {
    inputs: node.inputs.map((input) => input && (copies.get(input.name) ?? build.single(graph.value(input.name)))),
    outputs: node.outputs.map((output) => `slope_${output!.name}`),
  });
  for (const [at, output] of node.outputs.entries()) copies.set(output!.name, copy.outputs[at]!);
}
