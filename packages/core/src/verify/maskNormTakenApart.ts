import { type Graph, type Model, type Node, type ShapeInfo, Tensor, type Value } from '@snp/onnx';
import { countsAlong, type Kept } from './gone/kept.js';
import { type NormTakenApart, numberOf } from './normsTakenApart.js';
import { reducedAxes } from './reducedAxes.js';

/**
 * Takes a norm over what stays: removed channels count neither in its sums nor in its widths, a width less one included. Left as it is where nothing of what it
 * runs over is gone.
 *
 * @param done Nodes that were changed before, as those that several norms share; added to.
 */
export function maskNormTakenApart(
  { graph }: Model,
  shapes: ShapeInfo,
  norm: NormTakenApart,
  kept: Kept,
  done: Set<Node>,
): void {
  const source = norm.squares.inputs[0]!;
  const shape = shapes.shape(source);
  const axes = shape && reducedAxes(norm.squares, shape.length);
  if (!axes) return;
  const whole = axes.reduce((product, axis) => product * (kept.dims.at(axis) ?? 1), 1);
  const shares = countsAlong(kept, axes);
  /** For what a node gives, which may lack the axes that were reduced. */
  const sharesOf = (node: Node, of: (share: number) => number) => ({
    dims:
      shapes.shape(node.outputs[0]!)?.length === shape.length
        ? shares.dims
        : shares.dims.filter((_, axis) => !axes.includes(axis - shares.dims.length)),
    numbers: Array.from(shares.numbers, (count) => of(count / whole)),
  });
  for (const node of [...norm.means, norm.squares]) {
    if (done.has(node)) continue;
    done.add(node);
    maskInput(graph, shapes, node, kept);
    if (MEANS.has(node.op))
      multiplyOutput(
        graph,
        shapes,
        node,
        sharesOf(node, (share) => 1 / share),
      );
  }
  const sizes = axes.map((axis) => shape.at(axis));
  if (!sizes.every((size) => typeof size === 'number')) return;
  const width = sizes.reduce((product, size) => product * size, 1);
  for (const { node, index } of norm.factors) {
    if (done.has(node)) continue;
    done.add(node);
    const form = formOf(numberOf(node.inputs[index])!, width);
    if (form)
      node.setInput(
        index,
        constant(
          graph,
          shapes,
          node.outputs[0]!,
          sharesOf(node, (share) => form(width * share)),
        ),
      );
  }
}

/** Reductions that count what they add up. */
const MEANS = new Set(['ReduceMean']);

/** How a number says how wide a norm is; undefined for all others. */
function formOf(number: number, width: number): ((width: number) => number) | undefined {
  const forms: ((n: number) => number)[] = [
    (n) => n,
    (n) => n - 1,
    (n) => 1 / n,
    (n) => 1 / (n - 1),
    (n) => n / (n - 1),
    (n) => (n - 1) / n,
  ];
  return forms.find((form) => Math.abs(form(width) / number - 1) < 1e-6);
}

interface Numbers {
  dims: readonly number[];
  numbers: ArrayLike<number>;
}

function maskInput(graph: Graph, shapes: ShapeInfo, node: Node, { dims, kept }: Kept): void {
  const input = node.inputs[0]!;
  const mask = constant(graph, shapes, input, { dims, numbers: kept });
  const [masked] = graph.addNode({ op: 'Mul', inputs: [input, mask], outputs: ['masked'], before: node }).outputs;
  node.setInput(0, masked);
}

function multiplyOutput(graph: Graph, shapes: ShapeInfo, node: Node, factor: Numbers): void {
  const output = node.outputs[0]!;
  const uses = [...output.uses];
  const after = graph.nodes[graph.nodes.indexOf(node) + 1];
  const inputs = [output, constant(graph, shapes, output, factor)];
  const [product] = graph.addNode({
    op: 'Mul',
    inputs,
    outputs: ['over_kept'],
    ...(after && { before: after }),
  }).outputs;
  for (const use of uses) use.node.setInput(use.index, product);
}

/** A constant of the type of another value; a single number where all are the same. */
function constant(graph: Graph, shapes: ShapeInfo, like: Value, { dims, numbers }: Numbers): Value {
  const all = Array.from(numbers);
  const same = all.every((number) => number === all[0]);
  const type = shapes.elementType(like) ?? 'FLOAT';
  return graph.addInitializer('mask', Tensor.fromNumbers(type, same ? [] : dims, same ? all.slice(0, 1) : all));
}
