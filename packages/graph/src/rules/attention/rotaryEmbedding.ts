import type { Dim, Node } from '@snp/onnx';
import { type Factor, splitsForShape } from '../../layout/factor.js';
import { factorsFor, fieldsOn, type Layout, splitFactors } from '../../layout/layout.js';
import type { Propagation } from '../../walk/propagation.js';
import { combine } from '../combine.js';
import type { Resizing } from '../resizing.js';
import type { OperatorRule } from '../rule.js';
import { joinAlong, keepNeurons } from './neurons.js';
import { mergeHeads, perHead } from './perHead.js';

/** Rotation of pairs of neurons: of i and d/2 + i of a head of d, or of neighbours, by angles in tables of d/2 columns. */
export const rotaryEmbeddingRule: OperatorRule = {
  operators: {
    RotaryEmbedding: {
      inputs: 4,
      attributes: { interleaved: 'any', num_heads: 'any', rotary_embedding_dim: 'any' },
    },
    'com.microsoft.RotaryEmbedding': {
      inputs: 4,
      attributes: {
        interleaved: 'any',
        is_packed_batching: [0],
        num_heads: 'any',
        rotary_embedding_dim: 'any',
        scale: 'any',
      },
    },
  },
  summary:
    'pairs of neurons are coupled, over all heads, with the columns of the tables; where only a part of a head is rotated, neurons stay and heads may leave',
  propagate(node, walk) {
    const x = walk.input(node, 0);
    const tables = tableInputs(node).map((index) => tableOf(node, walk, index));
    const { width, columns } = sizesOf(node, (index) => walk.shape(node.inputs[index]));
    const size = headSize(node, width, columns, x?.axes.length);
    const apart = size && perHead(x, width! / size);
    if (!x || !apart || tables.includes(undefined)) {
      for (const layout of [x, ...tables]) walk.freezeAll(layout?.fields ?? [], node, 'rotates heads of unknown width');
      return walk.setOutput(node, 0);
    }
    const rotated = rotate(node, walk, apart, size, tables as Layout[]);
    walk.setOutput(node, 0, rotated && x.axes.length === 3 ? mergeHeads(rotated) : rotated);
  },
  resize(node, resizing) {
    const old = (index: number) => resizing.oldShape(node.inputs[index]!);
    const rank = old(0).length;
    const before = sizesOf(node, old);
    const size = headSize(node, before.width, before.columns, rank);
    const shape = resizing.newShape(node.inputs[0]!);
    const width = shape.at(-1);
    if (size === undefined || before.columns === undefined || typeof width !== 'number') return;
    const whole = size === 2 * before.columns;
    const left = whole ? 2 * columnsLeft(node, resizing, before.columns) : size;
    if (whole && node.int('rotary_embedding_dim', 0) > 0) node.set('rotary_embedding_dim', left);
    const heads = rank === 4 ? shape[1] : width / left;
    if (node.int('num_heads', 0) > 0 && typeof heads === 'number') node.set('num_heads', heads);
  },
};

/** Numbers of the inputs that hold cosines and sines. */
function tableInputs(node: Node): readonly number[] {
  return node.op === 'RotaryEmbedding' ? [1, 2] : [2, 3];
}

function sizesOf(node: Node, shape: (index: number) => readonly Dim[] | undefined) {
  const [width, columns] = [0, tableInputs(node)[0]].map((index) => shape(index)?.at(-1));
  return {
    width: typeof width === 'number' ? width : undefined,
    columns: typeof columns === 'number' ? columns : undefined,
  };
}

/** Columns of the tables that stay. */
function columnsLeft(node: Node, resizing: Resizing, columns: number): number {
  const table = node.inputs[tableInputs(node)[0]]!;
  const all = Array.from({ length: columns }, (_, column) => column);
  return resizing.positionsAfter(table, resizing.oldShape(table).length - 1, all).length;
}

/** Neurons of a head; undefined where they are not known. */
function headSize(node: Node, width?: number, columns?: number, rank?: number): number | undefined {
  if (width === undefined || columns === undefined) return undefined;
  if (rank === 4) return width;
  const heads = node.int('num_heads', 0);
  return heads > 0 ? width / heads : 2 * columns;
}

/** The columns of a table, whose rows are looked up while the model runs. */
function tableOf(node: Node, walk: Propagation, index: number): Layout | undefined {
  const layout = walk.input(node, index);
  if (!layout) return undefined;
  const columns = layout.axes.at(-1)!;
  const fields = fieldsOn(layout, columns);
  const rows = layout.fields.filter((field) => !fields.includes(field));
  walk.freezeAll(rows, node, 'looks up rows while the model runs, so every row may be needed');
  return { axes: [columns], fields };
}

function rotate(node: Node, walk: Propagation, x: Layout, size: number, tables: readonly Layout[]): Layout | undefined {
  const columns = size / 2;
  const neighbours = node.int('interleaved', 0) !== 0;
  const apart = splitNeurons(x, neighbours ? [columns, 2] : [2, columns]);
  const whole = tables.every(({ axes: [own] }) => own.reduce((n, { size: own }) => n * (own as number), 1) === columns);
  if (!apart || !whole) {
    for (const layout of [x, ...tables])
      walk.freezeAll(layout === x ? [] : layout.fields, node, 'holds angles for a part of each head');
    keepNeurons(node, walk, x, 'rotates a part of each head');
    return x;
  }
  const [pair] = apart.axes[neighbours ? 4 : 3];
  for (const field of fieldsOn(apart, [pair])) joinAlong(walk, field, pair, 2);
  const angles = tables.map(({ axes: [own], fields }) => ({ axes: neighbours ? [own, []] : [[], own], fields }));
  // Tables are taken for activations: a column stands for pairs of neurons of all heads.
  const operands = [apart, ...angles].map((layout) => ({ layout, activation: true }));
  const rotated = combine(node, walk, operands, 'any');
  return rotated && { axes: joinLast(rotated.axes), fields: rotated.fields };
}

/** [batch, heads, tokens, neurons] with the neurons as two axes. */
function splitNeurons(x: Layout, sizes: readonly [number, number]): Layout | undefined {
  const splits = splitsForShape(x.axes[3], sizes);
  if (!splits) return undefined;
  const split = splitFactors(x, factorsFor(splits));
  const own = split.axes[3];
  let outer = 0;
  for (let product = 1; product < sizes[0]; outer++) product *= own[outer].size as number;
  return { axes: [...split.axes.slice(0, 3), own.slice(0, outer), own.slice(outer)], fields: split.fields };
}

function joinLast(axes: readonly (readonly Factor[])[]): readonly (readonly Factor[])[] {
  return [...axes.slice(0, 3), [...axes[3], ...axes[4]]];
}
