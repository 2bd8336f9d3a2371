import { type Graph, Tensor, type Value } from '@snp/onnx';

/** A precision that dense algebra runs in. */
export type DensePrecision = 'FLOAT' | 'DOUBLE';

/** Matrices up to this size are inverted by one operator, larger ones by halves. */
const WHOLE = 192;

/** Symmetric products up to this size are worked out as a whole: halves would take longer to put together than they save. */
const PRODUCT = 768;

/** Rows of a symmetric matrix up to the diagonal: what lies left of their corner, [size, above] (nothing in the first band), and the corner, [size, size]. */
export interface Band {
  beside?: Value | undefined;
  corner: Value;
  above: number;
  size: number;
}

/** Start and end of the bands of a matrix of `n` rows, each as large as all above it: the corners by which its inverse grows. */
export function bandsOf(n: number): [number, number][] {
  if (n <= WHOLE) return [[0, n]];
  const half = Math.ceil(n / 2);
  return [...bandsOf(half), [half, n]];
}

/** Adds nodes of dense algebra to a graph in a line. */
export class DenseBuilder {
  constructor(
    private readonly graph: Graph,
    private readonly precision: DensePrecision,
  ) {}

  op(op: string, inputs: readonly Value[], attributes: Record<string, number | number[]> = {}, domain = ''): Value {
    return this.graph.addNode({ op, domain, inputs, outputs: [`${op}_out`], attributes }).outputs[0]!;
  }

  integers(numbers: readonly number[]): Value {
    return this.graph.addInitializer('integers', Tensor.int64([numbers.length], numbers));
  }

  numbers(numbers: readonly number[], dims: readonly number[] = [numbers.length]): Value {
    return this.graph.addInitializer('numbers', Tensor.fromNumbers(this.precision, dims, numbers));
  }

  truths(count: number, truth = true): Value {
    return this.graph.addInitializer('truths', Tensor.of('BOOL', [count], new Uint8Array(count).fill(truth ? 1 : 0)));
  }

  gather(data: Value, indices: Value, axis: number): Value {
    return this.op('Gather', [data, indices], { axis });
  }

  slice(list: Value, start: number, end: number): Value {
    return this.op('Slice', [list, this.integers([start]), this.integers([end])]);
  }

  turned(matrix: Value): Value {
    return this.op('Transpose', [matrix], { perm: [1, 0] });
  }

  /** C - A B */
  minus(c: Value, a: Value, b: Value): Value {
    return this.op('Sub', [c, this.op('MatMul', [a, b])]);
  }

  columnSums(matrix: Value): Value {
    return this.op('ReduceSum', [matrix, this.integers([0])], { keepdims: 0 });
  }

  /** The sum of all elements, [1]. */
  total(matrix: Value): Value {
    return this.op('Reshape', [this.op('ReduceSum', [matrix], { keepdims: 0 }), this.integers([1])]);
  }

  columns(matrix: Value, start: number, end: number): Value {
    return this.op('Slice', [matrix, this.integers([start]), this.integers([end]), this.integers([1])]);
  }

  diagonal(matrix: Value, n: number): Value {
    const places = this.integers(Array.from({ length: n }, (_, at) => at * (n + 1)));
    return this.gather(this.op('Reshape', [matrix, this.integers([-1])]), places, 0);
  }

  /** Positions from the lowest value to the highest. */
  ranking(values: Value, count: number): Value {
    const inputs = [values, this.integers([count])];
    const attributes = { largest: 0, sorted: 1 };
    return this.graph.addNode({ op: 'TopK', inputs, outputs: ['lowest', 'ranking'], attributes }).outputs[1]!;
  }

  input(name: string, shape: (number | string)[]): Value {
    const value = this.graph.addValue(name);
    value.type = { elementType: this.precision, shape };
    this.graph.inputs.push(value);
    return value;
  }

  output(name: string, parts: readonly Value[]): void {
    const value = this.graph.addNode({ op: 'Concat', inputs: parts, outputs: [name], attributes: { axis: 0 } })
      .outputs[0]!;
    value.type = { elementType: name === 'order' ? 'INT64' : this.precision, shape: undefined };
    this.graph.outputs.push(value);
  }

  /** The mean of a matrix and its transpose. */
  symmetric(matrix: Value): Value {
    return this.op('Mul', [this.op('Add', [matrix, this.turned(matrix)]), this.numbers([0.5])]);
  }

  /** A B^T, [n, n], for A and B of `n` rows whose product is symmetric: of what lies off the diagonal a half is worked out. */
  symmetricProduct(a: Value, b: Value, n: number): Value {
    if (n <= PRODUCT) return this.symmetric(this.op('MatMul', [a, this.turned(b)]));
    const half = Math.ceil(n / 2);
    const [top, bottom] = [this.slice(a, 0, half), this.slice(a, half, n)];
    const [left, right] = [this.slice(b, 0, half), this.slice(b, half, n)];
    const below = this.op('MatMul', [bottom, this.turned(left)]);
    return this.#joined(this.symmetricProduct(top, left, half), below, this.symmetricProduct(bottom, right, n - half));
  }

  /**
   * The inverse of a symmetric positive definite matrix, by Schur complements of its halves. What rounding makes asymmetric would grow from complement to complement
   * by the square of the condition, and is taken away.
   */
  inverse(matrix: Value, n: number): Value {
    if (n <= WHOLE) return this.symmetric(this.op('Inverse', [matrix], {}, 'com.microsoft'));
    const bands = bandsOf(n).map(([start, end]) => ({
      beside: start > 0 ? this.#block(matrix, start, end, 0, start) : undefined,
      corner: this.#block(matrix, start, end, start, end),
      above: start,
      size: end - start,
    }));
    return this.inverseOfBands(bands);
  }

  /** The same for a matrix in bands. */
  inverseOfBands([first, ...others]: readonly Band[]): Value {
    return others.reduce((inner, band) => this.#bordered(inner, band), this.inverse(first.corner, first.size));
  }

  /** C A for a symmetric C in bands. */
  productOfBands(bands: readonly Band[], a: Value): Value {
    return bands.reduce<Value | undefined>((above, { beside, corner, above: start, size }) => {
      const own = this.slice(a, start, start + size);
      const below = this.op('MatMul', [corner, own]);
      if (!above || !beside) return below;
      return this.op(
        'Concat',
        [
          this.op('Add', [above, this.op('MatMul', [this.turned(beside), own])]),
          this.op('Add', [below, this.op('MatMul', [beside, this.slice(a, 0, start)])]),
        ],
        { axis: 0 },
      );
    }, undefined)!;
  }

  /** The inverse of a matrix that a band is added to, from that of the matrix. */
  #bordered(inner: Value, { beside, corner, above, size }: Band): Value {
    const across = this.op('Neg', [this.op('MatMul', [beside!, inner])]);
    const last = this.inverse(this.op('Add', [corner, this.symmetricProduct(across, beside!, size)]), size);
    const below = this.op('MatMul', [last, across]);
    const gained = this.symmetricProduct(this.turned(across), this.turned(below), above);
    return this.#joined(this.op('Add', [inner, gained]), below, last);
  }

  /** A symmetric matrix from the parts on and below its diagonal. */
  #joined(first: Value, below: Value, last: Value): Value {
    const upper = this.op('Concat', [first, this.turned(below)], { axis: 1 });
    const lower = this.op('Concat', [below, last], { axis: 1 });
    return this.op('Concat', [upper, lower], { axis: 0 });
  }

  #block(matrix: Value, top: number, bottom: number, left: number, right: number): Value {
    return this.op('Slice', [
      matrix,
      this.integers([top, left]),
      this.integers([bottom, right]),
      this.integers([0, 1]),
    ]);
  }
}
