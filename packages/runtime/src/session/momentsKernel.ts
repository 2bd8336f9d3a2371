import { Graph, Model, Tensor, type Value } from '@snp/onnx';

/** Columns per block of the products, at least, and blocks, at most: fewer and larger products run faster, more leave more of the other half out. */
const BLOCKS = { columns: 192, most: 8 } as const;

/** A part of symmetric products: rows `top` to `bottom`, columns `left` to `right` of every head. */
export interface Block {
  top: number;
  bottom: number;
  left: number;
  right: number;
}

/** The blocks on and left of the diagonal that `momentsKernel` computes of products [width, width]; all others follow by symmetry. */
export function momentBlocks(width: number): Block[] {
  const parts = partsOf(width);
  return parts.flatMap(([top, bottom], row) =>
    parts.slice(0, row + 1).map(([left, right]) => ({ top, bottom, left, right })),
  );
}

/** Start and end of each part of the columns. */
function partsOf(width: number): [number, number][] {
  const count = Math.max(1, Math.min(BLOCKS.most, Math.floor(width / BLOCKS.columns)));
  const place = (part: number) => Math.round((part * width) / count);
  return Array.from({ length: count }, (_, part) => [place(part), place(part + 1)]);
}

/**
 * A model of second moments of rows X, in single precision as they are. Inputs `rows` [rows, heads, width] and `origin` [heads, width], which is taken away from each
 * row; outputs `sums` [heads, width] over rows, and of X^T X of every head the blocks of `momentBlocks` as `products0`, `products1` and so on,
 * [heads, bottom - top, right - left].
 */
export function momentsKernel(heads: number, width: number): Model {
  const graph = new Graph('moments');
  const model = new Model(graph);
  model.opsets.set('', 13);
  model.opsets.set('com.microsoft', 1);
  const op = (name: string, inputs: Value[], attributes: Record<string, number | number[]> = {}) =>
    graph.addNode({ op: name, inputs, outputs: [`${name}_out`], attributes }).outputs[0]!;
  const integers = (list: number[]) => graph.addInitializer('sizes', Tensor.int64([list.length], list));
  const output = (name: string, inputs: Value[], operator: string, attributes = {}, domain = '') => {
    const value = graph.addNode({ op: operator, domain, inputs, outputs: [name], attributes }).outputs[0]!;
    value.type = { elementType: 'FLOAT', shape: undefined };
    graph.outputs.push(value);
  };
  const input = (name: string, shape: (string | number)[]) => {
    const value = graph.addValue(name);
    value.type = { elementType: 'FLOAT', shape };
    graph.inputs.push(value);
    return value;
  };
  const rows = op('Sub', [input('rows', ['rows', heads, width]), input('origin', [heads, width])]);
  output('sums', [rows, integers([0])], 'ReduceSum', { keepdims: 0 });
  const turned = op('Transpose', [rows], { perm: [1, 2, 0] });
  const parts = partsOf(width);
  if (parts.length === 1) {
    // For narrow heads the other way round: turning them would take as long as the product.
    output('products0', [turned, op('Transpose', [rows], { perm: [1, 0, 2] })], 'MatMul');
    return model;
  }
  const sizes = integers(parts.map(([start, end]) => end - start));
  const names = parts.map((_, part) => `part${part}`);
  const cuts = graph.addNode({ op: 'Split', inputs: [turned, sizes], outputs: names, attributes: { axis: 1 } }).outputs;
  const partAt = new Map(parts.map(([start], part) => [start, cuts[part]!]));
  // onnxruntime's own operator: of a product with a transpose it would make one of rows as they lie, which takes an eighth longer.
  for (const [at, { top, left }] of momentBlocks(width).entries())
    output(`products${at}`, [partAt.get(top)!, partAt.get(left)!], 'FusedMatMul', { transB: 1 }, 'com.microsoft');
  return model;
}
