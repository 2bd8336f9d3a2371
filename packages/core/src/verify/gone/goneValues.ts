import { dimsEqual, ELLIPSIS, type Graph, type Node, parseEinsum, type ShapeInfo, type Value } from '@snp/onnx';
import { NORMS, type NormInputs } from '../normInputs.js';
import { reducedAxes } from '../reducedAxes.js';
import type { RemovedPositions } from '../removedPositions.js';
import { both, either, type Gone, type Part, padded, partAlong, reshaped, transposed } from './part.js';

/** Operators that give zero for zero, whatever else they are given. */
const ZERO_TO_ZERO = new Set([
  ...['Abs', 'Cast', 'Dropout', 'Elu', 'Erf', 'Gelu', 'HardSwish', 'Identity', 'LeakyRelu', 'Mish', 'Neg', 'PRelu'],
  ...['Relu', 'Selu', 'Sign', 'Sin', 'Softsign', 'Sqrt', 'Swish', 'Tan', 'Tanh', 'com.microsoft.Gelu'],
  ...['com.microsoft.QuickGelu', 'GlobalAveragePool', 'AveragePool'],
]);

/** Operators that change some axes: what keeps its size is as it was. */
const CUTTING = new Set(['Expand', 'Pad', 'Resize', 'Split', 'Tile']);

const REDUCING = new Set(['ReduceL2', 'ReduceMax', 'ReduceMean', 'ReduceMin', 'ReduceSum', 'ReduceSumSquare']);

/** The output of onnxruntime's norms that is the sum of what they add up. */
const SUM = 3;

const RESHAPING = new Set(['Flatten', 'Reshape', 'Squeeze', 'Unsqueeze']);

/**
 * Positions of computed values that are zero for every input, since the slices that write them were set to zero. Knows no groups: it follows zeros through
 * operators, and nothing through those that it does not know.
 */
export class GoneValues {
  readonly #of = new Map<Value, Gone>();

  /** @param centring Differences from a norm's own mean, which is to be taken over what stays: zero where what it is taken from is. */
  constructor(
    graph: Graph,
    private readonly shapes: ShapeInfo,
    private readonly removed: RemovedPositions,
    private readonly centring: ReadonlySet<Node>,
  ) {
    for (const node of graph.nodes) {
      const gone = this.#after(node);
      node.outputs.forEach((output, index) => {
        const own = index === 0 || node.op === 'Split' ? gone : this.#beside(node, index);
        if (output && own.length > 0) this.#of.set(output, own);
      });
    }
  }

  /** What is gone of a value, in no particular order. */
  of(value: Value | undefined): Gone {
    if (!value) return [];
    return value.tensor ? this.removed.partsOf(value) : (this.#of.get(value) ?? []);
  }

  #after(node: Node): Gone {
    const [x, y] = [this.of(node.inputs[0]), this.of(node.inputs[1])];
    const rank = this.#rank(node.inputs[0]);
    if (ZERO_TO_ZERO.has(node.op)) return x;
    if (RESHAPING.has(node.op)) return this.#reshaped(node, x);
    if (node.op in NORMS) return this.#normed(node, NORMS[node.op]);
    if (CUTTING.has(node.op)) return this.#cut(node, x);
    if (REDUCING.has(node.op)) return this.#reduced(node, x, rank);
    switch (node.op) {
      case 'Add':
      case 'Sum':
      case 'com.microsoft.BiasGelu':
        return node.inputs.map((value) => this.of(value)).reduce(both);
      case 'Sub':
        return this.centring.has(node) ? x : both(x, y);
      case 'Mul':
        return either(x, y);
      case 'Div':
        return x;
      case 'Pow':
        return Number(node.inputs[1]?.tensor?.size === 1 && node.inputs[1].tensor.numbers()[0]) > 0 ? x : [];
      case 'MatMul':
        return rank === undefined ? [] : either(product(x, -1), product(y, -2));
      case 'Gemm': {
        const own = node.int('transB', 0) === 1 ? transposed(y, [1, 0]) : y;
        const columns = product(own, -2);
        return node.inputs[2] ? both(columns, this.of(node.inputs[2])) : columns;
      }
      case 'Conv':
        return this.#convolved(node, rank);
      case 'Einsum':
        return this.#einsum(node);
      case 'Slice':
        return isForwards(node) ? this.#cut(node, x) : [];
      case 'Transpose':
        return rank === undefined
          ? []
          : transposed(x, node.ints('perm') ?? Array.from({ length: rank }, (_, at) => rank - 1 - at));
      case 'Gather':
        return this.#looked(node, x, rank);
      case 'Concat':
        return rank === undefined ? [] : this.#joined(node, node.int('axis', 0), rank);
      default:
        return [];
    }
  }

  /** What a norm adds up before it normalises. */
  summed(node: Node, { summands }: Pick<NormInputs, 'summands'>): Gone {
    return summands
      .flatMap((index) => node.inputs[index] ?? [])
      .map((value) => this.of(value))
      .reduce(both);
  }

  /** A further output: the sum that some norms give. */
  #beside(node: Node, index: number): Gone {
    const sum = node.op in NORMS && NORMS[node.op].summands.length > 1 && index === SUM;
    return sum ? this.summed(node, NORMS[node.op]) : [];
  }

  #normed(node: Node, norm: NormInputs): Gone {
    const scaled = either(this.summed(node, norm), this.of(node.inputs[norm.scale]));
    const shift = norm.shift === undefined ? undefined : node.inputs[norm.shift];
    return shift ? both(scaled, this.of(shift)) : scaled;
  }

  /** Positions along axes that stay whole. */
  #cut(node: Node, x: Gone): Gone {
    const [before, after] = [node.inputs[0], node.outputs[0]].map((value) => value && this.shapes.shape(value));
    if (!before || !after || before.length > after.length) return [];
    const same = (axis: number) => dimsEqual(before.at(axis), after.at(axis));
    return x.filter(({ dims }) => dims.every((dim, axis) => dim === 1 || same(axis - dims.length)));
  }

  #reduced(node: Node, x: Gone, rank: number | undefined): Gone {
    const axes = rank === undefined ? undefined : reducedAxes(node, rank);
    if (!axes || rank === undefined) return [];
    const keeps = node.int('keepdims', 1) === 1;
    const left = x.map((part) => padded(part, rank)).filter(({ dims }) => axes.every((axis) => dims.at(axis) === 1));
    if (keeps) return left;
    return either(
      left.map(({ dims, gone }) => ({ dims: dims.filter((_, axis) => !axes.includes(axis - rank)), gone })),
    );
  }

  #rank(value: Value | undefined): number | undefined {
    return value && this.shapes.shape(value)?.length;
  }

  /** What is gone of all inputs, and, along the axis on which they follow one another, of each. */
  #joined(node: Node, axis: number, rank: number): Gone {
    const at = axis < 0 ? axis : axis - rank;
    const inputs = node.inputs.map((value) => this.of(value).map((part) => padded(part, rank)));
    const across = inputs.map((gone): Gone => gone.filter(({ dims }) => dims.at(at) === 1)).reduce(both);
    const sizes = node.inputs.map((value) => value && this.shapes.shape(value)?.at(at));
    if (!sizes.every((size) => typeof size === 'number')) return across;
    const along: number[] = [];
    inputs.forEach((gone, input) => {
      const own = gone.find(
        ({ dims }) => dims.every((dim, own) => own === rank + at || dim === 1) && dims.at(at) !== 1,
      );
      along.push(...(own?.gone ?? new Array<number>(sizes[input] as number).fill(0)));
    });
    return either(across, [
      partAlong(
        at,
        along.length,
        along.flatMap((gone, position) => (gone ? [position] : [])),
      ),
    ]);
  }

  #reshaped(node: Node, x: Gone): Gone {
    const [from, to] = [this.shapes.shape(node.inputs[0]!), this.shapes.shape(node.outputs[0]!)];
    return x.length > 0 && from && to ? reshaped(x, from, to) : [];
  }

  /** A convolution's channels are its kernel's, or, where every channel is alone, those of what it reads. */
  #convolved(node: Node, rank: number | undefined): Gone {
    if (rank === undefined) return [];
    const kernel = this.of(node.inputs[1]).filter((part) =>
      padded(part, rank).dims.every((dim, at) => at === 0 || dim === 1),
    );
    const channels = either(
      kernel.map((part) => {
        const { dims, gone } = padded(part, rank);
        return { dims: dims.with(0, 1).with(1, dims[0]), gone };
      }),
    );
    if (!node.inputs[2]) return channels;
    const bias = this.of(node.inputs[2]).map((part) => ({
      dims: [...part.dims, ...new Array(rank - 2).fill(1)],
      gone: part.gone,
    }));
    return both(channels, bias);
  }

  #einsum(node: Node): Gone {
    const equation = parseEinsum(node.string('equation', '')!);
    if (!equation || [...equation.inputs, equation.output].some((own) => own.includes(ELLIPSIS))) return [];
    return either(
      ...equation.inputs.map((letters, index) =>
        this.of(node.inputs[index]).flatMap((part): Part[] => {
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

  /** Rows that are looked up along the first axis have the columns of their table. */
  #looked(node: Node, x: Gone, rank: number | undefined): Gone {
    const axis = node.int('axis', 0);
    if (rank === undefined) return [];
    const from = axis < 0 ? axis + rank : axis;
    const indices = this.#rank(node.inputs[1]);
    if (indices === undefined) return [];
    return either(
      x.flatMap((part): Part[] => {
        const own = padded(part, rank);
        if (own.dims[from] > 1) return [];
        return [{ dims: own.dims.toSpliced(from, 1, ...new Array<number>(indices).fill(1)), gone: own.gone }];
      }),
    );
  }
}

/** A Slice in the order in which positions stand: along an axis that it leaves whole nothing moves. */
function isForwards({ inputs }: Node): boolean {
  return !inputs[4] || (inputs[4].tensor?.numbers().every((step) => Number(step) > 0) ?? false);
}

/** What is gone of one operand of a product stays gone in it, but along the axis that is summed over. */
function product(gone: Gone, summed: -1 | -2): Gone {
  return either(gone.map((part) => padded(part, 2)).filter(({ dims }) => dims.at(summed) === 1));
}
