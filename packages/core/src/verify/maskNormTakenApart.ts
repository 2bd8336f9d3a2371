import { type Graph, type Model, type Node, type ShapeInfo, Tensor, type Value } from '@snp/onnx';
import { type NormTakenApart, numberOf } from './normsTakenApart.js';
import type { Removed, RemovedPositions } from './removedPositions.js';

/**
 * Takes a norm over what stays: removed channels count neither in its sums nor in its widths, a width less one included. Left as it is where nothing that is
 * removed can be told, or where its sums run along other axes.
 *
 * @param done Nodes that were changed before, as those that several norms share; added to.
 */
export function maskNormTakenApart(
  { graph }: Model,
  shapes: ShapeInfo,
  norm: NormTakenApart,
  positions: RemovedPositions,
  done: Set<Node>,
): void {
  const rank = shapes.shape(norm.squares.inputs[0]!)?.length;
  const removed = channelsOf(norm, positions, rank);
  if (!removed || rank === undefined) return;
  const axes = axesOf(norm.squares, rank);
  const sizes = axes?.map((axis) => shapes.shape(norm.squares.inputs[0]!)![rank + axis]);
  if (!sizes?.length || sizes[axes!.indexOf(removed.axis)] !== removed.size) return;
  const share = (removed.size - removed.indices.size) / removed.size;
  for (const node of [...norm.means, norm.squares]) {
    if (done.has(node)) continue;
    done.add(node);
    maskInput(graph, shapes, node, removed);
    if (node.op === 'ReduceMean') multiplyOutput(graph, shapes, node, 1 / share);
  }
  if (!sizes.every((size) => typeof size === 'number')) return;
  const width = sizes.reduce((product, size) => product * size, 1);
  for (const { node, index } of norm.factors) {
    if (done.has(node)) continue;
    done.add(node);
    const factor = followingWidth(numberOf(node.inputs[index])!, width, width * share);
    if (factor === undefined) continue;
    const value = constant(graph, shapes, node.outputs[0]!, [], [factor]);
    node.setInput(index, value);
  }
}

/** Channels that are gone: as the vector that scales the norm before or after its division says, or what reads it. */
function channelsOf(
  { squares, results }: NormTakenApart,
  positions: RemovedPositions,
  rank: number | undefined,
): Removed | undefined {
  for (const result of results) {
    const found = positions.behind(result, rank) ?? scaledBefore(result, positions, 3);
    if (found) return found;
  }
  return positions.behind(squares.outputs[0]!, rank);
}

function scaledBefore({ producer }: Value, positions: RemovedPositions, steps: number): Removed | undefined {
  if (!producer || steps === 0) return undefined;
  for (const value of producer.inputs) {
    const found = value?.tensor ? positions.ofVector(value) : value && scaledBefore(value, positions, steps - 1);
    if (found && ['Mul', 'Div', 'Cast'].includes(producer.op)) return found;
  }
  return undefined;
}

/** The axes that a reduction runs along, counted from the last; undefined where they are not known. */
function axesOf(node: Node, rank: number): number[] | undefined {
  const named =
    node.ints('axes') ?? (node.inputs[1] ? node.inputs[1].tensor && [...node.inputs[1].tensor.numbers()] : []);
  const all = named?.length === 0 ? Array.from({ length: rank }, (_, axis) => axis) : named;
  return all?.map((axis) => (Number(axis) < 0 ? Number(axis) : Number(axis) - rank));
}

/** A number that says how wide a norm is, for another width; undefined for all others. */
function followingWidth(number: number, width: number, after: number): number | undefined {
  const forms: ((n: number) => number)[] = [
    (n) => n,
    (n) => n - 1,
    (n) => 1 / n,
    (n) => 1 / (n - 1),
    (n) => n / (n - 1),
    (n) => (n - 1) / n,
  ];
  return forms.find((form) => Math.abs(form(width) / number - 1) < 1e-6)?.(after);
}

function maskInput(graph: Graph, shapes: ShapeInfo, node: Node, removed: Removed): void {
  const input = node.inputs[0]!;
  const ones = Array.from({ length: removed.size }, (_, at) => (removed.indices.has(at) ? 0 : 1));
  const mask = constant(graph, shapes, input, [removed.size, ...new Array(-removed.axis - 1).fill(1)], ones);
  const [masked] = graph.addNode({ op: 'Mul', inputs: [input, mask], outputs: ['masked'], before: node }).outputs;
  node.setInput(0, masked);
}

function multiplyOutput(graph: Graph, shapes: ShapeInfo, node: Node, factor: number): void {
  const output = node.outputs[0]!;
  const uses = [...output.uses];
  const after = graph.nodes[graph.nodes.indexOf(node) + 1];
  const inputs = [output, constant(graph, shapes, output, [], [factor])];
  const [product] = graph.addNode({
    op: 'Mul',
    inputs,
    outputs: ['over_kept'],
    ...(after && { before: after }),
  }).outputs;
  for (const use of uses) use.node.setInput(use.index, product);
}

/** A constant of the type of another value. */
function constant(graph: Graph, shapes: ShapeInfo, like: Value, dims: number[], numbers: number[]): Value {
  return graph.addInitializer('mask', Tensor.fromNumbers(shapes.elementType(like) ?? 'FLOAT', dims, numbers));
}
