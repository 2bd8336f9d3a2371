import type { Graph } from '../ir/graph.js';
import type { Model } from '../ir/model.js';
import type { Node } from '../ir/node.js';
import { storedConstant } from '../ir/storedConstant.js';
import type { Value } from '../ir/value.js';
import { ELLIPSIS, parseEinsum } from '../shape/einsum.js';
import { Tensor } from '../tensor/tensor.js';

/**
 * Writes, in place, each Einsum of a stored kernel with several axes in or out (a dense layer that knows of heads) as the product with a matrix that it is.
 * Results do not change.
 */
export function kernelsAsMatrices(model: Model): void {
  const { graph } = model;
  for (const node of [...graph.nodes]) {
    const layer = node.op === 'Einsum' ? kernelLayer(node, graph) : undefined;
    if (layer) writeProduct(graph, node, layer);
  }
}

/** A dense layer by the letters of its equation. */
interface KernelLayer {
  data: Value;
  kernel: Value;
  /** What the node reads: the kernel, or its Cast. */
  read: Value;
  /** Letters of the data, of the kernel and of the output. */
  letters: { data: readonly string[]; kernel: readonly string[]; output: readonly string[] };
  /** Letters that only the data have, those that are summed, and those that only the kernel has. */
  rows: readonly string[];
  summed: readonly string[];
  columns: readonly string[];
}

function kernelLayer(node: Node, graph: Graph): KernelLayer | undefined {
  const equation = parseEinsum(node.string('equation', '')!);
  const at = node.inputs.findIndex((value) => storedConstant(value));
  const [read, data] = [node.inputs[at], node.inputs[1 - at]];
  const kernel = storedConstant(read);
  if (node.inputs.length !== 2 || !equation || !read || !kernel || !data || storedConstant(data)) return undefined;
  if (equation.inputs.flat().includes(ELLIPSIS) || !isOwn(read, graph) || !isOwn(kernel, graph)) return undefined;
  const letters = { data: equation.inputs[1 - at], kernel: equation.inputs[at], output: equation.output };
  if (Object.values(letters).some((own) => new Set(own).size < own.length)) return undefined;
  const summed = letters.data.filter((letter) => letters.kernel.includes(letter));
  const rows = letters.data.filter((letter) => !summed.includes(letter));
  const columns = letters.output.filter((letter) => !rows.includes(letter));
  const dense =
    letters.kernel.length === summed.length + columns.length &&
    letters.output.length === rows.length + columns.length &&
    letters.kernel.every((letter) => summed.includes(letter) || columns.includes(letter)) &&
    !summed.some((letter) => letters.output.includes(letter));
  const several = Math.max(summed.length, columns.length) > 1;
  if (!dense || !several || rows.length === 0 || summed.length === 0 || columns.length === 0) return undefined;
  return { data, kernel, read, letters, rows, summed, columns };
}

/** Nothing else would see another form of it. */
function isOwn(value: Value, graph: Graph): boolean {
  return value.uses.size === 1 && !graph.outputs.includes(value);
}

function writeProduct(graph: Graph, node: Node, layer: KernelLayer): void {
  const { data, kernel, read, letters, rows, summed, columns } = layer;
  const tensor = kernel.tensor!;
  const sizeOf = (letter: string) => tensor.dims[letters.kernel.indexOf(letter)];
  const size = (own: readonly string[]) => own.reduce((product, letter) => product * sizeOf(letter), 1);
  const order = [...summed, ...columns].map((letter) => letters.kernel.indexOf(letter));
  const inOrder = order.every((axis, at) => axis === at) ? tensor : tensor.transpose(order);
  kernel.tensor = inOrder.reshape([size(summed), size(columns)]);
  for (const value of new Set([kernel, read]))
    if (value.type) value.type = { ...value.type, shape: [...kernel.tensor.dims] };
  const chain: { op: string; with: Value | undefined; attributes: Record<string, number[]> }[] = [];
  const transpose = (from: readonly string[], to: readonly string[]) => {
    const perm = to.map((letter) => from.indexOf(letter));
    if (perm.some((axis, at) => axis !== at)) chain.push({ op: 'Transpose', with: undefined, attributes: { perm } });
  };
  const reshape = (own: readonly string[]) => {
    // Zero leaves an axis as it is.
    const target = [...rows.map(() => 0), ...(own === summed ? [size(summed)] : own.map(sizeOf))];
    const sizes = graph.addInitializer(`${node.name || 'einsum'}_shape`, Tensor.int64([target.length], target));
    chain.push({ op: 'Reshape', with: sizes, attributes: {} });
  };
  transpose(letters.data, [...rows, ...summed]);
  if (summed.length > 1) reshape(summed);
  chain.push({ op: 'MatMul', with: read, attributes: {} });
  if (columns.length > 1) reshape(columns);
  transpose([...rows, ...columns], letters.output);
  let value = data;
  const last = chain.pop()!;
  for (const { op, with: other, attributes } of chain) {
    const inputs = other ? [value, other] : [value];
    const name = `${node.name || node.outputs[0]!.name}/${op}`;
    value = graph.addNode({ op, inputs, outputs: [`${name}_output`], attributes, name, before: node }).outputs[0]!;
  }
  node.opType = last.op;
  node.attributes.clear();
  for (const [name, list] of Object.entries(last.attributes)) node.set(name, list);
  node.truncateInputs(0);
  node.setInput(0, value);
  if (last.with) node.setInput(1, last.with);
}
