import { Graph, Model, Tensor, type Value } from '@snp/onnx';

/** A precision that eliminations run in. */
export type EliminationPrecision = 'FLOAT' | 'DOUBLE';

/** Of the units that are left, one in so many leaves per round. */
const SHARE = 16;

/** Units per round at least: smaller rounds take longer than they gain. */
const LEAST = 8;

/** Rounds before the inverse follows: until then only the rows and the diagonal that are looked at are worked out. */
const ROUNDS = 8;

/** Matrices up to this size are inverted by one operator, larger ones by halves. */
const WHOLE = 192;

/** Vectors that the inverse is tried on, and outputs whose accounts are looked at. */
const PROBES = 8;

/**
 * Backward elimination as a model, for a runtime whose matrix products are many times faster than ours: a sixteenth of the units that are left leaves at a time,
 * those that are cheapest then, and inverse and weights follow (see `eliminate`, which takes one at a time).
 *
 * Inputs: `covariance` [n, n] positive definite, `weights` [n, outputs]. Outputs, first to leave first: `order` INT64 [n]; `costs` [n], what each
 * unit seemed to cost alone; `rounds` [rounds], what the units of each round cost together. How many digits are left, two numbers tell: `residual` [1], the
 * largest element of C C^-1 V - V for a few vectors V of ones and minus ones; and `imbalance` [1]: of a few outputs, the largest difference between what all units together
 * cost and what they carried, w^T C w, beside the largest of the latter.
 */
export function eliminationModel(
  n: number,
  outputs: number,
  precision: EliminationPrecision,
): { model: Model; sizes: number[] } {
  const graph = new Graph('elimination');
  const model = new Model(graph);
  model.opsets.set('', 18);
  model.opsets.set('com.microsoft', 1);
  const build = new Builder(graph, precision);
  const covariance = build.input('covariance', [n, n]);
  const weights = build.input('weights', [n, outputs]);
  const inverse = build.inverse(covariance, n);
  build.output('residual', [build.residual(covariance, inverse, n)]);
  let state: State = { inverse, weights, ids: build.integers(Array.from({ length: n }, (_, unit) => unit)), left: n };
  const found: Found = { order: [], costs: [], rounds: [], byOutput: [] };
  const sizes: number[] = [];
  while (state.left > 0) {
    const own = nextSizes(state.left);
    sizes.push(...own);
    state = eliminateRounds(build, state, own, found);
  }
  for (const name of ['order', 'costs', 'rounds'] as const) build.output(name, found[name]);
  build.output('imbalance', [build.imbalance(covariance, weights, found.byOutput, Math.min(outputs, PROBES))]);
  return { model, sizes };
}

/** Units that leave in each of the next rounds. */
function nextSizes(left: number): number[] {
  const sizes: number[] = [];
  for (let rest = left; rest > 0 && sizes.length < ROUNDS; rest -= sizes[sizes.length - 1])
    sizes.push(Math.min(rest, Math.max(LEAST, Math.ceil(rest / SHARE))));
  return sizes;
}

/** What is left at a time: units, the inverse of their covariance [left, left], and the weights that have taken over the others' part [left, outputs]. */
interface State {
  inverse: Value;
  weights: Value;
  ids: Value;
  left: number;
}

type Found = Record<'order' | 'costs' | 'rounds' | 'byOutput', Value[]>;

/**
 * A few rounds on an inverse that stays as it is: what it has become is A - sum of B^T K B, with the rows B of those that leave and the inverse K of
 * their corner. At the end those that stay move together.
 */
function eliminateRounds(build: Builder, state: State, sizes: readonly number[], found: Found): State {
  const { inverse, ids, left } = state;
  let { weights } = state;
  let diagonal = build.diagonal(inverse, left);
  let stays = build.truths(left);
  let [across, carried]: (Value | undefined)[] = [];
  let ranking = ids;
  for (const size of sizes) {
    const squares = build.op('ReduceSumSquare', [weights, build.integers([1])], { keepdims: 0 });
    const alone = build.op('Where', [stays, build.op('Div', [squares, diagonal]), build.numbers([NEVER])]);
    ranking = build.ranking(alone, left);
    const leave = build.slice(ranking, 0, size);
    let rows = build.gather(inverse, leave, 0);
    if (across && carried) rows = build.minus(rows, build.turned(build.gather(across, leave, 1)), carried);
    const corner = build.inverse(build.gather(rows, leave, 1), size);
    const lost = build.gather(weights, leave, 0);
    const moved = build.op('MatMul', [corner, lost]);
    found.order.push(build.gather(ids, leave, 0));
    found.costs.push(build.gather(alone, leave, 0));
    const cost = build.columnSums(build.op('Mul', [lost, moved]));
    found.byOutput.push(cost);
    found.rounds.push(build.total(cost));
    const taken = build.op('MatMul', [corner, rows]);
    diagonal = build.op('Sub', [diagonal, build.columnSums(build.op('Mul', [rows, taken]))]);
    weights = build.minus(weights, build.turned(rows), moved);
    stays = build.op('ScatterElements', [stays, leave, build.truths(size, false)]);
    across = across ? build.op('Concat', [across, rows], { axis: 0 }) : rows;
    carried = carried ? build.op('Concat', [carried, taken], { axis: 0 }) : taken;
  }
  const gone = sizes.reduce((sum, size) => sum + size, 0);
  const last = sizes[sizes.length - 1];
  if (gone === left) return { inverse, weights, ids, left: 0 };
  // Those that left before come last, for they never leave again.
  const stay = build.slice(ranking, last, left - gone + last);
  const rest = build.gather(build.gather(inverse, stay, 0), stay, 1);
  return {
    inverse: build.minus(rest, build.turned(build.gather(across!, stay, 1)), build.gather(carried!, stay, 1)),
    weights: build.gather(weights, stay, 0),
    ids: build.gather(ids, stay, 0),
    left: left - gone,
  };
}

/** A cost that no unit has. */
const NEVER = 3e38;

class Builder {
  constructor(
    private readonly graph: Graph,
    private readonly precision: EliminationPrecision,
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

  input(name: string, shape: number[]): Value {
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

  /**
   * The inverse of a symmetric positive definite matrix, by Schur complements of its halves. What rounding makes asymmetric would grow from complement to complement
   * by the square of the condition, and is taken away.
   */
  inverse(matrix: Value, n: number): Value {
    if (n <= WHOLE) return this.symmetric(this.op('Inverse', [matrix], {}, 'com.microsoft'));
    const half = Math.ceil(n / 2);
    const [a, c] = [this.#block(matrix, 0, half, 0, half), this.#block(matrix, half, n, half, n)];
    const b = this.#block(matrix, 0, half, half, n);
    const first = this.inverse(a, half);
    const across = this.op('MatMul', [first, b]);
    const last = this.inverse(this.symmetric(this.minus(c, this.turned(b), across)), n - half);
    const corner = this.op('MatMul', [across, last]);
    const top = this.op('Add', [first, this.symmetric(this.op('MatMul', [corner, this.turned(across)]))]);
    const beside = this.op('Neg', [corner]);
    const upper = this.op('Concat', [top, beside], { axis: 1 });
    const lower = this.op('Concat', [this.turned(beside), last], { axis: 1 });
    return this.op('Concat', [upper, lower], { axis: 0 });
  }

  residual(matrix: Value, inverse: Value, n: number): Value {
    // Signs of no period.
    const sign = (unit: number, probe: number) => (Math.floor((unit + 1) * Math.SQRT2 * (probe + 1)) % 2 ? 1 : -1);
    const signs = Array.from({ length: n * PROBES }, (_, at) => sign(Math.floor(at / PROBES), at % PROBES));
    const probes = this.numbers(signs, [n, PROBES]);
    const seen = this.op('MatMul', [matrix, this.op('MatMul', [inverse, probes])]);
    const apart = this.op('ReduceMax', [this.op('Abs', [this.op('Sub', [seen, probes])])], { keepdims: 0 });
    return this.op('Reshape', [apart, this.integers([1])]);
  }

  imbalance(matrix: Value, weights: Value, costs: readonly Value[], outputs: number): Value {
    const some = this.op('Slice', [weights, this.integers([0]), this.integers([outputs]), this.integers([1])]);
    const carried = this.columnSums(this.op('Mul', [some, this.op('MatMul', [matrix, some])]));
    const cost = this.slice(this.op('Sum', costs), 0, outputs);
    const most = (list: Value) => this.op('ReduceMax', [list]);
    // Outputs that carry nothing balance.
    const beside = this.op('Add', [most(carried), this.numbers([1e-30])]);
    return this.op('Div', [most(this.op('Abs', [this.op('Sub', [cost, carried])])), beside]);
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
