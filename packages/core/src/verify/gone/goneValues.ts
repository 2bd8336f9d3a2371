import { possibleNumbers } from '@snp/graph';
import { dimsEqual, type Graph, type Node, type ShapeInfo, type Value } from '@snp/onnx';
import { NORMS, type NormInputs } from '../normInputs.js';
import { reducedAxes } from '../reducedAxes.js';
import type { RemovedPositions } from '../removedPositions.js';
import {
  both,
  either,
  type Gone,
  ofFixedAxes,
  padded,
  partAlong,
  reshaped,
  stretch,
  taken,
  transposed,
} from './part.js';
import { goneOfProduct, type KnownGone, PRODUCTS } from './products.js';
import { StandIns } from './standIns.js';

/** Operators that give zero for zero, whatever else they are given. */
const ZERO_TO_ZERO = new Set(
  `Abs Asin Asinh Atan Atanh AveragePool Cast CastLike Ceil Celu Dropout Elu Erf Floor Gelu GlobalAveragePool GlobalMaxPool HardSwish Identity IsInf IsNaN LeakyRelu
  LpNormalization MaxPool MeanVarianceNormalization Mish Neg PRelu Relu Round Selu Sign Sin Sinh Softsign Sqrt Swish Tan Tanh ThresholdedRelu com.microsoft.Gelu
  com.microsoft.QuickGelu`.split(/\s+/),
);

/** Operators whose result is zero where all that they are given is. */
const ALL_ZERO = new Set([...['Add', 'Max', 'Mean', 'Min', 'Sum', 'com.microsoft.BiasGelu', 'com.microsoft.FastGelu']]);

/** Norms of every channel by itself, with a scale and a shift for each. */
const BY_CHANNEL = new Set(['BatchNormalization', 'InstanceNormalization']);

/** Operators that change some axes: what keeps its size is as it was. */
const CUTTING = new Set(['Expand', 'Resize', 'Tile']);

const REDUCING = new Set(['ReduceL2', 'ReduceMax', 'ReduceMean', 'ReduceMin', 'ReduceSum', 'ReduceSumSquare']);

/** The output of onnxruntime's norms that is the sum of what they add up. */
const SUM = 3;

const RESHAPING = new Set(['Flatten', 'Reshape', 'Squeeze', 'Unsqueeze']);

/**
 * Positions of computed values that are zero for every input, since the slices that write them were set to zero. Knows no groups: it follows zeros through
 * operators, and nothing through those that it does not know.
 */
export class GoneValues implements KnownGone {
  readonly #of = new Map<Value, Gone>();
  readonly #standIns = new StandIns();

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
        const own = node.op === 'Split' ? this.#part(node, index) : index === 0 ? gone : this.#beside(node, index);
        if (output && own.length > 0) this.#of.set(output, own);
      });
    }
  }

  /** What is gone of what a norm adds up, along axes of which a constant can tell. */
  normed(node: Node, norm: Pick<NormInputs, 'summands'>): Gone {
    return this.#told(this.#summed(node, norm), node.outputs[0]);
  }

  /** What is gone of a value, along axes of which a constant can tell. */
  told(value: Value | undefined): Gone {
    return this.#told(this.of(value), value);
  }

  #told(gone: Gone, value: Value | undefined): Gone {
    const shape = value && this.shapes.shape(value);
    return shape ? ofFixedAxes(gone, shape) : gone;
  }

  /** What is gone of a value, in no particular order. */
  of(value: Value | undefined): Gone {
    if (!value) return [];
    return value.tensor ? this.removed.partsOf(value) : (this.#of.get(value) ?? []);
  }

  #after(node: Node): Gone {
    const [x, y] = [this.of(node.inputs[0]), this.of(node.inputs[1])];
    const rank = this.rank(node.inputs[0]);
    if (ZERO_TO_ZERO.has(node.op)) return x;
    if (RESHAPING.has(node.op)) return this.#reshaped(node, x);
    if (node.op in NORMS) return this.#normed(node, NORMS[node.op]);
    if (CUTTING.has(node.op)) return this.#cut(node, x);
    if (BY_CHANNEL.has(node.op)) return this.#byChannel(node, rank);
    if (ALL_ZERO.has(node.op)) return this.#allOf(node.inputs);
    if (REDUCING.has(node.op)) return this.#reduced(node, x, rank);
    if (PRODUCTS.has(node.op)) return goneOfProduct(node, this);
    switch (node.op) {
      case 'Sub':
        return this.centring.has(node) ? x : this.#allOf(node.inputs);
      case 'Mul':
        return either(x, y);
      case 'Div':
        return x;
      case 'Pow':
        return Number(node.inputs[1]?.tensor?.size === 1 && node.inputs[1].tensor.numbers()[0]) > 0 ? x : [];
      case 'Where':
        return this.#allOf(node.inputs.slice(1));
      case 'Clip':
        return clipsAroundZero(node) ? x : [];
      case 'Slice':
        return this.#sliced(node, x, rank);
      case 'Pad':
        return this.#padded(node, x, rank);
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

  /** Gone where all operands are zero; those that are zero everywhere have no say. */
  #allOf(values: Node['inputs']): Gone {
    const telling = values.filter((value) => value && !isZero(value));
    return telling.length === 0 ? [] : telling.map((value) => this.of(value)).reduce(both);
  }

  /** What a norm adds up before it normalises. */
  #summed(node: Node, { summands }: Pick<NormInputs, 'summands'>): Gone {
    return summands
      .flatMap((index) => node.inputs[index] ?? [])
      .map((value) => this.of(value))
      .reduce(both);
  }

  /** A further output: the sum that some norms give. */
  #beside(node: Node, index: number): Gone {
    const sum = node.op in NORMS && NORMS[node.op].summands.length > 1 && index === SUM;
    return sum ? this.#summed(node, NORMS[node.op]) : [];
  }

  #normed(node: Node, norm: NormInputs): Gone {
    const scaled = either(this.#summed(node, norm), this.of(node.inputs[norm.scale]));
    const shift = norm.shift === undefined ? undefined : node.inputs[norm.shift];
    return shift ? both(scaled, this.of(shift)) : scaled;
  }

  /** One output of a Split. */
  #part(node: Node, index: number): Gone {
    const rank = this.rank(node.inputs[0]);
    if (rank === undefined) return [];
    const axis = fromFront(node.int('axis', 0), rank);
    const sizes = node.outputs.map((output) => output && this.shapes.shape(output)?.[axis]);
    const start = sizes
      .slice(0, index)
      .reduce<number>((sum, size) => sum + (typeof size === 'number' ? size : Number.NaN), 0);
    const positions = Array.from({ length: Number(sizes[index]) || 0 }, (_, at) => start + at);
    return this.#taken(node, this.of(node.inputs[0]), axis, Number.isNaN(start) ? undefined : positions);
  }

  /** Positions that are picked from what a node reads; along an axis of free size, numbers do not tell which. */
  #taken(node: Node, gone: Gone, axis: number, positions: readonly number[] | undefined): Gone {
    const shape = this.shapes.shape(node.inputs[0]!)!;
    return taken(gone, shape.length, axis, typeof shape[axis] === 'number' ? positions : undefined);
  }

  #sliced(node: Node, x: Gone, rank: number | undefined): Gone {
    const numbers = (index: number) =>
      node.inputs[index]?.tensor && Array.from(node.inputs[index].tensor.numbers(), Number);
    const axes =
      node.ints('axes') ?? numbers(3) ?? (node.inputs[3] ? undefined : x.length > 0 ? [...Array(rank).keys()] : []);
    const shape = this.shapes.shape(node.inputs[0]!);
    if (rank === undefined || !shape || !axes) return [];
    const [starts, ends, steps] = [node.ints('starts') ?? numbers(1), node.ints('ends') ?? numbers(2), numbers(4)];
    return axes.reduce<Gone>((gone, axis, at) => {
      const own = fromFront(axis, rank);
      const step = node.inputs[4] ? steps?.[at] : 1;
      const size = shape[own];
      const known = typeof size === 'number' && starts?.[at] !== undefined && ends?.[at] !== undefined && step;
      return taken(gone, rank, own, known ? stretch(starts[at], ends[at], step, size) : undefined);
    }, x);
  }

  /** Zeros around a value, or copies of it, are gone where it is; along axes that have a say nothing may be added. */
  #padded(node: Node, x: Gone, rank: number | undefined): Gone {
    const [before, after] = [node.inputs[0], node.outputs[0]].map((value) => value && this.shapes.shape(value));
    const [, , fill] = node.inputs;
    const zero = node.string('mode', 'constant') !== 'constant' || (fill ? isZero(fill) : node.float('value', 0) === 0);
    if (rank === undefined || !before || !after || !zero) return [];
    const asItWas = (axis: number) => dimsEqual(before[axis], after[axis]);
    return x.filter((part) => padded(part, rank).dims.every((dim, axis) => dim === 1 || asItWas(axis)));
  }

  #byChannel(node: Node, rank: number | undefined): Gone {
    if (rank === undefined) return [];
    const [scale, shift] = [this.of(node.inputs[1]), this.of(node.inputs[2])];
    const behind = new Array<number>(rank - 2).fill(1);
    return either(both(scale, shift).map(({ dims, gone }) => ({ dims: [...dims, ...behind], gone })));
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

  /** Axes of a value, as far as they are known. */
  rank(value: Value | undefined): number | undefined {
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
    return x.length > 0 && from && to ? reshaped(x, from, to, (dim) => this.#standIns.of(dim)) : [];
  }

  /** Positions that constants pick; rows that are looked up at run time have the columns of their table. */
  #looked(node: Node, x: Gone, rank: number | undefined): Gone {
    const indices = this.rank(node.inputs[1]);
    if (rank === undefined || indices === undefined) return [];
    const axis = fromFront(node.int('axis', 0), rank);
    const picked = node.inputs[1]?.tensor;
    const positions = picked && Array.from(picked.numbers(), Number);
    return either(
      this.#taken(node, x, axis, positions).map((part) => {
        const { dims, gone } = padded(part, rank);
        const along = dims[axis] > 1 ? picked!.dims : new Array<number>(indices).fill(1);
        // One position of an axis that has a say is told by an axis of one.
        return { dims: dims.toSpliced(axis, 1, ...(picked?.size === 1 ? picked.dims : along)), gone };
      }),
    );
  }
}

function clipsAroundZero(node: Node): boolean {
  const bounds = (index: number, name: string, open: number) =>
    node.inputs[index] ? possibleNumbers(node.inputs[index]) : [node.float(name, open)];
  const [lower, upper] = [bounds(1, 'min', Number.NEGATIVE_INFINITY), bounds(2, 'max', Number.POSITIVE_INFINITY)];
  return (lower?.every((bound) => bound <= 0) && upper?.every((bound) => bound >= 0)) ?? false;
}

/** A constant of zeros, as blanks are filled in with. */
function isZero({ tensor }: Value): boolean {
  return (
    tensor !== undefined &&
    tensor.dataType !== 'STRING' &&
    tensor.size > 0 &&
    tensor.numbers().every((number) => Number(number) === 0)
  );
}

function fromFront(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}
