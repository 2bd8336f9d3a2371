import { Graph, Model, type Value } from '@snp/onnx';
import { type Band, bandsOf, DenseBuilder, type DensePrecision } from './denseBuilder.js';

/** Of the units that are left, one in so many leaves per round. */
const SHARE = 16;

/** Units per round at least, and at least such a share of all: smaller rounds take longer than they gain, and opening a model of many of them does. */
const LEAST = { units: 8, share: 1 / 96 } as const;

/** Rounds before the inverse follows: until then only the rows and the diagonal that are looked at are worked out. */
const ROUNDS = 8;

/** Vectors that the inverse is tried on, and outputs whose accounts are looked at. */
const PROBES = 8;

/**
 * Backward elimination as a model, for a runtime whose matrix products are many times faster than ours: a sixteenth of the units that are left leaves at a time,
 * those that are cheapest then, and inverse and weights follow (see `eliminate`, which takes one at a time).
 *
 * Inputs: the covariance C, positive definite, in bands (`bandsOf`): `beside0`, `beside1` and so on but the first, and corners `half0` and so on, which with their transposes give those of C; `weights` [n, outputs]. Outputs, first to leave first: `order` INT64 [n]; `costs` [n], what each
 * unit seemed to cost alone; `rounds` [rounds], what the units of each round cost together. How many digits are left, two numbers tell: `residual` [1], the
 * largest element of C C^-1 V - V for a few vectors V of ones and minus ones; and `imbalance` [1]: of a few outputs, the largest difference between what all units together
 * cost and what they carried, w^T C w, beside the largest of the latter.
 */
export function eliminationModel(
  n: number,
  outputs: number,
  precision: DensePrecision,
): { model: Model; sizes: number[] } {
  const graph = new Graph('elimination');
  const model = new Model(graph);
  model.opsets.set('', 18);
  model.opsets.set('com.microsoft', 1);
  const build = new DenseBuilder(graph, precision);
  const bands = bandsOf(n).map(([start, end], at): Band => {
    const [above, size] = [start, end - start];
    const beside = above > 0 ? build.input(`beside${at}`, [size, above]) : undefined;
    const half = build.input(`half${at}`, [size, size]);
    return { beside, corner: build.op('Add', [half, build.turned(half)]), above, size };
  });
  const weights = build.input('weights', [n, outputs]);
  const inverse = build.inverseOfBands(bands);
  let state: State = { inverse, weights, ids: build.integers(Array.from({ length: n }, (_, unit) => unit)), left: n };
  const found: Found = { order: [], costs: [], rounds: [], byOutput: [] };
  const sizes: number[] = [];
  while (state.left > 0) {
    const own = nextSizes(state.left, Math.max(LEAST.units, Math.ceil(LEAST.share * n)));
    sizes.push(...own);
    state = eliminateRounds(build, state, own, found);
  }
  for (const name of ['order', 'costs', 'rounds'] as const) build.output(name, found[name]);
  const { residual, imbalance } = accounts(build, { bands, inverse, weights, costs: found.byOutput, n, outputs });
  build.output('residual', [residual]);
  build.output('imbalance', [imbalance]);
  return { model, sizes };
}

/** Units that leave in each of the next rounds, at least so many. */
function nextSizes(left: number, least: number): number[] {
  const sizes: number[] = [];
  for (let rest = left; rest > 0 && sizes.length < ROUNDS; rest -= sizes[sizes.length - 1])
    sizes.push(Math.min(rest, Math.max(least, Math.ceil(rest / SHARE))));
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
function eliminateRounds(build: DenseBuilder, state: State, sizes: readonly number[], found: Found): State {
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
  // Rows are picked faster than columns.
  const columns = (rows: Value) => build.gather(build.turned(rows), stay, 0);
  const rest = columns(build.gather(inverse, stay, 0));
  return {
    inverse: build.op('Sub', [rest, build.symmetricProduct(columns(across!), columns(carried!), left - gone)]),
    weights: build.gather(weights, stay, 0),
    ids: build.gather(ids, stay, 0),
    left: left - gone,
  };
}

/** A cost that no unit has. */
const NEVER = 3e38;

interface Accounts {
  bands: readonly Band[];
  inverse: Value;
  weights: Value;
  /** What each output lost in each round. */
  costs: readonly Value[];
  n: number;
  outputs: number;
}

/** The two numbers that tell how many digits are left, with one product for both. */
function accounts(build: DenseBuilder, { bands, inverse, weights, costs, n, outputs }: Accounts) {
  // Signs of no period.
  const sign = (unit: number, probe: number) => (Math.floor((unit + 1) * Math.SQRT2 * (probe + 1)) % 2 ? 1 : -1);
  const signs = Array.from({ length: n * PROBES }, (_, at) => sign(Math.floor(at / PROBES), at % PROBES));
  const probes = build.numbers(signs, [n, PROBES]);
  const count = Math.min(outputs, PROBES);
  const some = build.columns(weights, 0, count);
  const solved = build.op('Concat', [build.op('MatMul', [inverse, probes]), some], { axis: 1 });
  const seen = build.productOfBands(bands, solved);
  const largest = (list: Value) => build.op('ReduceMax', [build.op('Abs', [list])], { keepdims: 0 });
  const residual = largest(build.op('Sub', [build.columns(seen, 0, PROBES), probes]));
  const carried = build.columnSums(build.op('Mul', [some, build.columns(seen, PROBES, PROBES + count)]));
  const cost = build.slice(build.op('Sum', costs), 0, count);
  // Outputs that carry nothing balance.
  const beside = build.op('Add', [largest(carried), build.numbers([1e-30])]);
  return {
    residual: build.op('Reshape', [residual, build.integers([1])]),
    imbalance: build.op('Div', [largest(build.op('Sub', [cost, carried])), beside]),
  };
}
