import type { Analysis } from '@snp/core';
import { freeSizes } from '@snp/core/inputs';
import { type SizedNode, sizedNodes, type Widths } from '@snp/core/planning';
import { evaluateDim, type Node, type ShapeInfo, type Value } from '@snp/onnx';
import type { InputSizes } from '../target/target.js';

/** Widths that kernels pad to: columns of a product with weights, and widths per head of a product between activations. */
export interface Padding {
  weights: number;
  heads: number;
}

/** Kinds of work whose amounts explain a latency. Products count twice, as they are and padded: kernels lose only part of what padding adds. */
export const FEATURES = [
  'weights',
  'weightsPadded',
  'rows',
  'scores',
  'scoresPadded',
  'mix',
  'mixPadded',
  'softmax',
  'norm',
  'curve',
  'move',
  'pointwise',
  'parts',
] as const;

const KIND_OF: Record<string, (typeof FEATURES)[number]> = {
  Softmax: 'softmax',
  LogSoftmax: 'softmax',
  LayerNormalization: 'norm',
  RMSNormalization: 'norm',
  SimplifiedLayerNormalization: 'norm',
  SkipLayerNormalization: 'norm',
  SkipSimplifiedLayerNormalization: 'norm',
  BatchNormalization: 'norm',
  ReduceMean: 'norm',
  Erf: 'curve',
  Gelu: 'curve',
  FastGelu: 'curve',
  BiasGelu: 'curve',
  QuickGelu: 'curve',
  Tanh: 'curve',
  Sigmoid: 'curve',
  Exp: 'curve',
  Transpose: 'move',
  Concat: 'move',
  Split: 'move',
  Slice: 'move',
  Gather: 'move',
  Expand: 'move',
  Tile: 'move',
  Pad: 'move',
};

/** Moves nothing when it runs. */
const FREE = new Set([
  'Reshape',
  'Identity',
  'Squeeze',
  'Unsqueeze',
  'Flatten',
  'Shape',
  'Constant',
  'Dropout',
  'Cast',
]);

const PRODUCTS = new Set(['MatMul', 'Gemm', 'FusedMatMul', 'Conv', 'Einsum', 'Attention', 'MultiHeadAttention']);

/** How much work of each kind a model of given widths is. */
export class WorkModel {
  readonly #nodes: readonly SizedNode[];
  readonly #dims: Record<string, number>;
  readonly #known = new Map<SizedNode, Map<string, Float64Array>>();

  constructor(
    analysis: Analysis,
    sizes: InputSizes,
    private readonly padding: Padding,
  ) {
    this.#nodes = sizedNodes(analysis).filter(({ node }) => !FREE.has(node.opType));
    this.#dims = freeSizes(analysis.model, analysis.shapes, sizes);
  }

  /** Amounts by feature: multiply-accumulates, elements, and a count of projections that are taken apart. */
  at(widths: Widths): Float64Array {
    const total = new Float64Array(FEATURES.length);
    for (const sized of this.#nodes) {
      const own = this.#of(sized, widths);
      for (let at = 0; at < total.length; at++) total[at] += own[at];
    }
    return total;
  }

  #of(sized: SizedNode, widths: Widths): Float64Array {
    const known = this.#known.get(sized) ?? new Map<string, Float64Array>();
    this.#known.set(sized, known);
    const key = sized.groups.map(({ id }) => widths[id] ?? '').join();
    let found = known.get(key);
    if (!found) {
      found = this.#count(sized, widths);
      known.set(key, found);
    }
    return found;
  }

  #count(sized: SizedNode, widths: Widths): Float64Array {
    const { node } = sized;
    const amounts = new Float64Array(FEATURES.length);
    if (sized.isLeftOut(widths)) return amounts;
    const add = (feature: (typeof FEATURES)[number], amount: number) => {
      amounts[FEATURES.indexOf(feature)] += amount;
    };
    const shapes = sized.shapesAt(widths);
    const shape = (value: Value | undefined) => value && this.#numbers(shapes, value);
    const output = shape(node.outputs[0]);
    if (!output) return amounts;
    const elements = product(output);
    if (!PRODUCTS.has(node.opType)) {
      add(KIND_OF[node.opType] ?? 'pointwise', elements);
      return amounts;
    }
    const weight = node.inputs.find((input) => input?.tensor && input.tensor.dims.length >= 2);
    if (weight) {
      const dims = shape(weight) ?? weight.tensor!.dims;
      const columns = columnsOf(node, dims);
      const rows = elements / columns;
      const depth = product(dims) / columns;
      add('weights', rows * depth * columns);
      add('weightsPadded', rows * depth * padTo(this.padding.weights, columns));
      add('rows', elements);
      if (this.#isTakenApart(sized, widths)) add('parts', elements);
      return amounts;
    }
    const inner = shape(node.inputs[0])?.at(-1) ?? 1;
    const [width, tokens] = [Math.min(inner, output.at(-1) ?? 1), Math.max(inner, output.at(-1) ?? 1)];
    // What is summed over: the width of queries and keys, or the tokens that an attention map mixes values of.
    const scores = width === inner;
    const rows = scores ? elements / tokens : elements / width;
    add(scores ? 'scores' : 'mix', rows * tokens * width);
    add(scores ? 'scoresPadded' : 'mixPadded', rows * tokens * padTo(this.padding.heads, width));
    return amounts;
  }

  /** A projection that several groups share is cut into one for each where they keep different widths. */
  #isTakenApart({ groups }: SizedNode, widths: Widths): boolean {
    const shares = groups
      .filter(({ kind }) => kind === 'query-key' || kind === 'value')
      .map((group) => ((widths[group.id] ?? group.units / group.lanes) * group.lanes) / group.units);
    return shares.length > 1 && new Set(shares).size > 1;
  }

  #numbers(shapes: ShapeInfo, value: Value): number[] | undefined {
    return shapes.shape(value)?.map((dim) => evaluateDim(dim, this.#dims));
  }
}

function columnsOf(node: Node, dims: readonly number[]): number {
  if (node.opType === 'Conv') return dims[0];
  return node.opType === 'Gemm' && node.int('transB', 0) === 1 ? dims[0] : dims[dims.length - 1];
}

function padTo(multiple: number, width: number): number {
  return Math.ceil(width / multiple) * multiple;
}

function product(numbers: readonly number[]): number {
  return numbers.reduce((all, number) => all * number, 1);
}
