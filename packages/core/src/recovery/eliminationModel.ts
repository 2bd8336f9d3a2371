import { Graph, Model, Tensor, type Value } from '@snp/onnx';

/**
 * Backward elimination as a model, for a runtime whose matrix products are many times faster than ours: a sixteenth of the units that are left leaves at a time,
 * those that are cheapest then, and inverse and weights follow (see `eliminate`, which takes one at a time).
 *
 * Inputs: `covariance` [n, n] positive definite, `weights` [n, outputs], float64. Outputs, first to leave first: `order` INT64 [n]; `costs` [n], what each
 * unit seemed to cost alone; `rounds` [rounds], what the units of each round cost together.
 */
export function eliminationModel(n: number, outputs: number): { model: Model; sizes: number[] } {
  const graph = new Graph('elimination');
  const model = new Model(graph);
  model.opsets.set('', 18);
  model.opsets.set('com.microsoft', 1);
  const build = new Builder(graph);
  const covariance = build.input('covariance', [n, n]);
  let weights = build.input('weights', [n, outputs]);
  let inverse = build.inverse(covariance, n);
  let ids = build.integers(Array.from({ length: n }, (_, unit) => unit));
  const found: { order: Value[]; costs: Value[]; rounds: Value[] } = { order: [], costs: [], rounds: [] };
  const sizes: number[] = [];
  for (let left = n; left > 0; left -= sizes[sizes.length - 1]) {
    const size = Math.min(left, Math.max(LEAST, Math.ceil(left / SHARE)));
    sizes.push(size);
    const diagonal = build.op('Gather', [
      build.op('Reshape', [inverse, build.integers([-1])]),
      build.integers(Array.from({ length: left }, (_, unit) => unit * (left + 1))),
    ]);
    const squares = build.op('ReduceSum', [build.op('Mul', [weights, weights]), build.integers([1])], { keepdims: 0 });
    const cost = build.op('Div', [squares, diagonal]);
    const ranking = build.ranking(cost, left);
    const leave = build.op('Slice', [ranking, build.integers([0]), build.integers([size])]);
    const stay = build.op('Slice', [ranking, build.integers([size]), build.integers([left])]);
    const rows = build.gather(inverse, leave, 0);
    const corner = build.inverse(build.gather(rows, leave, 1), size);
    const lost = build.gather(weights, leave, 0);
    const moved = build.op('MatMul', [corner, lost]);
    found.order.push(build.gather(ids, leave, 0));
    found.costs.push(build.gather(cost, leave, 0));
    found.rounds.push(
      build.op('Reshape', [
        build.op('ReduceSum', [build.op('Mul', [lost, moved])], { keepdims: 0 }),
        build.integers([1]),
      ]),
    );
    if (left === size) break;
    const beside = build.gather(rows, stay, 1);
    const back = build.op('Transpose', [beside], { perm: [1, 0] });
    const rest = build.gather(build.gather(inverse, stay, 0), stay, 1);
    inverse = build.op('Sub', [rest, build.op('MatMul', [back, build.op('MatMul', [corner, beside])])]);
    weights = build.op('Sub', [build.gather(weights, stay, 0), build.op('MatMul', [back, moved])]);
    ids = build.gather(ids, stay, 0);
  }
  for (const [name, parts] of Object.entries(found)) build.output(name, parts);
  return { model, sizes };
}

/** Of the units that are left, one in so many leaves per round. */
const SHARE = 16;

/** Units per round at least: smaller rounds take longer than they gain. */
const LEAST = 8;

/** Matrices up to this size are inverted by one operator, larger ones by halves. */
const WHOLE = 384;

class Builder {
  constructor(private readonly graph: Graph) {}

  op(op: string, inputs: readonly Value[], attributes: Record<string, number | number[]> = {}, domain = ''): Value {
    return this.graph.addNode({ op, domain, inputs, outputs: [`${op}_out`], attributes }).outputs[0]!;
  }

  integers(numbers: readonly number[]): Value {
    return this.graph.addInitializer('integers', Tensor.int64([numbers.length], numbers));
  }

  gather(data: Value, indices: Value, axis: number): Value {
    return this.op('Gather', [data, indices], { axis });
  }

  /** Positions from the lowest value to the highest. */
  ranking(values: Value, count: number): Value {
    const inputs = [values, this.integers([count])];
    const attributes = { largest: 0, sorted: 1 };
    return this.graph.addNode({ op: 'TopK', inputs, outputs: ['lowest', 'ranking'], attributes }).outputs[1]!;
  }

  input(name: string, shape: number[]): Value {
    const value = this.graph.addValue(name);
    value.type = { elementType: 'DOUBLE', shape };
    this.graph.inputs.push(value);
    return value;
  }

  output(name: string, parts: readonly Value[]): void {
    const value = this.graph.addNode({ op: 'Concat', inputs: parts, outputs: [name], attributes: { axis: 0 } })
      .outputs[0]!;
    value.type = { elementType: name === 'order' ? 'INT64' : 'DOUBLE', shape: undefined };
    this.graph.outputs.push(value);
  }

  /** The inverse of a symmetric positive definite matrix, by Schur complements of its halves. */
  inverse(matrix: Value, n: number): Value {
    if (n <= WHOLE) return this.op('Inverse', [matrix], {}, 'com.microsoft');
    const half = Math.ceil(n / 2);
    const [a, c] = [this.#block(matrix, 0, half, 0, half), this.#block(matrix, half, n, half, n)];
    const b = this.#block(matrix, 0, half, half, n);
    const first = this.inverse(a, half);
    const across = this.op('MatMul', [first, b]);
    const transposed = (value: Value) => this.op('Transpose', [value], { perm: [1, 0] });
    const schur = this.op('Sub', [c, this.op('MatMul', [transposed(b), across])]);
    const last = this.inverse(schur, n - half);
    const corner = this.op('MatMul', [across, last]);
    const top = this.op('Add', [first, this.op('MatMul', [corner, transposed(across)])]);
    const beside = this.op('Neg', [corner]);
    const upper = this.op('Concat', [top, beside], { axis: 1 });
    const lower = this.op('Concat', [transposed(beside), last], { axis: 1 });
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
