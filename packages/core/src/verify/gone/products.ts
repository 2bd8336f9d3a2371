import { ELLIPSIS, type Node, parseEinsum, type Value } from '@snp/onnx';
import { both, either, type Gone, type Part, padded, transposed } from './part.js';

/** What is known of the values before a node. */
export interface KnownGone {
  of(value: Value | undefined): Gone;
  rank(value: Value | undefined): number | undefined;
}

/** Operators that sum products. */
export const PRODUCTS: ReadonlySet<string> = new Set([
  'MatMul',
  'Gemm',
  'Conv',
  'Einsum',
  'com.microsoft.FusedMatMul',
  'com.microsoft.FusedGemm',
]);

/** Activations of FusedGemm that give zero for zero. */
const KEEP_ZERO = ['', 'Relu', 'LeakyRelu', 'Tanh'];

/** What is gone of the result of an operator that sums products. */
export function goneOfProduct(node: Node, known: KnownGone): Gone {
  const [x, y] = [known.of(node.inputs[0]), known.of(node.inputs[1])];
  const turned = (gone: Gone, name: string) => (node.int(name, 0) === 1 ? swapped(gone) : gone);
  switch (node.op) {
    case 'MatMul':
      return known.rank(node.inputs[0]) === undefined ? [] : either(product(x, -1), product(y, -2));
    case 'com.microsoft.FusedMatMul':
      return either(product(turned(x, 'transA'), -1), product(turned(y, 'transB'), -2));
    case 'Conv':
      return convolved(node, known);
    case 'Einsum':
      return einsum(node, known);
    default: {
      if (!KEEP_ZERO.includes(node.string('activation', '')!)) return [];
      const columns = product(turned(y, 'transB'), -2);
      return node.inputs[2] ? both(columns, known.of(node.inputs[2])) : columns;
    }
  }
}

/** What is gone of one operand of a product stays gone in it, but along the axis that is summed over. */
function product(gone: Gone, summed: -1 | -2): Gone {
  return either(gone.map((part) => padded(part, 2)).filter(({ dims }) => dims.at(summed) === 1));
}

/** With its last two axes exchanged. */
function swapped(gone: Gone): Gone {
  const rank = Math.max(2, ...gone.map(({ dims }) => dims.length));
  const order = Array.from({ length: rank }, (_, axis) => axis);
  return transposed(gone, [...order.slice(0, -2), rank - 1, rank - 2]);
}

/** A convolution's channels are its kernel's, or, where every channel is alone, those of what it reads. */
function convolved(node: Node, known: KnownGone): Gone {
  const rank = known.rank(node.inputs[0]);
  if (rank === undefined) return [];
  const kernel = known
    .of(node.inputs[1])
    .filter((part) => padded(part, rank).dims.every((dim, at) => at === 0 || dim === 1));
  const channels = either(
    kernel.map((part) => {
      const { dims, gone } = padded(part, rank);
      return { dims: dims.with(0, 1).with(1, dims[0]), gone };
    }),
  );
  if (!node.inputs[2]) return channels;
  const bias = known.of(node.inputs[2]).map((part) => ({
    dims: [...part.dims, ...new Array(rank - 2).fill(1)],
    gone: part.gone,
  }));
  return both(channels, bias);
}

function einsum(node: Node, known: KnownGone): Gone {
  const ranks = node.inputs.map((value) => known.rank(value));
  const stated = parseEinsum(node.string('equation', '')!);
  if (!stated || !ranks.every((rank) => rank !== undefined)) return [];
  const between = Math.max(
    0,
    ...stated.inputs.map((own, at) => (own.includes(ELLIPSIS) ? ranks[at] - own.length + 1 : 0)),
  );
  // Dimensions that the ellipsis stands for are counted from the last one.
  const spelled = (own: readonly string[], count: number) =>
    own.flatMap((letter) =>
      letter === ELLIPSIS ? Array.from({ length: count }, (_, at) => `${between - count + at}`) : [letter],
    );
  const equation = {
    inputs: stated.inputs.map((own, at) => spelled(own, ranks[at] - own.length + 1)),
    output: spelled(stated.output, between),
  };
  return either(
    ...equation.inputs.map((letters, index) =>
      known.of(node.inputs[index]).flatMap((part): Part[] => {
        const own = padded(part, letters.length);
        const telling = letters.filter((_, axis) => own.dims[axis] > 1);
        const order = telling.map((letter) => equation.output.indexOf(letter));
        if (order.some((axis, at) => axis < 0 || (at > 0 && axis < order[at - 1]))) return [];
        const dims = equation.output.map((letter) =>
          telling.includes(letter) ? own.dims[letters.indexOf(letter)] : 1,
        );
        return [{ dims, gone: own.gone }];
      }),
    ),
  );
}
