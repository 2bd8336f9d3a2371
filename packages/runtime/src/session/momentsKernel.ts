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
  // Both operands are cut from one transposed copy, the second is turned back as it is read: so products run fastest.
  const byColumn = op('Transpose', [rows], { perm: [1, 2, 0] });
  const columns = new Map<number, Value>();
  const columnsOf = (start: number, end: number) => {
    const known = columns.get(start) ?? op('Slice', [byColumn, integers([start]), integers([end]), integers([1])]);
    columns.set(start, known);
    return known;
  };
  for (const [at, { top, bottom, left, right }] of momentBlocks(width).entries()) {
    const turned = op('Transpose', [columnsOf(left, right)], { perm: [0, 2, 1] });
    output(`products${at}`, [columnsOf(top, bottom), turned], 'MatMul');
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

/** Whole symmetric products from the blocks of them. */
export function unpackMoments({ heads, width, count, sums, products: parts }: PackedMoments): Moments {
  const products = new Float64Array(heads * width * width);
  for (const [at, block] of momentBlocks(width).entries()) {
    const size = (block.bottom - block.top) * (block.right - block.left);
    for (let head = 0; head < heads; head++) {
      const whole = products.subarray(head * width * width, (head + 1) * width * width);
      placeBlock(parts[at].subarray(head * size, (head + 1) * size), whole, width, block);
    }
  }
  return { count, sums, products };
}

/** Columns that are turned at a time: as many numbers as memory hands over at once. */
const STRIP = 8;

/** Writes a block and its mirror image into a matrix of `n` x `n`: of a block on the diagonal what is right of it, so that the matrix is symmetric to the last digit. */
function placeBlock(part: Float64Array, whole: Float64Array, n: number, { top, bottom, left, right }: Block): void {
  const columns = right - left;
  for (let row = top, from = 0; row < bottom; row++, from += columns)
    whole.set(part.subarray(from, from + columns), row * n + left);
  for (let start = left; start < right; start += STRIP) {
    const end = Math.min(right, start + STRIP);
    for (let row = top, from = -left; row < bottom; row++, from += columns)
      for (let column = Math.max(start, row + 1); column < end; column++) whole[column * n + row] = part[from + column];
  }
}
