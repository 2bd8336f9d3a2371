import { Graph, Model, Tensor, type Value } from '@snp/onnx';
import type { Moments } from './runtime.js';

/** Columns per block of the products, at least, and blocks, at most: fewer and larger products run faster, more leave more of the upper half out. */
const BLOCKS = { columns: 192, most: 8 } as const;

/** A part of symmetric products: rows `top` to `bottom`, columns `left` to `right` of every head. */
export interface Block {
  top: number;
  bottom: number;
  left: number;
  right: number;
}

/** The blocks on and right of the diagonal that `momentsKernel` computes of products [width, width]; all others follow by symmetry. */
export function momentBlocks(width: number): Block[] {
  const count = Math.max(1, Math.min(BLOCKS.most, Math.floor(width / BLOCKS.columns)));
  const ends = Array.from({ length: count }, (_, block) => Math.round(((block + 1) * width) / count));
  const start = (block: number) => (block === 0 ? 0 : ends[block - 1]);
  return ends.flatMap((bottom, a) =>
    ends.slice(a).map((right, beyond) => ({ top: start(a), bottom, left: start(a + beyond), right })),
  );
}

/** Second moments on their way: sums [heads, width], and the blocks of `momentBlocks`. */
export interface PackedMoments {
  heads: number;
  width: number;
  count: number;
  sums: Float64Array;
  products: Float64Array[];
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
  const op = (name: string, inputs: Value[], attributes: Record<string, number | number[]> = {}) =>
    graph.addNode({ op: name, inputs, outputs: [`${name}_out`], attributes }).outputs[0]!;
  const integers = (list: number[]) => graph.addInitializer('sizes', Tensor.int64([list.length], list));
  const output = (name: string, inputs: Value[], operator: string, attributes = {}) => {
    const value = graph.addNode({ op: operator, inputs, outputs: [name], attributes }).outputs[0]!;
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
  const byHead = op('Transpose', [rows], { perm: [1, 0, 2] });
  const columns = new Map<number, Value>();
  const columnsOf = (start: number, end: number) => {
    const known = columns.get(start) ?? op('Slice', [byHead, integers([start]), integers([end]), integers([2])]);
    columns.set(start, known);
    return known;
  };
  for (const [at, { top, bottom, left, right }] of momentBlocks(width).entries()) {
    const turned = op('Transpose', [columnsOf(top, bottom)], { perm: [0, 2, 1] });
    output(`products${at}`, [turned, columnsOf(left, right)], 'MatMul');
  }
  return model;
}

/** Moments about zero from those about an origin [heads, width], in place. */
export function moveOrigin({ heads, width, count, sums, products }: PackedMoments, origin: Float32Array): void {
  const blocks = momentBlocks(width);
  for (let head = 0; head < heads; head++) {
    const [own, o] = [sums.subarray(head * width), origin.subarray(head * width)];
    for (const [at, { top, bottom, left, right }] of blocks.entries()) {
      let to = head * (bottom - top) * (right - left);
      for (let i = top; i < bottom; i++) {
        // (x + a)(y + b) = x y + a (y + b) + b x
        const [a, x] = [o[i], own[i]];
        for (let j = left; j < right; j++, to++) products[at][to] += a * (own[j] + count * o[j]) + o[j] * x;
      }
    }
  }
  for (let at = 0; at < sums.length; at++) sums[at] += count * origin[at];
}

/** Rows and columns that are mirrored at a time: few enough to stay near. */
const TILE = 32;

/** Whole symmetric products from the blocks of them. */
export function unpackMoments({ heads, width, count, sums, products: parts }: PackedMoments): Moments {
  const products = new Float64Array(heads * width * width);
  for (const [at, { top, bottom, left, right }] of momentBlocks(width).entries()) {
    const [part, columns] = [parts[at], right - left];
    for (let head = 0; head < heads; head++) {
      const whole = products.subarray(head * width * width, (head + 1) * width * width);
      for (let row = top; row < bottom; row++) {
        const from = (head * (bottom - top) + row - top) * columns;
        whole.set(part.subarray(from, from + columns), row * width + left);
      }
    }
  }
  for (let head = 0; head < heads; head++) mirror(products.subarray(head * width * width), width);
  return { count, sums, products };
}

/** Copies what is right of the diagonal of a square matrix to the left of it. */
function mirror(matrix: Float64Array, n: number): void {
  for (let top = 0; top < n; top += TILE) {
    for (let left = 0; left <= top; left += TILE) {
      for (let row = top; row < Math.min(n, top + TILE); row++)
        for (let column = left; column < Math.min(row, left + TILE); column++)
          matrix[row * n + column] = matrix[column * n + row];
    }
  }
}
